"""The console's pages over ASGI: what they show, what they do, and to whom."""

import json
import re
from datetime import timedelta

import pytest
import pytest_asyncio
from starlette.routing import Route

from service.domain.audit import Act
from service.domain.outbox import Lane, State, ended
from service.domain.risk import Tag
from service.domain.subscriber import Person, Status
from service.domain.tips import Evidence, When
from service.store.suppression import Reason
from service.web.app import CONSOLE
from service.web.operator import words as said
from service.web.operator.access import Access
from service.web.operator.kept import FRESH
from tests.builders import NOON, TODAY, answers, message, subscriber
from tests.conftest import administer, stop_clock
from tests.web.visits import answered, words

ADA = "ada@example.org"
LATER = NOON + timedelta(hours=7)
#: What a page would say of these answers, or of the tips for them.
TELLING = answers(causes=["alcohol"], conditions=["kidney"], medicines=["med_statin"])
HEALTH = re.compile("kidney|statin|alcohol", re.IGNORECASE)
PROFILE = {
    "night": "2026-11-26",
    "language": "en",
    "age": "0",
    "causes": "dehydration",
    "conditions": "kidney",
    "pregnancy": "no",
    "medicines": "none",
    "alcohol": "alc_low",
    "severe": "no",
    "country": "GB",
    "stretching": "standing",
    "asked": "2026-11-29",
}


@pytest_asyncio.fixture
async def person(site):
    """A subscriber with telling answers, and a reminder that is due."""
    async with site.store.transaction() as tx:
        number = await tx.signups.new_id()
        someone = subscriber(number, person=Person(address=ADA, answers=TELLING))
        await tx.subscribers.add(someone, next_due_at=LATER, now=NOON)
        await tx.consents.add(number, ["mail", "odd"], version="v1", now=NOON)
        await tx.outbox.put([message(number, payload="x")])
    return number


async def status_of(site, number):
    async with site.store.transaction() as tx:
        found = await tx.subscribers.get(number)
        return found and found.status


async def done(operator):
    """What was done after signing in, and about whom."""
    acts = [(act, about) for _, act, about, _ in await operator.acts()]
    return acts[acts.index((Act.SIGNED_IN, None)) + 1 :]


async def test_tonight_has_a_picture_and_its_figures_as_a_table(viewer, person):
    answer = await viewer.get("/operator")

    assert answer.status_code == 200
    assert answer.text.count("<rect") == 2
    assert "Nobody was passed over so far." in answer.text
    assert "19:00 2 0 0 0 1 1" in words(answer.text)
    assert "No worker is alive" in answer.text
    assert "Pause all mail" not in answer.text
    assert person


async def test_tonight_says_how_long_a_reminder_has_waited(viewer, site):
    async with site.store.transaction() as tx:
        await tx.workers.beat("one", per_second=9)
        await tx.outbox.put([message(not_before=NOON - timedelta(minutes=40))])

    answer = await viewer.get("/operator")

    assert "A reminder has waited for 40 minutes" in words(answer.text)


async def test_tonight_says_who_was_not_mailed_and_why(viewer, site, person):
    async with site.store.transaction() as tx:
        (mine,) = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="w", lease=timedelta(minutes=1), now=NOON
        )
        failed = ended(mine, State.FAILED, "policy: 550 5.7.1", NOON)
        await tx.outbox.record([failed], worker="w", now=NOON)
        await tx.workers.beat("w", per_second=1)

    answer = await viewer.get("/operator")

    assert "refused by the provider&#39;s policy" in answer.text
    assert "On time" in answer.text
    assert person


async def test_a_quiet_service_has_a_page_too(viewer, site):
    async with site.store.transaction() as tx:
        await tx.workers.beat("w", per_second=0)
    answer = await viewer.get("/operator", night=TODAY.isoformat())

    assert "<svg width" not in answer.text
    assert "1 worker is ready for the next evening." in words(answer.text)


async def test_reminders_that_would_be_too_late_are_warned_of(viewer, site, person):
    async with site.store.transaction() as tx:
        await tx.workers.beat("w", per_second=0.00001)

    answer = await viewer.get("/operator")

    assert "2 reminders would be too late" in words(answer.text)
    assert person


