"""The figures that the console shows, counted over real rows."""

from datetime import timedelta

import pytest_asyncio

from service.domain.hours import Coming, Counted
from service.domain.outbox import Kind, Lane, State
from service.domain.reception import Spoken
from service.domain.refusals import Verdict
from service.store.figures import Held
from service.store.suppression import Reason
from service.store.workers import Crew
from tests.builders import NOON, TODAY, evening, message, subscriber
from tests.store.plain_sql import raw

#: Somebody at eight in London: the builders' messages end two hours after NOON.
CHOSEN = NOON
ENDS = CHOSEN + timedelta(minutes=150)


def due(id_, **named):
    return message(id_, **{"expires_at": ENDS, **named})


@pytest_asyncio.fixture
async def town(ready):
    """Nine people who chose seven o'clock, and one who chose half past ten."""
    async with ready.transaction() as tx:
        for id_ in range(1, 10):
            await tx.subscribers.add(subscriber(id_), next_due_at=NOON, now=NOON)
        late = subscriber(10, evening=evening(minute=22 * 60))
        await tx.subscribers.add(late, next_due_at=NOON + timedelta(hours=3), now=NOON)
    return ready


async def settle(database_url, id_, state, *, reason="", minutes=0, **named):
    """Let a message have come to this, so many minutes after the chosen time."""
    provider, attempts = named.get("provider", "gmail"), named.get("attempts", 1)
    await raw(
        database_url,
        f"UPDATE outbox SET state = '{state}', reason = NULLIF('{reason}', ''),"  # noqa: S608 - the test's own words
        f" updated_at = TIMESTAMPTZ '{CHOSEN + timedelta(minutes=minutes)}',"
        f" provider = '{provider}', attempts = {attempts}"
        f" WHERE subscriber_id = {id_}",
    )


async def test_a_night_is_counted_by_hour_state_and_reason(town, database_url):
    async with town.transaction() as tx:
        await tx.outbox.put([due(id_) for id_ in range(1, 7)])
        # Past nine the deadline is bedtime: an hour and a half after ten.
        bedtime = CHOSEN + timedelta(minutes=90)
        await tx.outbox.put([due(10, expires_at=bedtime)])
    await settle(database_url, 1, State.SENT, minutes=4)
    await settle(database_url, 2, State.SENT, minutes=16)
    await settle(database_url, 3, State.FAILED, reason="policy: 550 5.7.1")
    await settle(database_url, 4, State.FAILED, reason="policy: 550 5.7.26")
    await settle(database_url, 10, State.SENT, minutes=16)

    async with town.transaction() as tx:
        found = await tx.figures.hours(TODAY)
        none = await tx.figures.hours(TODAY + timedelta(days=1))

    def counted(state, messages, **named):
        plain = {"hour": 19, "reason": "", "late": 0}
        return Counted(state=state, messages=messages, **{**plain, **named})

    sent = counted(State.SENT, 2, late=1)
    failed = counted(State.FAILED, 2, reason="policy")
    assert found == (
        counted(State.DUE, 2),
        failed,
        sent,
        counted(State.SENT, 1, hour=22, late=1),
    )
    assert none == ()


async def test_who_is_still_to_come_is_counted_by_zone_and_hour(town):
    async with town.transaction() as tx:
        far = subscriber(11, evening=evening("Asia/Tokyo"))
        await tx.subscribers.add(far, next_due_at=NOON + timedelta(days=1), now=NOON)
        found = await tx.figures.coming(now=NOON)

    assert found == (
        Coming(zone="Europe/London", hour=19, at=NOON, people=9),
        Coming(zone="Europe/London", hour=22, at=NOON + timedelta(hours=3), people=1),
    )


async def test_what_came_of_mail_is_counted_by_provider(town, database_url):
    async with town.transaction() as tx:
        await tx.outbox.put([due(id_) for id_ in range(1, 7)])
    await settle(database_url, 1, State.SENT, minutes=2)
    await settle(database_url, 2, State.SENT, minutes=2, attempts=2)
    await settle(database_url, 3, State.SENT, minutes=-1)
    await settle(database_url, 4, State.FAILED, reason="policy: 550 5.7.1")
    await settle(database_url, 5, State.SENT, provider="yahoo")

    async with town.transaction() as tx:
        found = await tx.figures.spoken(since=TODAY)

    def spoken(state, messages, **named):
        plain = {"provider": "gmail", "reason": "", "minutes": 0, "retried": 0}
        return Spoken(night=TODAY, state=state, messages=messages, **{**plain, **named})

    assert found == (
        spoken(State.FAILED, 1, reason="policy"),
        spoken(State.SENT, 1),
        spoken(State.SENT, 2, minutes=2, retried=1),
        spoken(State.SENT, 1, provider="yahoo"),
    )


