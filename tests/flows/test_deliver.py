"""A run of deliveries: what it holds, what it gives back, and what it survives."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from structlog.testing import capture_logs

from service.domain.errors import TryLater
from service.domain.meter import Meter
from service.domain.night import jitter
from service.domain.outbox import Accepted, Lane, Outcome, State, Unsent
from service.domain.refusals import Stage
from service.flows.deliver import MENDING, ROUND_SECONDS, Courier, deliver
from service.flows.plan import plan
from service.mail.relays import Relays
from service.store.engine import opened
from service.store.sealing import KeyMissing, Sealer
from tests.builders import NOON, TODAY, message, relay_refused
from tests.store.plain_sql import cut_off, raw

PATIENCE_SECONDS = 60


class Wire:
    """Relays whose answers wait for the test; it sees what is on the wire."""

    def __init__(self, connections=2):
        self.connections = connections
        self.free = 1_000_000
        self.held = {}
        self.spoken = []
        self.in_flight = 0
        self.looks = 0
        self.asked_again = 0
        self.is_stopped = False
        self.news = asyncio.Condition()
        self.answer: Outcome | Exception = Accepted(reply="taken")
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def send(self, envelope):
        async with self.news:
            self.spoken.append(envelope.recipient)
            self.in_flight += 1
            self.news.notify_all()
        await self.may_answer.wait()
        self.in_flight -= 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def room(self, *, now):  # noqa: ARG002
        self.looks += 1
        return max(0, min(self.free, 2 * self.connections) - self.in_flight)

    def are_tried_again(self, *, now):  # noqa: ARG002
        return False

    def stop(self):
        self.is_stopped = True

    async def try_again(self):
        self.asked_again += 1

    def hold(self, domain, *, now):  # noqa: ARG002
        return self.held.pop(domain, None)

    async def has_heard(self, messages):
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: len(self.spoken) >= messages)


def reminder(n, domain="example.org"):
    choice = {"night": "2026-11-23", "tips": [], "rules": [], "ask_answers": False}
    payload = {"address": f"p{n}@{domain}", "language": "en", "country": "GB"}
    return message(n, payload=json.dumps({**payload, "choice": choice}))


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def courier(world, wire) -> Courier:
    return replace(world.courier, relays=cast("Relays", wire), meter=Meter())


async def put(courier, *messages):
    async with courier.store.transaction() as tx:
        await tx.outbox.put(messages)


async def counts(courier):
    async with courier.store.transaction() as tx:
        found = await tx.outbox.counts(TODAY)
    return {state: number for state, number in found.items() if number}


async def come_true(claim):
    """Return once it is so; each look asks the database."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await claim():  # noqa: ASYNC110  # rows send no word
            await asyncio.sleep(0.02)


async def is_so(claim):
    return claim


async def test_a_relay_that_was_away_is_asked_once_nothing_is_left_to_send(
    courier, wire
):
    await deliver(courier, Lane.EVENING)
    assert wire.asked_again == 1

    courier.stop.set()
    await deliver(courier, Lane.EVENING)
    assert wire.asked_again == 1


async def test_everything_that_is_due_is_sent_and_counted(courier):
    await put(courier, *(reminder(n) for n in range(1, 30)))

    assert await deliver(courier, Lane.EVENING) == 29

    assert await counts(courier) == {State.SENT: 29}
    assert courier.meter.read().states == {State.SENT: 29}
    assert courier.meter.read().states == {}


async def test_no_more_is_in_hand_than_a_crash_may_leave_open(courier, wire):
    await put(courier, *(reminder(n) for n in range(1, 30)))
    wire.may_answer.clear()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver(courier, Lane.EVENING))
        await wire.has_heard(2 * wire.connections)

        async def is_full():
            found = await counts(courier)
            return found.get(State.CLAIMED) == wire.connections

        await come_true(is_full)
        open_states = await counts(courier)
        wire.may_answer.set()

    assert open_states[State.SENDING] == 2 * wire.connections
    assert await counts(courier) == {State.SENT: 29}


async def test_who_is_asked_to_stop_finishes_what_is_on_the_wire_and_no_more(
    courier, wire
):
    await put(courier, *(reminder(n) for n in range(1, 30)))
    wire.may_answer.clear()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver(courier, Lane.EVENING))
        await wire.has_heard(2 * wire.connections)
        courier.stop.set()
        wire.may_answer.set()

    found = await counts(courier)
    assert found == {State.SENT: len(wire.spoken), State.DUE: 29 - len(wire.spoken)}
    assert len(wire.spoken) == 2 * wire.connections
    assert wire.is_stopped