@pytest.mark.parametrize("night", ["2020-01-01", "tonight", "2026-11-26"])
async def test_a_night_that_the_queue_does_not_have_is_no_page(viewer, night):
    assert (await viewer.get("/operator", night=night)).status_code == 404


async def test_figures_are_counted_afresh_twice_a_minute_at_most(viewer, site, person):
    before = await viewer.get("/operator")
    async with site.store.transaction() as tx:
        await tx.subscribers.erase(person)

    assert (await viewer.get("/operator")).text == before.text
    viewer.wait(seconds=FRESH.seconds)
    assert (await viewer.get("/operator")).text != before.text


async def test_the_switch_asks_first_then_pauses_and_resumes(operator):
    assert "Pause all mail?" in (await operator.get("/operator/pause")).text
    paused = await operator.post("/operator/pause")
    assert paused.headers["Location"] == "/operator"
    page = (await operator.get("/operator")).text
    assert "All mail is paused" in page
    assert "Send again?" in (await operator.get("/operator/pause")).text
    await operator.post("/operator/resume")

    assert "All mail is paused" not in (await operator.get("/operator")).text
    assert await done(operator) == [(Act.ALL_PAUSED, None), (Act.ALL_RESUMED, None)]


async def test_a_restored_copy_is_not_switched_on_by_a_button(operator, site):
    async with site.store.transaction() as tx:
        await tx.deployment.fence(is_paused=False)

    assert "eventide adopt" in (await operator.get("/operator")).text
    assert "There is no button for it" in (await operator.get("/operator/pause")).text


async def test_a_promoted_server_says_what_it_waits_for(operator, database_url):
    await administer(database_url, "UPDATE deployment SET timeline = 99")

    assert "server was promoted" in (await operator.get("/operator")).text
    page = (await operator.get("/operator/pause")).text
    assert "server was promoted" in page
    assert "<form" not in page.partition("<main")[2]


async def test_a_database_without_its_standby_says_so(operator, database_url):
    await administer(database_url, "UPDATE deployment SET replication = 'synchronous'")

    assert "the database has no standby" in (await operator.get("/operator")).text


async def test_bounces_and_suppression_have_reasons_in_words(viewer, site):
    async with site.store.transaction() as tx:
        await tx.outbox.put([message(1)])
    await stop_clock(site.store, LATER)
    async with site.store.transaction() as tx:
        await tx.outbox.expire(why="deadline passed", now=LATER)
        await tx.suppression.add("a@example.org", Reason.COMPLAINT, now=NOON)
        await tx.feedback.keep(b"raw", why="not signed here", has_token=False, now=NOON)

    page = words((await viewer.get("/operator/bounces")).text)

    assert "its deadline passed before its turn too late 1" in page
    assert "reported us as spam for good 1 1 1" in page
    assert "not signed here" in page
    assert "An operator can open and delete them" in page


async def test_where_all_is_well_the_lists_say_so(operator):
    page = words((await operator.get("/operator/bounces")).text)

    assert "Every mail of these nights was sent" in page
    assert "The list is empty." in page
    assert "There is none." in page
    other = words((await operator.get("/operator/deliverability")).text)
    assert "No relay was spoken to on these nights." in other
    assert "No worker is alive." in other


async def test_the_list_is_asked_about_one_address(operator, site):
    async with site.store.transaction() as tx:
        await tx.suppression.add(ADA, Reason.ERASED, now=NOON)

    found = await operator.post("/operator/bounces", email="ADA@example.org")
    other = await operator.post("/operator/bounces", email="bo@example.org")
    slip = await operator.post("/operator/bounces", email="ada")

    assert "It is on the list: it was erased" in found.text
    assert "It is not on the list." in other.text
    assert slip.status_code == 422
    assert 'value="ada"' in slip.text


async def test_a_returned_mail_is_read_as_text_and_deleted(operator, site):
    async with site.store.transaction() as tx:
        await tx.feedback.keep(
            b"<script>x</script>\xff", why="odd", has_token=False, now=NOON
        )
        (kept,) = await tx.feedback.listed(limit=1)
    digest = kept.digest.hex()

    read = await operator.post("/operator/bounces/kept/read", digest=digest)
    forgot = await operator.post("/operator/bounces/kept/forget", digest=digest)
    gone = await operator.post("/operator/bounces/kept/read", digest=digest)
    odd = await operator.post("/operator/bounces/kept/read", digest="no")

    assert "&lt;script&gt;x&lt;/script&gt;\N{REPLACEMENT CHARACTER}" in read.text
    assert forgot.headers["Location"] == "/operator/bounces#kept"
    assert (gone.status_code, odd.status_code) == (404, 400)


