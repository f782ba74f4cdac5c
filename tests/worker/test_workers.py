"""Several workers share the evening, and one that dies takes nothing with it."""

import asyncio

from service.clock import SystemClock
from service.domain.outbox import State
from service.flows import deployment
from service.flows.upkeep import upkeep
from tests.conftest import administer
from tests.store.plain_sql import raw

CONNECTIONS = 10
CLAIMS_ARE_OVER = "BEGIN; LOCK TABLE outbox IN SHARE MODE; COMMIT"
IN_HAND = {State.CLAIMED, State.SENDING}
END_OF_LEASES = "UPDATE outbox SET lease_until = now() WHERE lease_until IS NOT NULL"


async def counts(town, night):
    async with town.store.transaction() as tx:
        found = await tx.outbox.counts(night)
    return {state: number for state, number in found.items() if number}


async def test_two_workers_mail_five_thousand_people_once_each(town, relay):
    night = await town.settle(5000, now=SystemClock().now())

    async with town.worker(), town.worker():
        await relay.has_taken(5000)

    assert await counts(town, night) == {State.SENT: 5000}
    assert len(relay.accepted) == 5000
    assert set(relay.accepted.values()) == {1}


async def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(town, relay):
    now = SystemClock().now()
    night = await town.settle(400, now=now)
    async with town.worker() as doomed:
        await relay.has_taken(40)
        doomed.kill()
        await doomed.wait()
    # PostgreSQL notices a moment later that nobody is there, and gives its rows free.
    await administer(town.database_url, CLAIMS_ARE_OVER)
    left = await counts(town, night)

    await raw(town.database_url, END_OF_LEASES)
    kept = await upkeep(town.store, now=now)
    waiting = (await counts(town, night))[State.DUE]
    async with town.worker():
        await relay.has_taken(relay.accepted.total() + waiting)

    done = await counts(town, night)
    unknown = done.pop(State.UNKNOWN, 0)
    assert kept.unknown == unknown == left.get(State.SENDING, 0) <= 2 * CONNECTIONS
    assert kept.released == left.get(State.CLAIMED, 0)
    assert done == {State.SENT: 400 - unknown}
    assert set(relay.accepted.values()) == {1}
    assert len(relay.accepted) >= done[State.SENT]


async def test_a_worker_that_is_asked_to_stop_finishes_what_it_holds(town, relay):
    night = await town.settle(200, now=SystemClock().now())

    async with town.worker() as worker:
        await relay.has_taken(20)
        worker.terminate()
        assert await worker.wait() == 0

    left = await counts(town, night)
    assert left.keys() <= {State.SENT, State.DUE}
    assert left[State.SENT] == relay.accepted.total()


async def settled(town, night):
    """What is in which state, once no worker holds anything any more."""
    async with asyncio.timeout(60):
        while (found := await counts(town, night)).keys() & IN_HAND:
            pass
    return found


async def test_a_pause_holds_back_every_worker_and_loses_nothing(town, relay):
    now = SystemClock().now()
    night = await town.settle(2000, now=now)

    async with town.worker(), town.worker():
        await relay.has_taken(40)
        await deployment.pause(town.store, by="ops", now=now)
        # Whoever claims at this very moment is waited for.
        await administer(town.database_url, CLAIMS_ARE_OVER)
        left = await settled(town, night)
        taken = relay.accepted.total()
        await deployment.resume(town.store, by="ops", now=now)
        await relay.has_taken(2000)

    assert left[State.SENT] == taken < 2000
    assert await counts(town, night) == {State.SENT: 2000}
    assert set(relay.accepted.values()) == {1}


async def test_a_worker_on_a_copy_sends_once_it_is_adopted_and_not_before(town, relay):
    now = SystemClock().now()
    night = await town.settle(50, now=now)
    async with town.store.transaction() as tx:
        await tx.deployment.fence(is_paused=True)

    async with town.worker() as worker:
        async with asyncio.timeout(60):
            while not await is_at_work(town):
                pass
        untouched = await counts(town, night)
        worker.terminate()
        await worker.wait()
    before = relay.accepted.total()
    await deployment.adopt(town.store, is_nothing_sent=True, by="ops", now=now)
    await deployment.resume(town.store, by="ops", now=now)
    async with town.worker():
        await relay.has_taken(50)

    assert (untouched, before) == ({}, 0)
    assert set(relay.accepted.values()) == {1}


async def is_at_work(town):
    async with town.store.transaction() as tx:
        return (await tx.workers.alive()).workers == 1
