"""The database tells the time, and no statement acts on another one."""

from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.domain.outbox import Kind, Lane, State, put_back
from service.store.engine import opened
from service.store.trouble import RefusedByDatabase
from tests.builders import NOON, TODAY, message, subscriber
from tests.conftest import created, dropped, stop_clock
from tests.store.plain_sql import raw
from tests.store.test_people import pending

LEASE = timedelta(minutes=1)
A_MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
IN_DOUBT = "UPDATE timekeeping SET is_held = true"


async def told(store):
    async with store.transaction() as tx:
        return await tx.timekeeping.read()


async def claim(store, *, now, lane=Lane.EVENING):
    async with store.transaction() as tx:
        return await tx.outbox.claim(lane, limit=9, worker="w", lease=LEASE, now=now)


async def begin(store, messages, *, now):
    async with store.transaction() as tx:
        return await tx.outbox.begin(messages, worker="w", lease=LEASE, now=now)


async def state(store, kind=Kind.REMINDER):
    async with store.transaction() as tx:
        found = await tx.outbox.state_of(1, TODAY)
    return next(one.state for one in found if one.kind is kind)


@pytest_asyncio.fixture
async def waiting(ready):
    """A store in which a reminder may be sent from NOON on, for two hours."""
    async with ready.transaction() as tx:
        await tx.outbox.put([message()])
    return ready


@pytest.fixture(params=["ahead", "behind"])
def wrong(request):
    """What a worker thinks whose clock is an hour off."""
    return NOON + (HOUR if request.param == "ahead" else -HOUR)


async def test_the_time_is_the_server_s_where_nothing_shifts_it(database_url, sealer):
    (row,) = await raw(database_url, "SELECT now() AS server, eventide_now() AS ours")
    async with opened(database_url, sealer) as store:
        found = await told(store)
        assert abs(await store.now() - row["server"]) < HOUR

    assert (row["ours"] - row["server"]) < A_MINUTE
    assert found.instant == found.server
    assert not found.is_shifted


async def test_a_statement_has_one_time_however_long_it_takes(database_url):
    both = """
        SELECT first, eventide_now() AS last FROM (
            SELECT eventide_now() AS first, pg_sleep(0.02) OFFSET 0
        ) AS slow
    """
    (row,) = await raw(database_url, both)
    (later,) = await raw(database_url, "SELECT eventide_now() AS at")

    assert row["first"] == row["last"] < later["at"]


async def test_a_demo_s_clock_moves_forward_and_runs_on(database_url, sealer):
    evening = NOON + timedelta(days=4000)
    async with opened(database_url, sealer) as store:
        async with store.transaction() as tx:
            await tx.timekeeping.let_shift()
        before = await told(store)
        for instant in (evening, evening - HOUR):
            async with store.transaction() as tx:
                await tx.timekeeping.move_to(instant)
        first, second = await store.now(), await store.now()

    assert before.is_shifted
    assert abs(before.instant - before.server) < A_MINUTE
    assert evening <= first < second < evening + HOUR


@pytest.mark.parametrize("who", ["subscriber", "sign-up"])
async def test_where_people_are_no_clock_is_shifted(database_url, sealer, who):
    async with opened(database_url, sealer) as store:
        async with store.transaction() as tx:
            if who == "subscriber":
                await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
            else:
                await tx.signups.add(pending(1))
        with pytest.raises(RefusedByDatabase):
            async with store.transaction() as tx:
                await tx.timekeeping.let_shift()

        assert not (await told(store)).is_shifted


async def test_a_copy_of_a_demo_has_the_true_time(
    store, database_url, database_server, sealer
):
    name = f"copy_{uuid4().hex[:12]}"
    await store._engine.dispose()  # noqa: SLF001 - a template must be left alone
    url = await created(
        database_server, name, template=make_url(database_url).database or ""
    )
    async with opened(url, sealer) as copy:
        found = await told(copy)
    await dropped(database_server, name)

    assert await store.now() == NOON
    assert not found.is_shifted
    assert found.instant == found.server


@pytest.mark.parametrize("lane", Lane)
async def test_nothing_is_claimed_at_another_time_than_the_database_s(
    ready, wrong, lane
):
    kinds = (Kind.REMINDER, Kind.CONFIRMATION)
    async with ready.transaction() as tx:
        await tx.outbox.put(
            [message(kind=kind, not_before=NOON - 2 * HOUR) for kind in kinds]
        )

    assert await claim(ready, now=wrong, lane=lane) == ()
    assert len(await claim(ready, now=NOON, lane=lane)) == 1