async def test_a_clock_that_comes_into_doubt_lets_no_more_go(courier, wire):
    await put(courier, *(reminder(n) for n in range(1, 30)))
    wire.may_answer.clear()
    doubt = asyncio.Event()
    careful = replace(courier, may_begin=lambda: not doubt.is_set())

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver(careful, Lane.EVENING))
        await wire.has_heard(2 * wire.connections)
        doubt.set()
        wire.may_answer.set()
    held = await counts(courier)
    assert await deliver(careful, Lane.EVENING) == 0
    doubt.clear()
    await deliver(careful, Lane.EVENING)

    on_the_wire = 2 * wire.connections
    assert held == {State.SENT: on_the_wire, State.DUE: 29 - on_the_wire}
    assert await counts(courier) == {State.SENT: 29}


async def test_what_the_database_lets_not_go_is_given_back_at_once(
    courier, wire, database_url
):
    await put(courier, *map(reminder, range(1, 7)))
    wire.may_answer.clear()
    run = asyncio.create_task(deliver(courier, Lane.EVENING))
    await wire.has_heard(4)

    async def is_full():
        return (await counts(courier)).get(State.CLAIMED) == wire.connections

    await come_true(is_full)
    await raw(database_url, "UPDATE deployment SET timeline = 99")
    wire.may_answer.set()

    await run

    assert await counts(courier) == {State.SENT: 4, State.DUE: 2}


async def test_nothing_is_begun_while_no_relay_takes_mail(courier, wire):
    await put(courier, *(reminder(n) for n in range(1, 6)))
    wire.free = 0

    assert await deliver(courier, Lane.EVENING) == 0

    assert await counts(courier) == {State.DUE: 5}
    assert wire.spoken == []


async def test_a_probe_is_one_message(courier, wire):
    await put(courier, *(reminder(n) for n in range(1, 6)))
    wire.free = 1
    wire.may_answer.clear()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver(courier, Lane.EVENING))
        await wire.has_heard(1)
        wire.free = 0
        wire.answer = Unsent(reason="no answer")
        wire.may_answer.set()

    assert await counts(courier) == {State.DUE: 5}
    assert len(wire.spoken) == 1


async def test_what_has_no_room_waits_without_asking_again_and_again(courier, wire):
    await put(courier, *(reminder(n) for n in range(1, 6)))
    wire.may_answer.clear()
    clock = asyncio.get_running_loop().time

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver(courier, Lane.EVENING))
        await wire.has_heard(4)
        began, looks = clock(), wire.looks
        await come_true(lambda: is_so(wire.looks >= looks + 4))
        seconds = clock() - began
        wire.may_answer.set()

    assert seconds >= 2 * ROUND_SECONDS
    assert await counts(courier) == {State.SENT: 5}


async def test_a_setting_that_is_in_the_way_ends_no_mail(world, wire, letters_with):
    await world.join()
    await world.join("bob@example.org")
    await world.passes(timedelta(hours=8))
    await plan(world.store, world.library, limit=9, now=world.clock.now())
    links = replace(world.links, base_url="https://eventide.example/a b")
    courier = replace(
        world.courier, relays=cast("Relays", wire), letters=letters_with(links=links)
    )

    with capture_logs() as lines:
        await deliver(courier, Lane.EVENING)

    (line,) = lines
    assert line["event"] == "mails cannot be written"
    assert "List-Unsubscribe" in line["error"]
    assert await counts(courier) == {State.SENT: 2, State.DUE: 2}
    await world.passes(MENDING)
    await deliver(replace(courier, letters=world.courier.letters), Lane.EVENING)
    assert await counts(courier) == {State.SENT: 4}


async def test_who_must_wait_for_their_domain_holds_up_no_other(courier, wire):
    await put(courier, reminder(1, "busy.example"), reminder(2), reminder(3))
    wire.held["busy.example"] = NOON + timedelta(minutes=5)

    await deliver(courier, Lane.EVENING)

    assert sorted(wire.spoken) == ["p2@example.org", "p3@example.org"]
    async with courier.store.transaction() as tx:
        (waiting,) = await tx.outbox.state_of(1, TODAY)
    assert (waiting.state, waiting.attempts) == (State.DUE, 0)


async def test_an_attempt_that_breaks_is_of_unknown_fate_and_stops_no_other(
    courier, wire
):
    await put(courier, reminder(1), reminder(2))
    wire.answer = RuntimeError("p1@example.org")

    await deliver(courier, Lane.EVENING)

    async with courier.store.transaction() as tx:
        (one,) = await tx.outbox.state_of(1, TODAY)
    assert await counts(courier) == {State.UNKNOWN: 2}
    assert one.reason == "broke on the wire (RuntimeError)"


