"""No mail at the wrong hour and no evening lost, whatever any clock shows."""

import asyncio

import pytest

from tests.clocks.conftest import LIBRARY

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not here")
WRONG = "the clock of this machine is wrong"
STEPPED = "the clock of the database stepped"
AGAIN = "clocks agree again"
#: The evening has begun when so many mails are out.
SOME = 15


@pytest.mark.parametrize("ahead", ["+15h", "+8h", "-1h", "+45s"])
async def test_a_worker_that_starts_with_a_wrong_clock_waits_until_it_is_right(
    world, ahead
):
    clock = world.clock(ahead=ahead)
    async with world.worker(clock) as worker:
        await worker.says(WRONG)
        wrong = await worker.readiness(), len(world.relay.taken)
        clock.set("+0")
        await worker.says(AGAIN)
        await world.relay.has_taken(len(world.tonight()))
        right = await worker.readiness()

    assert (wrong, right) == ((503, 0), 200)
    assert (worker.count(WRONG), worker.count(AGAIN)) == (1, 1)
    assert await world.faults() == []


@pytest.mark.parametrize("ahead", ["+15h", "+8h", "+1d", "-1h", "+45s"])
async def test_a_clock_that_steps_in_the_evening_mails_nobody_at_a_wrong_hour(
    world, ahead
):
    clock = world.clock()
    async with world.worker(clock) as worker:
        await world.relay.has_taken(SOME)
        clock.set(ahead)
        await worker.says(WRONG)
        # The +1 day that went on for 15 seconds, and at least as long for the others.
        beats = await worker.ticked("beat")
        await worker_ticks(worker, beats + 2)
        clock.set("+0")
        await worker.says(AGAIN)
        await world.relay.has_taken(len(world.tonight()))

    assert await world.faults() == []


async def worker_ticks(worker, beats):
    """Return once it had so many heartbeats; a wrong clock may delay none."""
    began = asyncio.get_running_loop().time()
    due = beats - await worker.ticked("beat")
    while await worker.ticked("beat") < beats:
        await asyncio.sleep(0.2)
        late = asyncio.get_running_loop().time() - began - 10 * due
        assert late < 15


async def test_the_others_go_on_without_the_one_whose_clock_is_wrong(world):
    right, wrong = world.clock("right"), world.clock("wrong", "+8h")
    async with world.worker(wrong) as idle, world.worker(right):
        await idle.says(WRONG)
        await world.relay.has_taken(len(world.tonight()))
        async with world.store.transaction() as tx:
            crew = await tx.workers.alive()

    assert crew.workers == 1
    assert await world.faults() == []


@pytest.mark.parametrize(("ahead", "seconds"), [("+8h", 60), ("-1h", 60), ("+1d", 15)])
async def test_a_step_of_the_database_s_clock_and_all_others_loses_no_evening(
    stepped, ahead, seconds
):
    world, clock = stepped.world, stepped.clock
    async with world.worker(clock) as one, world.worker(clock) as two:
        await world.relay.has_taken(SOME)
        clock.set(ahead)
        await one.says(STEPPED)
        await two.says(STEPPED)
        out = len(world.relay.taken)
        # What this is about lasts so long.
        await asyncio.sleep(seconds)
        async with world.worker(clock) as late:
            await late.says(STEPPED)
            still = len(world.relay.taken)
            clock.set("+0")
            await late.says(AGAIN)
            await world.relay.has_taken(len(world.tonight()))

    assert out == still
    assert await world.faults() == []
