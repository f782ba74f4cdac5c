"""A clock that is wrong, or that stepped, sends nothing; and is believed again in time."""

from datetime import timedelta

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from service.clock import SystemClock
from service.domain.errors import TryLater
from service.flows import timekeeping
from service.flows.timekeeping import BEAT_SECONDS, LISTEN_SECONDS, Trust
from tests.builders import NOON
from tests.conftest import stop_clock
from tests.store.plain_sql import cut_off, raw

HOLD_SECONDS = 600
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
STEPS = [8 * HOUR, -HOUR, 31 * SECOND, -31 * SECOND]


class Machine(SystemClock):
    """One whose clock is wrong by so much, with steady seconds that a test moves."""

    def __init__(self):
        self.wrong_by = timedelta()
        self.steady = 1000.0
        self.lag = 0.0
        self.kernel = None

    def now(self):
        return super().now() + self.wrong_by

    def seconds(self):
        self.steady += self.lag
        return self.steady

    def synchronised(self):
        return self.kernel


class Town:
    """A database whose clock stands until a test moves it, and its workers."""

    def __init__(self, store):
        self.store = store
        self.now = NOON
        self.machines = []

    async def worker(self, *, kernel=None):
        self.machines.append(Machine())
        self.machines[-1].kernel = kernel
        keeper = await timekeeping.started(
            self.store, self.machines[-1], hold_seconds=HOLD_SECONDS
        )
        return self.machines[-1], keeper

    async def step(self, by):
        """Set the database's clock forward or back."""
        self.now += by
        await stop_clock(self.store, self.now)

    async def passes(self, seconds):
        """Let so much time pass everywhere."""
        for machine in self.machines:
            machine.steady += seconds
        await self.step(seconds * SECOND)

    async def told(self):
        async with self.store.transaction() as tx:
            return await tx.timekeeping.read()


@pytest_asyncio.fixture
async def town(store):
    return Town(store)


async def checked(*keepers):
    for keeper in keepers:
        await keeper.check()
    return [keeper.trust for keeper in keepers]


async def test_time_that_passes_is_no_step(town):
    _, one = await town.worker()
    for seconds in (BEAT_SECONDS, 3600, 90_000):
        await town.passes(seconds)
        assert await checked(one) == [Trust.TRUSTED]

    assert one.clock.now() == town.now
    assert (await town.told()).high_water == town.now
    assert one.trouble == ""


@pytest.mark.parametrize("wrong_by", [15 * HOUR, -HOUR, 45 * SECOND])
async def test_a_machine_whose_clock_is_wrong_holds_until_it_is_right(town, wrong_by):
    machine, keeper = await town.worker()
    _, other = await town.worker()

    with capture_logs() as lines:
        machine.wrong_by = wrong_by
        wrong = [await checked(keeper, other) for _ in range(2)]
        ahead, trouble = keeper.ahead, keeper.trouble
        machine.wrong_by = 20 * SECOND
        right = await checked(keeper, other)

    assert wrong == 2 * [[Trust.OWN_WRONG, Trust.TRUSTED]]
    assert abs(ahead - wrong_by) < 5 * SECOND
    assert trouble == "the clock of this machine is wrong"
    assert right == [Trust.TRUSTED, Trust.TRUSTED]
    assert keeper.clock.now() == town.now
    assert [(line["log_level"], line["action"]) for line in lines] == [
        ("error", "clock"),
        ("info", "clock"),
    ]


@pytest.mark.parametrize("by", STEPS)
async def test_a_step_of_the_database_s_clock_holds_everybody_for_ten_minutes(town, by):
    _, one = await town.worker()
    _, two = await town.worker()

    await town.step(by)
    with capture_logs() as lines:
        stepped = await checked(one)
        believed = one.clock.now()
        _, late = await town.worker()
        held = await checked(two, late, one)
        await town.passes(HOLD_SECONDS - 1)
        still = await checked(one, two, late)
        await town.passes(1)
        over = await checked(one, two, late)

    assert [*stepped, *held, *still] == 7 * [Trust.HELD]
    assert believed == NOON
    assert over == 3 * [Trust.TRUSTED]
    assert one.clock.now() == town.now
    told = await town.told()
    assert (told.is_held, told.high_water) == (False, town.now)
    assert [line["log_level"] for line in lines] == 3 * ["error"] + 3 * ["info"]