async def test_nothing_is_begun_kept_reaped_or_expired_at_another_time(
    waiting, database_url, wrong
):
    claimed = await claim(waiting, now=NOON)
    lease = "SELECT lease_until FROM outbox"
    before = await raw(database_url, lease)

    assert await begin(waiting, claimed, now=wrong) == ()
    async with waiting.transaction() as tx:
        await tx.outbox.keep(claimed, worker="w", lease=2 * LEASE, now=wrong)
    assert await raw(database_url, lease) == before
    await raw(database_url, "UPDATE outbox SET lease_until = now(), expires_at = now()")
    async with waiting.transaction() as tx:
        reaped = await tx.outbox.reap(now=wrong)
    await raw(database_url, "UPDATE outbox SET state = 'due'")
    await stop_clock(waiting, NOON + timedelta(days=4000))
    async with waiting.transaction() as tx:
        assert await tx.outbox.expire(why="x", now=wrong) == 0
    assert reaped.released == 0
    assert await state(waiting) is State.DUE


async def test_a_reminder_is_never_begun_before_the_start_that_was_planned(waiting):
    claimed = await claim(waiting, now=NOON)
    early = NOON - timedelta(seconds=1)
    await stop_clock(waiting, early)

    assert await begin(waiting, claimed, now=early) == ()
    await stop_clock(waiting, NOON)
    assert len(await begin(waiting, claimed, now=NOON)) == 1


async def test_no_outcome_lets_a_reminder_start_earlier(waiting):
    (mine,) = await begin(waiting, await claim(waiting, now=NOON), now=NOON)
    back = put_back(mine, "x", until=NOON - HOUR)
    async with waiting.transaction() as tx:
        await tx.outbox.record([back], worker="w", now=NOON)

    early = NOON - timedelta(seconds=1)
    await stop_clock(waiting, early)
    assert await claim(waiting, now=early) == ()
    await stop_clock(waiting, NOON)
    assert await claim(waiting, now=NOON) == (mine,)


async def test_a_few_seconds_between_two_clocks_are_none_of_the_matter(waiting):
    assert len(await claim(waiting, now=NOON + timedelta(seconds=29))) == 1


async def test_while_the_clock_is_in_doubt_nothing_is_sent_or_given_up(
    waiting, database_url
):
    claimed = await claim(waiting, now=NOON)
    await raw(database_url, IN_DOUBT)
    await raw(database_url, "UPDATE outbox SET lease_until = now()")

    assert await begin(waiting, claimed, now=NOON) == ()
    async with waiting.transaction() as tx:
        assert (await tx.outbox.reap(now=NOON)).released == 0
        assert not await tx.timekeeping.is_trusted(now=NOON)
    await raw(database_url, "UPDATE outbox SET state = 'due'")
    assert await claim(waiting, now=NOON) == ()
    late = NOON + timedelta(days=1)
    await stop_clock(waiting, late)
    async with waiting.transaction() as tx:
        assert await tx.outbox.expire(why="x", now=late) == 0


async def test_a_lease_given_while_the_clock_was_ahead_is_none(waiting, database_url):
    await claim(waiting, now=NOON)
    ahead = "UPDATE outbox SET lease_until = now() + interval '8 hours'"
    await raw(database_url, ahead)

    async with waiting.transaction() as tx:
        assert (await tx.outbox.reap(now=NOON)).released == 1


async def test_a_step_that_another_saw_meanwhile_is_not_forgotten(store):
    async with store.transaction() as tx:
        first = await tx.timekeeping.hold()
        second = await tx.timekeeping.hold()
        await tx.timekeeping.release(steps=first)
        between = await tx.timekeeping.read()
        await tx.timekeeping.release(steps=second)
        after = await tx.timekeeping.read()

    assert (between.is_held, after.is_held) == (True, False)
    assert after.high_water == NOON


async def test_the_high_water_mark_never_falls(store):
    async with store.transaction() as tx:
        await tx.timekeeping.advance()
    await stop_clock(store, NOON - HOUR)
    async with store.transaction() as tx:
        await tx.timekeeping.advance()

    assert (await told(store)).high_water == NOON