async def test_what_a_relay_takes_long_over_stays_ours(courier, wire, database_url):
    await put(courier, *(reminder(n) for n in range(1, 4)))
    brief = replace(courier, lease=timedelta(seconds=1))
    wire.may_answer.clear()
    leases = "SELECT min(lease_until) FROM outbox WHERE lease_until IS NOT NULL"

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver(brief, Lane.EVENING))
        await wire.has_heard(3)

        async def first_lease():
            ((until,),) = await raw(database_url, leases)
            return until

        before = await first_lease()

        async def is_later():
            return await first_lease() > before

        await come_true(is_later)
        wire.may_answer.set()

    assert await counts(courier) == {State.SENT: 3}


async def test_outcomes_outlast_a_database_that_is_away(courier, wire, database_url):
    await put(courier, *(reminder(n) for n in range(1, 10)))
    wire.may_answer.clear()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver(courier, Lane.EVENING))
        await wire.has_heard(2 * wire.connections)
        async with cut_off(database_url):
            idle = replace(courier, relays=cast("Relays", Wire()))
            with pytest.raises(TryLater):
                await deliver(idle, Lane.PRIORITY)
            with capture_logs() as told:

                async def has_noticed():
                    return "the database is away" in [one["event"] for one in told]

                wire.may_answer.set()
                await come_true(has_noticed)

    assert await counts(courier) == {State.SENT: 9}


async def test_a_missing_key_stops_the_run_once_what_is_on_the_wire_is_recorded(
    courier, wire, database_url
):
    await put(courier, reminder(1), reminder(2))
    wire.may_answer.clear()
    newer = Sealer(lookup=b"l" * 32, keys={"2027-01": b"n" * 32}, current="2027-01")

    async with asyncio.TaskGroup() as group:
        run = asyncio.create_task(deliver(courier, Lane.EVENING))
        await wire.has_heard(2)
        async with opened(database_url, newer) as theirs:
            await put(replace(courier, store=theirs), reminder(3))

        async def has_stopped():
            wire.may_answer.set()
            return run.done()

        group.create_task(come_true(has_stopped))

    with pytest.raises(KeyMissing):
        run.result()
    assert await counts(courier) == {State.SENT: 2, State.DUE: 1}


async def test_what_a_relay_refuses_at_once_is_kept_by_relay_and_provider(
    world, wire, sealer, database_url
):
    person = await world.join()
    courier = replace(world.courier, relays=cast("Relays", wire), meter=Meter())
    answer = relay_refused(Stage.RCPT, 550, "5.1.1", "who?")
    wire.answer = replace(answer, relay="relay:25")
    await world.passes(timedelta(hours=8))
    await plan(world.store, world.library, limit=9, now=world.clock.now())

    await deliver(courier, Lane.EVENING)

    assert await counts(courier) == {State.SENT: 1, State.FAILED: 1}
    (row,) = await raw(
        database_url,
        "SELECT subscriber_id, verdict, relay, mailbox, has_reply FROM refusal",
    )
    key = sealer.domain_key("example.org")
    assert tuple(row) == (person, "dead", "relay:25", key, True)
    assert len(await world.evenings(1)) == 1 + 1


async def test_whose_mailbox_it_was_is_kept_with_what_became_of_the_mail(
    courier, database_url
):
    await put(courier, reminder(1, "gmail.com"), reminder(2), reminder(3, "GMX.de"))

    await deliver(courier, Lane.EVENING)

    found = await raw(
        database_url, "SELECT provider FROM outbox ORDER BY subscriber_id"
    )
    assert [row["provider"] for row in found] == ["gmail", "other", "united internet"]
    ends = courier.meter.read().ends
    assert {end.provider for end in ends} == {"gmail", "other", "united internet"}


@pytest.mark.parametrize(
    "answer",
    [
        Unsent(reason="no connection"),
        relay_refused(Stage.CONNECT, 421, "", "busy"),
        relay_refused(Stage.MAIL, 550, "5.1.8", "not your domain"),
    ],
)
async def test_a_relay_that_is_broken_is_not_held_against_a_mailbox_provider(
    courier, wire, database_url, answer
):
    wire.answer = answer
    await put(courier, reminder(1, "gmail.com"))

    await deliver(courier, Lane.EVENING)

    (found,) = await raw(database_url, "SELECT provider FROM outbox")
    assert found["provider"] is None
    assert {end.provider for end in courier.meter.read().ends} == {None}


async def test_how_late_a_reminder_was_is_counted_from_the_time_it_was_for(courier):
    early = json.loads(reminder(1).payload)
    payload = json.dumps({**early, "minute": 16 * 60})
    expires_at = NOON + timedelta(minutes=140)
    await put(courier, message(1, payload=payload, expires_at=expires_at), reminder(2))

    await deliver(courier, Lane.EVENING)

    tally = courier.meter.read()
    # Two and a half hours before its deadline; the other one does not say.
    assert tally.late_seconds == {16: 10 * 60 - jitter(1)}
    assert sum(map(sum, tally.late.values())) == 1
