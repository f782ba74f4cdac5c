"""The console's pages about refusals: who was ended, who can be brought back, who is missed."""

from datetime import timedelta

import pytest
import pytest_asyncio

from service.domain.audit import Act
from service.domain.refusals import Verdict
from service.domain.subscriber import Person, Status
from service.store.nights import NightRecord
from tests.builders import NOON, TODAY, answers, refused, subscriber
from tests.web.visits import words

UNDO, MISSED = "/operator/bounces/undo", "/operator/bounces/missed"
DAY = timedelta(days=1)
SPAN = {"since": "2026-11-22T12:00", "until": "2026-11-24T12:00"}
SAID = "550 5.1.1 <ada@example.org>: not here"


async def joined(site):
    """A new subscriber's number."""
    async with site.store.transaction() as tx:
        number = await tx.signups.new_id()
        person = Person(address=f"p{number}@gmail.com", answers=answers())
        someone = subscriber(number, person=person, started_on=TODAY - 9 * DAY)
        await tx.subscribers.add(someone, next_due_at=NOON + DAY, now=NOON)
    return number


@pytest_asyncio.fixture
async def ended(site):
    """The number of somebody whose mailbox is said to be dead."""
    number = await joined(site)
    async with site.store.transaction() as tx:
        await tx.refusals.end(number, Verdict.DEAD, mailbox="gmail", now=NOON)
    return number


@pytest_asyncio.fixture
async def missed(site):
    """The number of somebody who was not reached on four nights."""
    number = await joined(site)
    nights = [TODAY - back * DAY for back in (4, 3, 2, 1)]
    async with site.store.transaction() as tx:
        await tx.nights.record(
            [
                NightRecord(
                    subscriber_id=number, night=night, choice="{}", catalogue_version=""
                )
                for night in nights
            ]
        )
        for night in nights:
            one = refused(number, night=night, verdict=Verdict.OURS, words=SAID)
            await tx.refusals.note(one)
    return number


async def test_whom_refusals_ended_is_told_by_verdict_and_provider(
    viewer, operator, ended
):
    seen = (await viewer.get("/operator/bounces")).text
    of_operator = (await operator.get("/operator/bounces")).text
    person = (await viewer.get(f"/operator/people/{ended}")).text

    assert "the mailbox does not exist gmail 1" in words(seen)
    assert UNDO in of_operator
    assert UNDO not in seen
    assert "Could not be reached" in words(person)


async def test_an_undo_says_first_who_it_would_be(operator, site, ended):
    asked = await operator.get(UNDO)
    ahead = await operator.post(UNDO, **SPAN, provider="gmail")
    elsewhere = await operator.post(UNDO, **SPAN, provider="yahoo")
    async with site.store.transaction() as tx:
        before = await tx.subscribers.get(ended)
    done = await operator.post(UNDO, **SPAN, provider="gmail", sure="yes")
    async with site.store.transaction() as tx:
        after = await tx.subscribers.get(ended)

    assert "When did they end?" in asked.text
    assert "1 person" in words(ahead.text)
    assert "The mailbox does not exist, gmail: 1" in words(ahead.text)
    assert "There is nobody to bring back." in elsewhere.text
    assert (before.status, after.status) == (Status.STOPPED, Status.ACTIVE)
    assert done.headers["Location"] == "/operator/bounces?undone=1"
    told = await operator.get("/operator/bounces", undone="1")
    assert "Brought back: 1." in words(told.text)
    acts = [act for _, act, _, _ in await operator.acts()]
    assert acts[-1] == Act.BOUNCES_UNDONE


async def test_a_slip_in_the_span_is_explained(operator):
    for slip in ({"since": "yesterday"}, {"until": ""}, {"provider": "nobody.example"}):
        answer = await operator.post(UNDO, **{**SPAN, "provider": "", **slip})
        assert answer.status_code == 422
        assert "a day and a time" in answer.text


async def test_a_viewer_brings_nobody_back_and_reads_no_words(viewer, missed):
    assert (await viewer.get(UNDO)).status_code == 403
    assert (await viewer.post(UNDO, **SPAN, sure="yes")).status_code == 403
    assert (await viewer.post(MISSED)).status_code == 403
    page = await viewer.get(MISSED)
    assert f"Person {missed}" in page.text
    assert "4 reminders since Thu 19 Nov 2026" in words(page.text)
    assert "Show the last words" not in page.text


@pytest.mark.usefixtures("missed")
async def test_the_last_words_are_shown_on_demand_and_it_is_noted(operator):
    closed = await operator.get(MISSED)
    opened = await operator.post(MISSED)

    assert "ada@example.org" not in closed.text
    assert "Show the last words" in closed.text
    assert "550 5.1.1 &lt;ada@example.org&gt;: not here" in opened.text
    assert (await operator.acts())[-1][1] == Act.RETURNED_MAIL_READ


async def test_where_everybody_is_reached_the_page_says_so(viewer):
    assert "There is nobody" in (await viewer.get(MISSED)).text