async def test_deliverability_is_told_by_provider(viewer, site, person):
    async with site.store.transaction() as tx:
        await tx.outbox.put([message(person, night=TODAY - timedelta(days=1))])
        mine = await tx.outbox.claim(
            Lane.EVENING, limit=2, worker="w", lease=timedelta(minutes=1), now=NOON
        )
        ends = (State.FAILED, State.DUE)
        settled = [
            ended(one, state, "policy: 550", NOON)
            for one, state in zip(mine, ends, strict=True)
        ]
        await tx.outbox.record(settled, worker="w", now=NOON)
        await tx.workers.beat("w", per_second=0)

    page = words((await viewer.get("/operator/deliverability")).text)

    assert "Waiting after a refusal, at this moment" in page
    assert "look at our reputation 1" in page
    assert "not known yet" in page


async def test_a_person_is_found_and_their_page_opens(operator, person):
    answer = await operator.post("/operator/people", email="ADA@example.org")

    assert answer.headers["Location"] == f"/operator/people/{person}"
    page = words((await operator.get(f"/operator/people/{person}")).text)
    assert "Gets reminders" in page
    assert "19:00 in Europe/London, every evening" in page
    assert await done(operator) == [(Act.PERSON_LOOKED_UP, person)]


async def test_a_sign_up_that_waits_and_an_address_on_the_list_are_shown(
    operator, visitor, site
):
    await visitor.sign_up()
    await answered(site)
    async with site.store.transaction() as tx:
        await tx.suppression.add("gone@example.org", Reason.UNSUBSCRIBED, now=NOON)

    waits = await operator.post("/operator/people", email=ADA)
    gone = await operator.post("/operator/people", email="gone@example.org")
    nobody = await operator.post("/operator/people", email="no@example.org")
    slip = await operator.post("/operator/people", email="no")

    number = re.findall(r"/operator/people/(\d+)", waits.text)[0]
    page = await operator.get(f"/operator/people/{number}")
    assert "Waits for confirmation" in page.text
    assert "Confirmation of" in words(page.text)
    assert "it asked for no more mail" in words(gone.text)
    assert "It is not on the suppression list either." in nobody.text
    assert slip.status_code == 422
    assert ADA not in page.text


async def test_a_person_is_opened_by_number(operator, person):
    there = await operator.get("/operator/people/number", number=str(person))
    slip = await operator.get("/operator/people/number", number="1x")

    assert there.headers["Location"] == f"/operator/people/{person}"
    assert slip.status_code == 422
    assert (await operator.get("/operator/people/999")).status_code == 404
    assert (await operator.get(f"/operator/people/{2**63}")).status_code == 404


async def test_what_is_sealed_is_shown_on_demand_alone(operator, person):
    before = await operator.get(f"/operator/people/{person}")
    opened = await operator.post(f"/operator/people/{person}/open")

    assert not HEALTH.search(before.text)
    assert ADA not in before.text
    page = words(opened.text)
    assert ADA in page
    assert "kidney disease" in page
    assert await done(operator) == [(Act.ANSWERS_SEEN, person)]


async def test_answers_that_were_not_given_are_shown_as_such(operator, site):
    async with site.store.transaction() as tx:
        number = await tx.signups.new_id()
        silent = answers(
            causes=["not_sure"],
            conditions=None,
            medicines=[],
            pregnancy="pregnant",
            pregnant_until="2027-02",
            severe=None,
            stretching=None,
        )
        someone = subscriber(number, person=Person(address=ADA, answers=silent))
        await tx.subscribers.add(someone, next_due_at=LATER, now=NOON)

    page = words((await operator.post(f"/operator/people/{number}/open")).text)

    assert "Health would rather not say" in page
    assert "Medicines none of these" in page
    assert "pregnant, until February 2027" in page


