"""The one question that nobody was asked: from the mail to the page, and back.

Real pages on a real store, and what arrives at a real SMTP server.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from service.domain.outbox import Lane
from service.domain.risk import FIRST_ASKED, LaterAnswer, Tag
from service.domain.subscriber import Status
from service.domain.tokens import Purpose
from service.embedded.catcher import Catcher
from service.flows.deliver import Courier, deliver
from service.flows.plan import plan
from service.flows.upkeep import upkeep
from service.mail.relays import Relays
from service.settings import SmtpSettings
from service.web.app import Site
from tests.builders import REFUSALS, TODAY
from tests.conftest import stop_clock
from tests.fakes import StoppedClock
from tests.web.visits import FORM, problems, words

FIRST = FIRST_ASKED.isoformat()
QUESTION = "Do you take blood thinners (such as warfarin, apixaban, clopidogrel)?"
PREGNANT = {"pregnancy": "pregnant", "pregnant_until": "2027-03"}
BIRTH = "Did you give birth in the last 6 weeks?"
#: What a link to one question must not show to whoever holds it.
SAID = re.compile(r"fatigue|dehydrat|statin|ada@|Europe/London|19:00", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker of the site, whose mails arrive at a server of ours."""

    site: Site
    courier: Courier
    catcher: Catcher
    clock: StoppedClock

    async def mailed(self, lane: Lane) -> list[str]:
        """The text of every mail that arrived so far, newest last."""
        await stop_clock(self.site.store, self.clock.now())
        await deliver(self.courier, lane)
        return [_text(mail.data) for mail in self.catcher.mails]

    async def evening(self) -> str:
        """The text of the reminder of the next evening at eight, in London."""
        self.clock.move(timedelta(hours=(20 - self.clock.now().hour) % 24 or 24))
        now = self.clock.now()
        await stop_clock(self.site.store, now)
        await upkeep(self.site.store, now=now)
        await plan(self.site.store, self.site.library, limit=10, now=now)
        return (await self.mailed(Lane.EVENING))[-1]


def _text(data: bytes) -> str:
    mail = message_from_bytes(data, policy=policy.default)
    plain = next(part for part in mail.walk() if part.get_content_subtype() == "plain")
    return f"{mail['Subject']}\n{plain.get_content()}"


@pytest_asyncio.fixture
async def worker(site, clock) -> AsyncIterator[Worker]:
    async with Catcher(clock=site.clock) as catcher:
        smtp = SmtpSettings(
            host="127.0.0.1", port=catcher.port, tls="none", hostname="localhost"
        )
        async with Relays(smtp, REFUSALS, clock=site.clock) as relays:
            courier = Courier(
                store=site.store,
                letters=site.letters,
                relays=relays,
                clock=site.clock,
                worker="one",
                lease=timedelta(minutes=1),
            )
            yield Worker(site=site, courier=courier, catcher=catcher, clock=clock)


def link(text: str, page: str) -> str:
    """The link to this page in a mail, as a path."""
    url = urlsplit(re.findall(rf"https://\S+/manage/{page}\?token=\S+", text)[0])
    return f"{url.path}?{url.query}"


def token(text: str, page: str) -> str:
    return link(text, page).partition("token=")[2]


async def told(site, person, night=TODAY):
    """The ids of the tips of a night's mail, and what the mail asked."""
    async with site.store.transaction() as tx:
        record = await tx.nights.get(person, night)
    choice = json.loads(record.choice)
    return {tip["id"] for tip in choice["tips"]}, choice["asks"]


async def later(visitor, person) -> tuple[LaterAnswer, ...]:
    return (await visitor.subscriber(person)).person.answers.later


async def answered(client, text: str, said: str):
    data = {"token": token(text, "question"), "answer": said}
    return await client.post("/manage/question", data=data)


async def test_the_next_mail_asks_who_was_never_asked_and_nobody_else(
    visitor, worker, site
):
    old = await visitor.join(asked=FIRST)
    text = await worker.evening()
    new = await visitor.join(email="bob@example.org")

    other = await worker.evening()

    assert QUESTION in " ".join(text.split())
    assert "You have not been asked this yet." in text
    assert (await told(site, old))[1] == Tag.MED_THINNER
    assert (await told(site, new, TODAY + timedelta(days=1)))[1] is None
    assert "ONE NEW QUESTION" not in other


async def test_the_link_shows_the_question_and_nothing_of_what_was_said(
    visitor, client, worker
):
    await visitor.join(asked=FIRST)
    text = await worker.evening()

    page = await client.get(link(text, "question"))

    assert page.status_code == 200
    assert QUESTION in words(page.text)
    assert "Prefer not to say" in words(page.text)
    assert page.text.count('name="answer"') == 3
    assert " checked" not in page.text.partition("<form")[2].partition("</form>")[0]
    assert not SAID.search(page.text)


