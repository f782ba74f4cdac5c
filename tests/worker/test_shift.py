"""A worker's ticks tell what they did, and workers share what is theirs together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from service.domain.breaker import Gate
from service.domain.outbox import Lane, State, ended
from service.domain.provider import Provider
from service.domain.refusals import Verdict
from service.domain.requests import OwnLink
from service.domain.verp import Verp
from service.flows.bounces import Desk
from service.flows.deliver import Courier
from service.flows.timekeeping import Timekeeper, Trust
from service.flows.upkeep import upkeep
from service.mail.letters import Letters
from service.mail.relays import Relays
from service.store.nights import NightRecord
from service.worker.figures import Figures
from service.worker.shift import Shift
from tests.builders import NOON, REFUSALS, TODAY, message, refused, subscriber
from tests.conftest import administer, stop_clock
from tests.fakes import StoppedClock, Trusting
from tests.prometheus import samples

A_MINUTE = timedelta(minutes=1)


class Shares:
    """Relays that note which part of their rate they were given."""

    connections = 2

    def __init__(self):
        self.workers = 0
        self.is_away = False

    def are_away(self, *, now):  # noqa: ARG002
        return self.is_away

    def gates(self, *, now):  # noqa: ARG002
        return (("relay:25", Gate.OPEN if self.is_away else Gate.CLOSED),)

    def paused_domains(self, *, now):  # noqa: ARG002
        return 3

    def share(self, workers):
        self.workers = workers


@pytest.fixture
def shift_of(store, library):
    def made(worker):
        clock = StoppedClock(NOON)
        couriers = {
            lane: Courier(
                store=store,
                letters=cast("Letters", None),
                relays=cast("Relays", Shares()),
                clock=clock,
                worker=worker,
                lease=A_MINUTE,
            )
            for lane in Lane
        }
        return Shift(
            store=store,
            library=library,
            clock=clock,
            timekeeper=cast("Timekeeper", Trusting(clock)),
            couriers=couriers,
            desk=Desk(
                store=store,
                verp=Verp(keys=(b"k" * 32,), address=""),
                refusals=REFUSALS,
                clock=clock,
            ),
            figures=Figures(),
        )

    return made


async def test_workers_share_a_rate_among_those_that_are_alive(shift_of):
    one, two = shift_of("one"), shift_of("two")

    def shares():
        return {courier.relays.workers for courier in one.couriers.values()}

    await one.beat()
    assert shares() == {1}
    await two.beat()
    await one.beat()
    assert shares() == {2}
    await two.leave()
    await one.beat()
    assert shares() == {1}


async def test_a_beat_tells_what_became_of_messages_since_the_last_one(shift_of):
    shift = shift_of("one")
    for lane, state in ((Lane.EVENING, State.SENT), (Lane.PRIORITY, State.DUE)):
        settled = [ended(message(), state, "x", NOON)] * 3
        shift.couriers[lane].meter.note(settled, busy_seconds=0)

    with capture_logs() as lines:
        await shift.beat()
        await shift.beat()

    (line,) = lines
    assert (line["action"], line["sent"], line["due"]) == ("deliver", 3, 3)


async def test_what_a_beat_counts_can_be_scraped_without_a_relay_s_words(shift_of):
    shift = shift_of("one")
    evening = shift.couriers[Lane.EVENING]
    evening.relays.is_away = True
    refused = ended(message(), State.DUE, "slower: 451 4.7.1", NOON)
    spoken = replace(refused, provider=Provider.GMAIL)
    held = ended(message(2), State.DUE, "its domain takes no more", NOON)
    evening.meter.note([spoken, spoken, held], busy_seconds=0)
    shift.desk.came["complaint"] += 1

    await shift.beat()
    await shift.beat()

    found = samples(shift.figures.exposition())
    named = {"kind": "reminder", "outcome": "deferred"}
    assert found["eventide_messages_total", {**named, "reason": "slower"}] == 2
    held_back = {**named, "reason": "its domain takes no more"}
    assert found["eventide_messages_total", held_back] == 1
    at_gmail = {"provider": "gmail", "outcome": "deferred"}
    assert found["eventide_provider_messages_total", at_gmail] == 2
    assert found["eventide_feedback_total", {"verdict": "complaint"}] == 1
    assert found["eventide_relay_left_alone", {"relay": "relay:25"}] == 1
    assert found["eventide_paused_domains", {}] == 3


async def test_how_late_reminders_are_can_be_scraped_by_their_hour(shift_of):
    shift = shift_of("one")
    for late_seconds in (59, 61):
        shift.couriers[Lane.EVENING].meter.came(
            minute=19 * 60, late_seconds=late_seconds
        )

    await shift.beat()

    found = samples(shift.figures.exposition())
    name, seven = "eventide_lateness_seconds", {"hour": "19"}
    within = ("30.0", "60.0", "120.0", "+Inf")
    counted = [found[f"{name}_bucket", {**seven, "le": bound}] for bound in within]
    assert counted == [0, 1, 2, 2]
    assert (found[f"{name}_count", seven], found[f"{name}_sum", seven]) == (2, 120)


async def test_the_evening_is_in_trouble_when_mails_will_be_late_or_no_relay_takes_any(
    shift_of, store
):
    shift = shift_of("one")
    await upkeep(store, now=NOON)
    async with store.transaction() as tx:
        await tx.outbox.put([message(n) for n in range(1, 4)])
        await tx.workers.beat("one", per_second=1)
    well = await shift.trouble()
    async with store.transaction() as tx:
        await tx.workers.beat("one", per_second=0.0001)
    late = await shift.trouble()
    shift.couriers[Lane.EVENING].relays.is_away = True
    away = await shift.trouble()
    async with store.transaction() as tx:
        await tx.deployment.pause()
    paused = await shift.trouble()

    assert (well, late, away, paused) == (
        "",
        "3 reminders would be too late",
        "no relay takes mail",
        "mail is paused",
    )


async def test_the_forecast_of_the_evening_is_told_while_anything_is_due(
    shift_of, store
):
    shift = shift_of("one")
    await upkeep(store, now=NOON)
    with capture_logs() as quiet:
        await shift.look_ahead()
    async with store.transaction() as tx:
        await tx.outbox.put([message(n) for n in range(1, 4)])
        await tx.workers.beat("one", per_second=1)
    with capture_logs() as busy:
        await shift.look_ahead()
    async with store.transaction() as tx:
        await tx.workers.beat("one", per_second=0.0001)
    with capture_logs() as late:
        await shift.look_ahead()

    assert quiet == []
    assert busy[0]["forecast"] == (
        "3 due, at 1.0 a second done 12:00 UTC, deadline 14:00 UTC"
    )
    assert (busy[0]["log_level"], late[0]["log_level"]) == ("info", "warning")


@pytest.mark.parametrize(
    ("is_away", "why"), [(False, "deadline passed"), (True, "no relay took mail")]
)
async def test_what_was_given_up_is_told_with_its_reason(shift_of, store, is_away, why):
    shift = shift_of("one")
    shift.couriers[Lane.EVENING].relays.is_away = is_away
    await upkeep(store, now=NOON)
    async with store.transaction() as tx:
        await tx.outbox.put([message(expires_at=NOON, night=TODAY)])

    with capture_logs() as lines:
        await shift.keep()
        await shift.keep()

    (line,) = lines
    assert (line["action"], line["expired"], line["unknown"]) == ("upkeep", 1, 0)
    found = samples(shift.figures.exposition())
    assert found["eventide_left_behind_messages_total", {"outcome": "expired"}] == 1
    async with store.transaction() as tx:
        (lost,) = await tx.outbox.not_sent(since=TODAY)
    assert (lost.state, lost.reason) == (State.EXPIRED, why)


async def test_old_nights_that_are_in_use_are_told_of_once(
    shift_of, store, database_url
):
    shift = shift_of("one")
    await stop_clock(store, NOON - timedelta(days=9))
    await upkeep(store, now=NOON - timedelta(days=9))
    await stop_clock(store, NOON)
    plain = make_url(database_url).set(drivername="postgresql")
    reader = await asyncpg.connect(plain.render_as_string(hide_password=False))
    reading = reader.transaction()
    await reading.start()
    await reader.execute("LOCK TABLE outbox IN ACCESS SHARE MODE")

    with capture_logs() as lines:
        await shift.keep()
        await shift.keep()
        await reading.commit()
        await shift.keep()
        await shift.keep()
    await reader.close()

    assert [line["event"] for line in lines] == [
        "old nights are in use, by a backup perhaps: dropped later",
        "old nights are dropped again",
    ]


async def test_a_worker_that_was_lost_is_told_of(shift_of, store):
    shift = shift_of("one")
    await upkeep(store, now=NOON)
    async with store.transaction() as tx:
        await tx.outbox.put([message()])
        await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="two", lease=timedelta(), now=NOON
        )

    with capture_logs() as lines:
        await shift.keep()

    (line,) = lines
    assert (line["event"], line["released"]) == ("a worker was lost", 1)


async def test_a_relay_that_is_left_alone_is_told_with_since_when(shift_of, store):
    shift = shift_of("one")
    relays = cast("Shares", shift.couriers[Lane.EVENING].relays)
    clock = cast("StoppedClock", shift.clock)

    for is_away in (False, True, True):
        relays.is_away = is_away
        await shift.beat()
        clock.move(A_MINUTE)
    async with store.transaction() as tx:
        during = await tx.workers.left_alone()
    relays.is_away = False
    await shift.beat()
    async with store.transaction() as tx:
        after = await tx.workers.left_alone()

    assert during == {"relay:25": NOON + A_MINUTE}
    assert after == {}


async def test_whose_reminders_a_night_ended_is_one_line(shift_of, store):
    shift = shift_of("one")
    await upkeep(store, now=NOON)
    nights = [TODAY - timedelta(days=back) for back in (20, 9)]
    async with store.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
        await tx.nights.record(
            [
                NightRecord(
                    subscriber_id=1, night=night, choice="{}", catalogue_version=""
                )
                for night in nights
            ]
        )
        for night in nights:
            sent_at = datetime(night.year, night.month, night.day, 20, tzinfo=UTC)
            one = refused(night=night, verdict=Verdict.DEAD, sent_at=sent_at)
            await tx.refusals.note(one)
        await tx.refusals.count(nights[1], is_closed=True, now=NOON)
        await tx.refusals.count(nights[0], is_closed=True, now=NOON)

    with capture_logs() as lines:
        assert await shift.judge() is False
        assert await shift.judge() is False

    assert [line["event"] for line in lines] == ["not reached any more", "judged"]
    assert lines[-1]["ended"] == 1


async def test_a_tick_says_whether_there_may_be_more(shift_of, store):
    shift = shift_of("one")
    await upkeep(store, now=NOON)
    async with store.transaction() as tx:
        person = subscriber(await tx.signups.new_id())
        await tx.subscribers.add(person, next_due_at=NOON - A_MINUTE, now=NOON)

        await tx.requests.add(OwnLink(address="nobody@example.org"), now=NOON)

    with capture_logs() as lines:
        for _ in range(2):
            assert await shift.plan() is False
            assert await shift.answer() is False

    assert [line["action"] for line in lines] == ["plan", "request"]
    assert {tick.name for tick in shift.ticks(5)} == {
        "plan", "evening", "priority", "requests", "look", "beat", "upkeep", "judge", "forecast",
    }  # fmt: skip


async def test_a_worker_says_once_that_nothing_is_sent_and_once_that_it_is_again(
    shift_of, store
):
    shift = shift_of("one")

    async def lines_after(change):
        async with store.transaction() as tx:
            await change(tx.deployment)
        with capture_logs() as lines:
            await shift.look()
            await shift.look()
        return [(line["log_level"], line["event"]) for line in lines]

    assert await lines_after(lambda row: row.state()) == []
    assert await lines_after(lambda row: row.pause()) == [
        ("warning", "paused: nothing is sent before `eventide resume`")
    ]
    assert await lines_after(lambda row: row.fence(is_paused=True)) == [
        ("error", "a restored copy: nothing is sent before `eventide adopt`")
    ]
    assert len(await lines_after(lambda row: row.adopt())) == 1
    assert await lines_after(lambda row: row.resume()) == [("info", "sending again")]


@pytest.mark.parametrize(
    ("change", "says", "is_ready"),
    [
        ("timeline = 99", "this server was promoted, and what", True),
        (
            "replication = 'synchronous'",
            "no reminder is sent: EVENTIDE_DATABASE",
            False,
        ),
    ],
)
async def test_a_worker_says_once_why_reminders_are_held(
    shift_of, database_url, change, says, is_ready
):
    shift = shift_of("one")
    await administer(database_url, f"UPDATE deployment SET {change}")  # noqa: S608

    with capture_logs() as lines:
        await shift.look()
        await shift.look()

    (line,) = lines
    assert line["log_level"] == "error"
    assert line["event"].startswith(says)
    assert (shift.watch.trouble == "") is is_ready
    found = samples(shift.figures.exposition())
    stands = {"promoted": is_ready, "alone": not is_ready, "sends": False}
    for standing, holds in stands.items():
        assert found["eventide_worker_standing", {"standing": standing}] == holds


async def test_a_worker_says_that_a_promoted_server_goes_on(shift_of, database_url):
    shift = shift_of("one")
    word = "UPDATE deployment SET timeline = 99, replication = 'synchronous'"
    await administer(database_url, word)

    with capture_logs() as lines:
        await shift.beat()
        await shift.beat()

    (line,) = (line for line in lines if line["action"] == "standing")
    assert line["event"].endswith("it goes on")


async def test_a_worker_whose_clock_is_wrong_does_nothing_and_leaves_its_share(
    shift_of, store
):
    one, two = shift_of("one"), shift_of("two")
    await upkeep(store, now=NOON)
    for shift in (one, two):
        await shift.beat()
    async with store.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
        await tx.outbox.put([message(expires_at=NOON)])

    one.timekeeper.trust = Trust.OWN_WRONG
    done = [await one.plan(), await one.keep(), await one.judge(), await one.beat()]
    done.append(await one.answer())
    await two.beat()

    assert done == [False] * 5
    assert {courier.relays.workers for courier in two.couriers.values()} == {1}
    assert await one.trouble() == "the clock of this machine is wrong"
    found = samples(one.figures.exposition())
    assert found["eventide_clock_in_doubt", {"clock": "own"}] == 1
    assert found["eventide_clock_in_doubt", {"clock": "database"}] == 0
    async with store.transaction() as tx:
        assert (await tx.outbox.counts(TODAY))[State.DUE] == 1
        assert await tx.subscribers.first_due_at() == NOON