async def test_what_was_not_asked_or_asked_later_is_shown_as_such(operator, site):
    async with site.store.transaction() as tx:
        number = await tx.signups.new_id()
        told = {"postnatal": {"answer": False, "on": "2026-11-25"}}
        said = answers(asked="2026-11-01", pregnancy="pregnant", later=told)
        someone = subscriber(number, person=Person(address=ADA, answers=said))
        await tx.subscribers.add(someone, next_due_at=LATER, now=NOON)

    page = words((await operator.post(f"/operator/people/{number}/open")).text)

    assert "Did you give birth in the last 6 weeks? no, on 25 Nov 2026" in page
    assert re.search(r"Do you take blood thinners .*\? not asked yet", page)


async def test_what_they_ask_for_is_done_and_said(operator, site, person):
    path = f"/operator/people/{person}"

    async def does(act, **typed):
        answer = await operator.post(f"{path}/{act}", **typed)
        assert answer.status_code == 303, answer.text
        return words((await operator.client.get(answer.headers["Location"])).text)

    assert "Their link is on its way to them." in await does("link")
    assert "Nothing was sent" in await does("link")
    assert "Their reminders are paused." in await does("pause", until="2026-12-01")
    assert "Tue 01 Dec 2026" in words((await operator.get(path)).text)
    assert "Their reminders come back." in await does("resume")
    assert "Their reminders are paused." in await does("pause", until="")
    assert "when they come back" in words((await operator.get(path)).text)
    assert "They get no more mail." in await does("suppress", reason="unsubscribed")
    assert await status_of(site, person) is Status.STOPPED
    assert "They get no more mail." in await does("suppress", reason="complaint")
    assert await status_of(site, person) is Status.SUPPRESSED


async def test_slips_and_acts_that_do_not_fit_are_explained(operator, site, person):
    path = f"/operator/people/{person}"

    slip = await operator.post(f"{path}/pause", until="1999-01-01")
    early = await operator.post(f"{path}/resume")
    odd = await operator.post(f"{path}/suppress", reason="erased")
    nobody = await operator.post("/operator/people/999/link")
    none = await operator.post("/operator/people/999/export")

    assert slip.status_code == 422
    assert "Choose a day after today" in slip.text
    assert early.status_code == 409
    assert "That cannot be done: the person is active now." in early.text
    assert (odd.status_code, nobody.status_code, none.status_code) == (400, 404, 404)
    assert await status_of(site, person) is Status.ACTIVE


async def test_all_that_is_kept_is_a_file_to_hand_over(operator, person):
    answer = await operator.post(f"/operator/people/{person}/export")

    name = f'attachment; filename="eventide-person-{person}.json"'
    assert answer.headers["Content-Disposition"] == name
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.text)["answers"]["conditions"] == ["kidney"]


async def test_erasing_is_asked_about_first(operator, site, person):
    asked = await operator.get(f"/operator/people/{person}/erase")
    erased = await operator.post(f"/operator/people/{person}/erase")

    assert "It cannot be undone." in asked.text
    assert (
        "They were erased."
        in (await operator.client.get(erased.headers["Location"])).text
    )
    assert await status_of(site, person) is None
    assert (await operator.get(f"/operator/people/{person}/erase")).status_code == 404


async def test_the_catalogue_names_each_tip_and_whom_it_is_kept_from(viewer, library):
    page = await viewer.get("/operator/catalogue")

    assert f"{len(library.catalogue.tips)} of {len(library.catalogue.tips)} tips" in (
        words(page.text)
    )
    assert "by nobody yet" in page.text
    assert "kidney disease" in page.text
    assert "anything at all" in page.text
    assert "any tip for pregnancy" in page.text.lower()
    for rule in library.catalogue.rules:
        assert f'id="rule-{rule.id}"' in page.text
    assert "Only said where U3 and U3c may not be" in words(page.text)
    assert "heart failure D9, M9 kidney disease D9, M9" in words(page.text)


async def test_the_catalogue_is_narrowed_down_without_a_health_word_in_the_url(
    viewer, library
):
    wanted = [
        tip.id
        for tip in library.catalogue.tips.values()
        if (tip.cause, tip.theme) == ("dehydration", "hydration")
    ]

    page = await viewer.get("/operator/catalogue", cause="2", theme="1", language="en")
    none = await viewer.get("/operator/catalogue", review="yes")
    all_of_them = await viewer.get("/operator/catalogue", review="no", cause="99")

    assert re.findall(r'id="tip-(\w+)"', page.text) == wanted
    assert "0 of" in words(none.text)
    assert len(re.findall(r'id="tip-', all_of_them.text)) == len(library.catalogue.tips)