async def test_to_look_at_the_link_changes_nothing(visitor, client, worker):
    person = await visitor.join(asked=FIRST)
    text = await worker.evening()
    before = await visitor.subscriber(person)

    await client.get(link(text, "question"))
    await client.head(link(text, "question"))

    assert await visitor.subscriber(person) == before
    assert len(await worker.mailed(Lane.PRIORITY)) == 1


@pytest.mark.parametrize(
    ("said", "answer"), [("yes", True), ("no", False), ("prefer_not", None)]
)
async def test_an_answer_is_kept_and_is_not_asked_again(
    visitor, client, worker, site, said, answer
):
    person = await visitor.join(asked=FIRST)
    before = await visitor.subscriber(person)

    page = await answered(client, await worker.evening(), said)
    after = await visitor.subscriber(person)
    again = await worker.evening()

    given = LaterAnswer(tag=Tag.MED_THINNER, answer=answer, on=TODAY)
    assert "Your answer is kept." in words(page.text)
    assert after.person.answers.later == (given,)
    assert after.person.answers.answered_on == before.person.answers.answered_on
    assert (after.evening, after.status) == (before.evening, Status.ACTIVE)
    assert "ONE NEW QUESTION" not in again
    assert (await told(site, person, TODAY + timedelta(days=1)))[1] is None


async def test_a_mail_tells_that_answers_changed_and_not_which(visitor, client, worker):
    await visitor.join(asked=FIRST)
    await answered(client, await worker.evening(), "yes")

    mails = await worker.mailed(Lane.PRIORITY)

    assert mails[-1].startswith("Your answers were changed\n")
    assert "thinners" not in mails[-1]
    assert not SAID.search(mails[-1])
    assert "yes" not in mails[-1].lower()


async def test_an_answer_that_is_undone_is_asked_for_again(visitor, client, worker):
    person = await visitor.join(asked=FIRST)
    await answered(client, await worker.evening(), "no")
    note = (await worker.mailed(Lane.PRIORITY))[-1]

    page = await client.post("/manage/undo", data={"token": token(note, "undo")})

    assert "The change is undone" in words(page.text)
    assert await later(visitor, person) == ()
    assert QUESTION in " ".join((await worker.evening()).split())


async def test_an_answered_question_cannot_be_answered_again(visitor, client, worker):
    person = await visitor.join(asked=FIRST)
    text = await worker.evening()
    await answered(client, text, "yes")

    again = await answered(client, text, "no")
    page = await client.get(link(text, "question"))

    for found in (again, page):
        assert "This question was answered" in words(found.text)
        assert not SAID.search(found.text)
    assert [one.answer for one in await later(visitor, person)] == [True]
    assert len(await worker.mailed(Lane.PRIORITY)) == 2


async def test_an_answer_that_no_mail_could_tell_of_is_not_kept(
    visitor, client, worker, site
):
    person = await visitor.join(asked=FIRST)
    text = await worker.evening()
    await answered(client, text, "no")
    await visitor.answers(person, "put_back", change="1")
    await answered(client, text, "no")
    note = (await worker.mailed(Lane.PRIORITY))[-1]
    await client.post("/manage/undo", data={"token": token(note, "undo")})
    now = site.clock.now()
    fourth = site.links.token(Purpose.QUESTION, person, generation=1, about=2, now=now)

    page = await client.post("/manage/question", data={"token": fourth, "answer": "no"})

    assert page.status_code == 422
    assert problems(page.text)["answer"].startswith("Your answers were changed several")


async def test_an_answer_is_asked_for_where_none_was_chosen(visitor, client, worker):
    person = await visitor.join(asked=FIRST)

    page = await answered(client, await worker.evening(), "perhaps")

    assert page.status_code == 422
    assert problems(page.text)["answer"].startswith("Choose one answer.")
    assert await later(visitor, person) == ()


async def test_a_link_that_is_bad_old_or_for_something_else_shows_nothing(
    visitor, client, worker, site, clock
):
    person = await visitor.join(asked=FIRST)
    text = await worker.evening()
    good = token(text, "question")
    now = clock.now()
    bad = [
        "",
        "made.up",
        good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        site.links.token(Purpose.MANAGE, person, now=now),
        site.links.token(Purpose.UNDO, person, about=2, now=now),
        site.links.token(Purpose.QUESTION, person, now=now),
        site.links.token(Purpose.QUESTION, person, about=3, now=now),
        site.links.token(Purpose.QUESTION, 4711, about=2, now=now),
        site.links.token(Purpose.QUESTION, person, generation=1, about=2, now=now),
    ]

    async def looked_at(one):
        data = {"token": one, "answer": "no"}
        return [
            await client.get("/manage/question", params={"token": one}),
            await client.post("/manage/question", data=data),
        ]

    pages = [page for one in bad for page in await looked_at(one)]
    clock.move(timedelta(days=8, minutes=1))
    pages += await looked_at(good)

    assert {page.status_code for page in pages} == {410}
    assert not any(SAID.search(page.text) or QUESTION in page.text for page in pages)
    assert await later(visitor, person) == ()


