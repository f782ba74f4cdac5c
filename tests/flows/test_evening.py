"""The evening: one mail a night or none, in time or not at all."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from service.domain.outbox import Kind, Lane, State, put_back
from service.domain.risk import Cause
from service.domain.subscriber import Frequency
from service.flows.deliver import deliver
from service.flows.explain import explain
from service.flows.plan import plan
from service.flows.upkeep import upkeep
from tests.builders import NOON, TODAY, answers, evening


async def states(world, person, night=TODAY):
    async with world.store.transaction() as tx:
        found = await tx.outbox.state_of(person, night)
    return [each.state for each in found if each.kind is Kind.REMINDER]


async def test_a_confirmed_subscriber_gets_one_reminder_per_night(world):
    await world.join()

    for night in range(1, 4):
        assert len(await world.evenings(1)) == 1 + night
        assert len(await world.run(minutes=1)) == 1 + night


async def test_nothing_is_sent_before_its_evening(world):
    await world.join()

    mails = await world.run(hours=6, minutes=59)

    assert len(mails) == 1


async def test_planning_twice_is_planning_once(world):
    person = await world.join()
    await world.passes(timedelta(hours=8))
    now = world.clock.now()

    first = await plan(world.store, world.library, limit=10, now=now)
    second = await plan(world.store, world.library, limit=10, now=now)

    assert (first.queued, second.looked_at) == (1, 0)
    assert await states(world, person) == [State.DUE]


async def test_a_night_that_was_planned_stays_as_it_was(world):
    person = await world.join()
    await world.run(hours=8)
    before = await explain(world.store, person, TODAY)
    async with world.store.transaction() as tx:
        await tx.subscribers.reschedule([(person, NOON + timedelta(hours=7))])

    mails = await world.run(minutes=1)

    assert (await explain(world.store, person, TODAY)).choice == before.choice
    assert len(mails) == 2


async def test_after_an_outage_the_missed_evening_expires_and_nobody_is_woken(world):
    person = await world.join()

    mails = await world.run(hours=15)

    assert len(mails) == 1
    assert await states(world, person) == [State.EXPIRED]
    assert len(await world.evenings(1)) == 2


async def test_after_an_outage_of_weeks_the_next_evening_is_kept(world):
    await world.join()

    assert len(await world.run(days=20)) == 1
    assert len(await world.evenings(1)) == 2


async def test_a_reminder_that_could_not_be_sent_in_time_expires(world):
    person = await world.join()
    await world.passes(timedelta(hours=8))
    await plan(world.store, world.library, limit=10, now=world.clock.now())

    mails = await world.run(hours=3)

    assert len(mails) == 1
    assert await states(world, person) == [State.EXPIRED]


async def test_every_second_evening_is_left_out_for_who_wants_that(world):
    await world.join(evening=evening(frequency=Frequency.SECOND))

    mails = await world.evenings(6)

    assert len(mails) == 1 + 3


async def test_each_is_mailed_at_their_own_evening(world):
    await world.join(
        "tokyo@example.org", answers=answers(country="JP"), evening=evening("Japan")
    )
    await world.join("london@example.org")
    await world.join(
        "denver@example.org",
        answers=answers(country="US"),
        evening=evening("America/Denver"),
    )

    arrived: list[str] = []
    for _ in range(24):
        mails = await world.run(hours=1)
        arrived += [mail.recipients[0] for mail in mails[3 + len(arrived) :]]

    assert arrived == ["london@example.org", "denver@example.org", "tokyo@example.org"]


async def test_the_reminder_is_chosen_for_its_reader_and_the_record_says_why(world):
    person = await world.join()

    mails = await world.run(hours=8)

    found = await explain(world.store, person, TODAY)
    assert found.outcome.startswith("the reminder is sent")
    assert found.catalogue_version == world.library.catalogue.version
    assert found.choice is not None
    lead = next(tip for tip in found.choice["tips"] if tip["role"] == "lead")
    assert lead["cause"] == "fatigue"
    assert lead["reason"].startswith("because you ticked")
    assert mails[-1].recipients == ("ada@example.org",)


async def test_where_there_was_no_mail_it_says_so(world):
    person = await world.join()

    none = await explain(world.store, person, TODAY)
    stranger = await explain(world.store, 4711, TODAY)

    assert none.choice is None
    assert none.outcome == "no reminder was planned; the subscriber is active now"
    assert stranger.outcome.startswith("no such subscriber")


async def test_long_after_the_outbox_was_emptied_the_record_still_tells(world):
    person = await world.join()
    await world.run(hours=8)

    await world.run(days=10)

    found = await explain(world.store, person, TODAY)
    assert found.choice is not None
    assert found.outcome == "the reminder was sent"


async def test_where_the_zones_clock_turned_out_later_the_reminder_waits(world):
    person = await world.join()
    async with world.store.transaction() as tx:
        await tx.subscribers.reschedule([(person, NOON)])

    mails = await world.run(minutes=1)

    assert len(mails) == 1
    async with world.store.transaction() as tx:
        due = await tx.subscribers.next_due_at(person)
    assert due is not None
    assert due > NOON + timedelta(hours=6)


async def test_somebody_who_cannot_be_planned_stops_nobody_else(world):
    await world.join("gone@example.org")
    await world.join("bob@example.org")
    async with world.store.transaction() as tx:
        gone = await tx.subscribers.find("gone@example.org")
        nowhere = replace(gone, evening=evening("Mars/Base"))
        await tx.subscribers.save(
            nowhere, next_due_at=NOON + timedelta(hours=7), now=NOON
        )

    with capture_logs() as lines:
        mails = await world.evenings(1)

    assert [mail.recipients[0] for mail in mails[2:]] == ["bob@example.org"]
    (line,) = [line for line in lines if line["event"] == "cannot be planned"]
    assert (line["subscriber"], line["error"]) == (gone.id, "ZoneInfoNotFoundError")


async def test_a_message_that_cannot_be_written_fails_alone(world):
    person = await world.join()
    await world.join("bob@example.org")
    await world.passes(timedelta(hours=8))
    now = world.clock.now()
    await plan(world.store, world.library, limit=10, now=now)
    broken = "not an address"
    async with world.store.transaction() as tx:
        await tx.outbox.suppress(person, reason="test", now=now)
        (message,) = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="x", lease=timedelta(), now=now
        )
        payload = {**json.loads(message.payload), "address": broken}
        again = replace(
            message, subscriber_id=4711, payload=json.dumps(payload), kind=Kind.REMINDER
        )
        waiting = put_back(message, "not begun", until=now)
        await tx.outbox.record([waiting], worker="x", now=now)
        await tx.outbox.put([again])

    mails = await world.post(Lane.EVENING)

    assert await states(world, 4711) == [State.FAILED]
    assert mails[-1].recipients == ("bob@example.org",)


async def test_an_empty_outbox_is_no_work(world):
    assert await deliver(world.courier, Lane.EVENING) == 0


@pytest.mark.parametrize("frequency", list(Frequency))
async def test_upkeep_may_run_at_any_time(world, frequency):
    await world.join(evening=evening(frequency=frequency))

    kept = [await upkeep(world.store, now=NOON) for _ in range(2)]

    assert kept[0] == kept[1]
    assert (kept[0].released, kept[0].unknown, kept[0].expired) == (0, 0, 0)


async def test_two_deliveries_at_once_share_the_work_and_double_nothing(world):
    for n in range(12):
        await world.join(f"p{n}@example.org")
    await world.passes(timedelta(hours=8))
    now = world.clock.now()
    await plan(world.store, world.library, limit=100, now=now)
    other = replace(world.courier, worker="two")

    await asyncio.gather(
        deliver(world.courier, Lane.EVENING), deliver(other, Lane.EVENING)
    )

    reminded = [mail.recipients for mail in world.catcher.mails[12:]]
    assert sorted(set(reminded)) == sorted(reminded)
    assert len(reminded) == 12


async def test_a_tip_whose_review_expires_while_workers_run_is_not_said_again(world):
    person = await world.join()
    catalogue = world.library.catalogue
    tomorrow = TODAY + timedelta(days=1)
    tips = {
        tip.id: replace(tip, expires_on=tomorrow)
        if tip.cause is not Cause.UNIVERSAL
        else tip
        for tip in catalogue.tips.values()
    }
    library = replace(world.library, catalogue=replace(catalogue, tips=tips))

    await replace(world, library=library).evenings(2)

    async def causes(night):
        told = await explain(world.store, person, night)
        assert told.choice is not None
        return {tips[tip["id"]].cause for tip in told.choice["tips"]}

    assert await causes(TODAY) > {Cause.UNIVERSAL}
    assert await causes(tomorrow) == {Cause.UNIVERSAL}