async def test_a_clock_that_steps_back_is_in_doubt_for_as_long_again(town):
    _, one = await town.worker()
    await town.step(8 * HOUR)
    await checked(one)
    await town.passes(HOLD_SECONDS - 1)
    await town.step(-8 * HOUR)
    back = await checked(one)
    await town.passes(HOLD_SECONDS - 1)
    still = await checked(one)
    await town.passes(1)

    assert back == still == [Trust.HELD]
    assert await checked(one) == [Trust.TRUSTED]
    assert one.clock.now() == town.now


async def test_a_step_that_another_saw_starts_the_ten_minutes_anew(town):
    _, one = await town.worker()
    await town.step(HOUR)
    await checked(one)
    await town.passes(HOLD_SECONDS - 1)
    async with town.store.transaction() as tx:
        await tx.timekeeping.hold()
    await checked(one)
    await town.passes(1)

    assert await checked(one) == [Trust.HELD]


async def test_ntp_may_say_sooner_that_the_database_s_clock_is_right(town):
    machine, one = await town.worker()
    await town.step(-HOUR)
    machine.kernel = NOON
    another_time = await checked(one)
    machine.kernel = town.now

    assert another_time == [Trust.HELD]
    assert await checked(one) == [Trust.TRUSTED]
    assert one.clock.now() == town.now


async def test_a_time_before_the_high_water_mark_holds_who_starts_then(town):
    await town.worker()
    await town.step(-31 * SECOND)
    town.machines.clear()

    _, late = await town.worker()
    await town.passes(HOLD_SECONDS)

    assert late.trust is Trust.HELD
    assert await checked(late) == [Trust.TRUSTED]


async def test_who_starts_after_an_outage_first_hears_what_others_say(town):
    await town.worker()
    town.machines.clear()
    await town.passes(3000)

    _, alone = await town.worker()
    silent = alone.trust, alone.trouble, alone.may_act
    before = await town.told()
    await town.passes(LISTEN_SECONDS)

    assert silent == (Trust.LISTENING, "", False)
    assert before.high_water == NOON
    assert await checked(alone) == [Trust.TRUSTED]


@pytest.mark.parametrize("is_kept_right", [False, True])
async def test_after_hours_without_a_heartbeat_a_clock_is_believed_if_ntp_says_so(
    town, is_kept_right
):
    await town.worker()
    town.machines.clear()
    # The machine was off for a while, or it boots with its battery's time.
    await town.step(8 * HOUR)

    _, alone = await town.worker(kernel=town.now if is_kept_right else None)
    await town.passes(LISTEN_SECONDS)

    expected = Trust.TRUSTED if is_kept_right else Trust.HELD
    assert await checked(alone) == [expected]


async def test_who_starts_during_a_step_is_told_of_it_before_it_acts(town):
    _, one = await town.worker()
    await town.step(HOUR / 2)

    _, late = await town.worker()
    first = late.trust
    await checked(one)
    await town.passes(LISTEN_SECONDS)

    assert first is Trust.LISTENING
    assert await checked(late) == [Trust.HELD]


async def test_a_database_that_is_slow_is_no_clock_that_stepped(town):
    machine, one = await town.worker()
    # A minute passes until an answer is there, and as long until anything else is.
    machine.lag = 60
    for _ in range(3):
        await town.step(120 * SECOND)
        assert await checked(one) == [Trust.TRUSTED]


async def test_a_step_is_not_forgotten_while_the_database_is_away(town, database_url):
    _, one = await town.worker()
    async with cut_off(database_url):
        with pytest.raises(TryLater):
            await one.check()
        trust = one.trust

    await town.step(HOUR)
    assert trust is Trust.TRUSTED
    assert await checked(one) == [Trust.HELD]


async def test_a_demo_s_next_evening_is_no_step(town):
    _, one = await town.worker()

    await one.move_to(NOON + 7 * HOUR)

    assert await checked(one) == [Trust.TRUSTED]
    assert one.clock.now() - NOON >= 7 * HOUR


async def test_a_database_without_its_row_lets_nothing_go(town, database_url):
    _, one = await town.worker()
    await raw(database_url, "DELETE FROM timekeeping")

    async with town.store.transaction() as tx:
        assert not await tx.timekeeping.is_trusted(now=NOON)
    assert one.may_act