async def test_a_preview_shows_mail_tips_and_rules_and_keeps_nothing(viewer):
    form = await viewer.get("/operator/preview")
    answer = await viewer.post("/operator/preview", **PROFILE)

    assert 'value="2026-11-23"' in form.text
    page = words(answer.text)
    assert "The mail of Thursday 26 November 2026" in page
    assert 'sandbox=""' in answer.text
    assert "style-src &#39;self&#39;" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "'unsafe-inline'" not in form.headers["Content-Security-Policy"]
    assert "Its chance was" in page
    assert "It came by rule, not by draw." in page
    assert "Heart failure, kidney or liver disease" in page
    assert "blocked by kidney (present)" in page
    assert [act for _, act, _, _ in await viewer.acts()][-1] == Act.SIGNED_IN


async def test_a_preview_of_old_answers_asks_for_fresh_ones(viewer):
    page = await viewer.post("/operator/preview", **{**PROFILE, "age": "100"})

    assert "The mail asks for fresh answers" in words(page.text)


async def test_a_preview_without_rules_says_so(viewer):
    healthy = {**PROFILE, "conditions": "none", "language": "xx", "age": "?"}

    page = await viewer.post("/operator/preview", **healthy)

    assert "None: nothing in these answers calls for one." in words(page.text)


async def test_slips_in_a_preview_are_explained(viewer):
    no_night = await viewer.post("/operator/preview", **{**PROFILE, "night": "soon"})
    no_cause = await viewer.post("/operator/preview", **{**PROFILE, "causes": ""})

    assert (no_night.status_code, no_cause.status_code) == (422, 422)
    assert "Choose a day." in no_night.text
    assert 'name="conditions" value="kidney" checked' in re.sub(
        r"\s+", " ", no_cause.text
    )


def routes(site):
    """Every address of the console, with how it may be asked for."""
    access = Access(site=site)
    for console in CONSOLE:
        for route in console.routes(access).routes:
            assert isinstance(route, Route)
            for method in sorted(route.methods or ()):
                yield method, route.path


async def test_no_page_and_no_file_tells_a_viewer_what_somebody_answered(
    viewer, site, person
):
    walked = 0
    for method, path in routes(site):
        # Both talk of every condition there is, and of nobody's.
        if path in ("/operator/catalogue", "/operator/preview", "/operator/logout"):
            continue
        answer = await viewer.client.request(
            method,
            re.sub(r"\{\w+(:int)?\}", str(person), path),
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        walked += 1
        assert not HEALTH.search(answer.text), (method, path)
        assert ADA not in answer.text, (method, path)
        assert "attachment" not in answer.headers.get("Content-Disposition", "")

    assert walked > 20
    assert await status_of(site, person) is Status.ACTIVE


async def test_every_act_on_a_person_is_closed_to_a_viewer(viewer, site, person):
    acts = [
        path.replace("{number:int}", str(person))
        for method, path in routes(site)
        if method == "POST" and path.startswith("/operator/people/{number:int}/")
    ]

    found = {path: (await viewer.post(path)).status_code for path in acts}

    assert len(found) == 7
    assert set(found.values()) == {403}


@pytest.mark.parametrize(
    ("known", "words_of"),
    [
        (State, said.STATES),
        (Reason, said.SUPPRESSED),
        (Reason, said.LASTS),
        (Status, said.STATUSES),
        (Evidence, said.EVIDENCE),
        (When, said.WHEN),
    ],
)
def test_everything_has_a_name_for_people(known, words_of):
    assert set(words_of) == set(known)


@pytest.mark.parametrize("tag", Tag)
def test_every_tag_has_words_for_people_and_has_them_once(library, tag):
    assert said.tag_in_words(tag, library.questions)
    assert (tag in said.TAGS) is not (tag in library.questions.answers)


def test_a_reason_that_has_no_words_is_shown_as_it_is_kept():
    assert said.reason("odd: 1 2") == "odd (1 2)"
    assert said.reason("") == "no reason is known"