async def test_whoever_stopped_the_mails_answers_nothing(visitor, client, worker):
    person = await visitor.join(asked=FIRST)
    text = await worker.evening()
    leave = visitor.token(Purpose.UNSUBSCRIBE, person)
    await client.post("/unsubscribe", data={"token": leave})

    page = await answered(client, text, "no")

    assert page.status_code == 410
    assert await later(visitor, person) == ()


async def test_one_mail_asks_one_question_and_the_next_mail_the_next(
    visitor, client, worker
):
    await visitor.join(asked=FIRST, **PREGNANT)
    first = await worker.evening()
    page = await client.get(link(first, "question"))
    await answered(client, first, "yes")

    second = await worker.evening()

    assert BIRTH in words(page.text)
    assert QUESTION not in words(page.text)
    assert QUESTION in " ".join(second.split())
    assert BIRTH not in second
    assert (await client.get(link(second, "question"))).status_code == 200


async def test_nothing_has_changed_does_not_answer_what_was_never_asked(
    visitor, client, worker
):
    person = await visitor.join(asked=FIRST)
    await visitor.opens_answers(person)
    page = await client.get("/manage/answers")

    await visitor.answers(person, "nothing_changed")

    assert "There is a new question since then" in words(page.text)
    assert (await visitor.subscriber(person)).person.answers.asked == FIRST_ASKED
    assert QUESTION in " ".join((await worker.evening()).split())


async def test_old_answers_are_asked_for_as_a_whole(visitor, worker, site, clock):
    await visitor.join(asked=FIRST)
    clock.move(timedelta(days=91))
    await stop_clock(site.store, clock.now())
    await upkeep(site.store, now=clock.now())
    await plan(site.store, site.library, limit=10, now=clock.now())

    text = await worker.evening()

    assert "PLEASE CHECK YOUR ANSWERS" in text
    assert "ONE NEW QUESTION" not in text


async def test_the_settings_page_asks_what_is_new_by_itself(visitor, client):
    person = await visitor.join(asked=FIRST, **PREGNANT)
    await visitor.opens_answers(person)
    page = (await client.get("/manage/answers")).text

    left = await visitor.answers(person, "save", **FORM)
    saved = await visitor.answers(person, "save", **FORM, med_thinner="prefer_not")

    found = (await visitor.subscriber(person)).person.answers
    assert 'name="med_thinner" value="yes"' in page
    assert 'name="medicines" value="med_thinner"' not in page
    assert 'name="pregnancy" value="pregnant" checked' not in page
    assert (left.status_code, list(problems(left.text))) == (422, ["med_thinner"])
    assert "Your answers are saved" in words(saved.text)
    assert found.later == (LaterAnswer(tag=Tag.MED_THINNER, answer=None, on=TODAY),)
    assert f"{found.asked}" == "2026-11-29"


@pytest.mark.parametrize(
    ("medicines", "said", "shown"),
    [
        ("med_statin", "yes", 'name="medicines" value="med_thinner" checked'),
        ("none", "yes", 'name="medicines" value="med_thinner" checked'),
        ("none", "no", 'name="medicines" value="none" checked'),
        ("none", "prefer_not", 'name="med_thinner" value="prefer_not" checked'),
        ("prefer_not", "no", 'name="med_thinner" value="no" checked'),
    ],
)
async def test_the_settings_page_shows_the_answer_to_the_question(
    visitor, client, worker, medicines, said, shown
):
    person = await visitor.join(asked=FIRST, medicines=medicines)
    await answered(client, await worker.evening(), said)

    await visitor.opens_answers(person)
    page = (await client.get("/manage/answers")).text

    assert shown in page


@pytest.mark.parametrize(
    ("said", "value"), [("yes", "postnatal"), ("no", "pregnant"), ("prefer_not", "")]
)
async def test_the_settings_page_shows_that_the_child_is_born(
    visitor, client, worker, said, value
):
    person = await visitor.join(asked=FIRST, **PREGNANT)
    await answered(client, await worker.evening(), said)

    await visitor.opens_answers(person)
    page = (await client.get("/manage/answers")).text

    ticked = re.findall(r'name="pregnancy" value="(\w+)" checked', page)
    assert ticked == ([value] if value else [])


async def test_a_page_that_asked_apart_is_read_so_after_the_link_was_used(
    visitor, client, worker
):
    """The answer by the link came in while the settings page was open."""
    person = await visitor.join(asked=FIRST)
    await answered(client, await worker.evening(), "no")

    await visitor.answers(
        person, "save", **FORM, apart="med_thinner", med_thinner="yes"
    )

    (found,) = await later(visitor, person)
    assert (found.tag, found.answer) == (Tag.MED_THINNER, True)