async def test_complaints_count_for_the_provider_of_who_complained(town, database_url):
    async with town.transaction() as tx:
        await tx.outbox.put([due(1), due(2)])
        yesterday = TODAY - timedelta(days=1)
        await tx.outbox.put([due(1, night=yesterday)])
    await settle(database_url, 1, State.SENT)
    await settle(database_url, 2, State.SENT)
    async with town.transaction() as tx:
        await tx.feedback.complained(1, now=NOON)
        await tx.refusals.end(2, Verdict.DEAD, mailbox="gmail", now=NOON)

    async with town.transaction() as tx:
        assert await tx.figures.complaints(since=NOON) == {"gmail": 1}
        assert await tx.figures.complaints(since=NOON + timedelta(days=1)) == {}


async def test_reminders_that_wait_after_a_refusal_are_counted_by_reason(
    town, database_url
):
    async with town.transaction() as tx:
        await tx.outbox.put([due(id_) for id_ in range(1, 7)])
    await settle(database_url, 1, State.DUE, reason="relay busy: 421")
    await settle(database_url, 2, State.DUE, reason="slower: 451 4.7.0")
    await settle(database_url, 3, State.DUE, reason="slower: 450")
    await settle(database_url, 4, State.SENT, reason="accepted")

    async with town.transaction() as tx:
        assert await tx.figures.held() == (
            Held(reason="slower", messages=2),
            Held(reason="relay busy", messages=1),
        )


async def test_the_suppression_list_is_counted_by_reason_and_age(ready):
    days = {"a": 0, "b": 8, "c": 40}
    async with ready.transaction() as tx:
        for name, age in days.items():
            since = NOON - timedelta(days=age)
            await tx.suppression.add(f"{name}@example.org", "erased", now=since)
        await tx.suppression.add("d@example.org", "complaint", now=NOON)

        complaint, erased = await tx.figures.suppressed(now=NOON)

    assert complaint.reason is Reason.COMPLAINT
    assert (erased.addresses, erased.this_month, erased.this_week) == (3, 2, 1)
    assert erased.newest == NOON


async def test_a_row_of_the_list_tells_since_when(ready):
    async with ready.transaction() as tx:
        await tx.suppression.add("a@example.org", "complaint", now=NOON)

        found = await tx.suppression.entry("A@Example.org")
        assert found is not None
        assert (found.reason, found.since) == (Reason.COMPLAINT, NOON)
        assert await tx.suppression.entry("b@example.org") is None


async def test_the_workers_that_are_alive_are_listed_by_name(ready, database_url):
    async with ready.transaction() as tx:
        await tx.workers.beat("two", per_second=2.5)
        await tx.workers.beat("one", per_second=1)
        await tx.workers.beat("gone", per_second=9)
        await tx.workers.beat("ahead", per_second=9)
    query = "UPDATE worker SET seen_at = now() + $2 WHERE name = $1"
    await raw(database_url, query, "gone", timedelta(minutes=-2))
    await raw(database_url, query, "ahead", timedelta(hours=8))

    async with ready.transaction() as tx:
        one, two = await tx.workers.listed()
        crew = await tx.workers.alive()

    assert crew == Crew(workers=2, per_second=3.5)
    assert (one.name, two.name, two.per_second) == ("one", "two", 2.5)
    assert timedelta(0) <= one.silent_for < timedelta(minutes=1)


async def test_a_night_is_open_while_a_reminder_of_it_may_still_be_sent(
    town, database_url
):
    days = [TODAY + timedelta(days=step) for step in (-1, 0, 1, 2)]
    async with town.transaction() as tx:
        await tx.outbox.put([due(1, night=days[0]), due(2), due(3)])
        await tx.outbox.put([due(4, night=days[2], kind=Kind.CONFIRMATION)])
        (mine,) = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="w", lease=timedelta(minutes=1), now=NOON
        )
    assert mine.subscriber_id == 1
    await settle(database_url, 3, State.SENT)

    async with town.transaction() as tx:
        last, tonight = await tx.figures.nights(days, now=NOON)
        over = await tx.figures.nights(days, now=ENDS)

    assert (last.night, last.is_open) == (days[0], True)
    assert (tonight.night, tonight.is_open) == (TODAY, True)
    assert [one.is_open for one in over] == [False, False]
