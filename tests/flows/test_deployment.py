"""A paused service and a restored copy: what goes out, what is kept, what is given up."""

from datetime import timedelta

import pytest

from service.domain.outbox import Kind, Lane, State, put_back
from service.flows import deployment
from service.flows.plan import plan
from service.flows.upkeep import upkeep
from tests.builders import NOON, TODAY, message
from tests.conftest import administer

SEVEN_HOURS = {"hours": 7, "minutes": 30}
A_SECOND, A_MINUTE = timedelta(seconds=1), timedelta(minutes=1)


async def fence(world, *, is_paused=False):
    async with world.store.transaction() as tx:
        await tx.deployment.fence(is_paused=is_paused)


async def adopted(world, *, is_nothing_sent=False):
    now = world.clock.now()
    return await deployment.adopt(
        world.store, is_nothing_sent=is_nothing_sent, by="ops", now=now
    )


async def reminders(world):
    async with world.store.transaction() as tx:
        counts = await tx.outbox.counts(TODAY)
    # The confirmation mail, which has gone out before.
    return {state: n for state, n in counts.items() if n and state is not State.SENT}


async def next_due_at(world, who):
    async with world.store.transaction() as tx:
        return await tx.subscribers.next_due_at(who)


async def test_a_paused_evening_is_planned_and_ends_with_its_reason(world):
    await world.join()
    await deployment.pause(world.store, by="ops", now=world.clock.now())

    mails = await world.run(**SEVEN_HOURS)
    waiting = await reminders(world)
    await world.run(hours=3)

    assert len(mails) == 1
    assert waiting == {State.DUE: 1}
    async with world.store.transaction() as tx:
        (lost,) = await tx.outbox.not_sent(since=TODAY)
    assert (lost.state, lost.reason) == (State.EXPIRED, "paused by the operator")


async def test_what_waits_goes_out_when_the_service_goes_on(world):
    await world.join()
    await deployment.pause(world.store, by="ops", now=world.clock.now())
    await world.run(**SEVEN_HOURS)
    await deployment.resume(world.store, by="ops", now=world.clock.now())

    assert len(await world.run(minutes=1)) == 2


async def test_a_copy_stays_as_it_was_restored(world):
    who = await world.join()
    due_at = await next_due_at(world, who)
    await fence(world)

    mails = await world.run(days=400)

    assert len(mails) == 1
    assert await next_due_at(world, who) == due_at


async def test_an_adopted_copy_sends_nothing_that_may_have_been_sent_before(world):
    who = await world.join()
    await world.join("bob@example.org")
    await world.join("cyd@example.org")
    await world.passes(timedelta(**SEVEN_HOURS))
    await plan(world.store, world.library, limit=1, now=world.clock.now())
    await fence(world)

    done = await adopted(world)
    mails = await world.run(minutes=1)

    assert (len(done.due), len(done.waited)) == (2, 1)
    assert len(mails) == 3
    assert await reminders(world) == {State.UNKNOWN: 1}
    assert await next_due_at(world, who) > world.clock.now() + timedelta(hours=20)
    assert len(await world.run(days=1)) == 3 + 3


@pytest.mark.parametrize("is_paused", [True, False])
async def test_a_copy_sends_all_that_waits_where_the_operator_knows_that_nothing_was_sent(
    world, is_paused
):
    await world.join()
    await world.join("bob@example.org")
    await world.passes(timedelta(**SEVEN_HOURS))
    await plan(world.store, world.library, limit=1, now=world.clock.now())
    await fence(world, is_paused=is_paused)

    done = await adopted(world, is_nothing_sent=True)
    mails = await world.run(minutes=1)
    await deployment.resume(world.store, by="ops", now=world.clock.now())

    assert (done.due, done.waited) == ((), ())
    assert len(mails) == (2 if is_paused else 4)
    assert len(await world.run(minutes=1)) == 4


@pytest.mark.parametrize("is_paused_by_whom", ["the backup", "the operator"])
async def test_a_pause_is_no_proof_that_nothing_was_sent(world, is_paused_by_whom):
    await world.join()
    await world.join("bob@example.org")
    await world.passes(timedelta(**SEVEN_HOURS))
    await plan(world.store, world.library, limit=1, now=world.clock.now())
    await fence(world, is_paused=is_paused_by_whom == "the backup")
    if is_paused_by_whom == "the operator":
        await deployment.pause(world.store, by="ops", now=world.clock.now())

    done = await adopted(world)
    await deployment.resume(world.store, by="ops", now=world.clock.now())

    assert (len(done.due), len(done.waited)) == (1, 1)
    assert len(await world.run(minutes=1)) == 2


async def test_adopting_a_database_that_sends_already_changes_nothing(world):
    await world.join()
    await world.passes(timedelta(**SEVEN_HOURS))
    await plan(world.store, world.library, limit=1, now=world.clock.now())

    done = await adopted(world)

    assert (done.due, done.waited) == ((), ())
    assert len(await world.run(minutes=1)) == 2


@pytest.mark.parametrize("is_fenced", [False, True])
async def test_upkeep_of_a_copy_drops_nothing(world, is_fenced):
    await world.ask()
    if is_fenced:
        await fence(world)

    await world.passes(timedelta(days=30))
    await upkeep(world.store, now=world.clock.now())

    async with world.store.transaction() as tx:
        kept = await tx.signups.recent("ada@example.org", since=NOON)
    assert kept == int(is_fenced)


async def test_the_last_mail_of_the_database_before_is_known(world):
    assert await deployment.last_sent_at(world.store) is None
    await world.join()
    assert await deployment.last_sent_at(world.store) == world.clock.now()
    assert await world.post(Lane.EVENING)


async def test_who_paused_resumed_and_adopted_is_in_the_audit_log(world):
    now = world.clock.now()
    for act in (deployment.pause, deployment.resume):
        await act(world.store, by="ops", now=now)
    await adopted(world)
    await adopted(world, is_nothing_sent=True)

    async with world.store.transaction() as tx:
        found = await tx.audit.newest(operator="ops", before=99, limit=9)
    assert [(entry.act, entry.details) for entry in found] == [
        ("database adopted", "nothing was sent, says the operator"),
        ("database adopted", "held back: 0 waiting, 0 due"),
        ("all resumed", ""),
        ("all paused", ""),
    ]


# --- A promoted server ------------------------------------------------------


async def promote(database_url, *, since, until):
    """Let the row be that of a server before this one, promoted between two instants."""
    await administer(
        database_url,
        "UPDATE deployment SET timeline = 99, seen_timeline = wal_timeline(),"  # noqa: S608
        f" replicated_until = '{since}', seen_at = '{until}'",
    )


async def test_a_promoted_server_holds_back_only_what_was_due_in_the_lost_seconds(
    world, database_url
):
    await world.join()
    await world.passes(timedelta(**SEVEN_HOURS))
    now = world.clock.now()
    late = {"expires_at": now + A_MINUTE}
    async with world.store.transaction() as tx:
        await tx.outbox.put(
            [
                message(11, not_before=now - A_MINUTE, expires_at=now),
                message(12, not_before=now - A_MINUTE, **late),
                message(13, not_before=now + A_MINUTE, **late),
                message(14, not_before=now, kind=Kind.CONFIRMATION, **late),
            ]
        )
    await promote(database_url, since=now, until=now + A_SECOND)
    assert len(await world.post(Lane.EVENING)) == 1
    await world.passes(timedelta(minutes=5))

    done = await adopted(world)

    assert (done.waited, done.due) == ((12,), (1,))
    assert await reminders(world) == {State.UNKNOWN: 1, State.DUE: 3}
    async with world.store.transaction() as tx:
        (lost,) = (
            n for n in await tx.outbox.not_sent(since=TODAY) if n.state == "unknown"
        )
    assert lost.reason == "sent before the failover or not"
    assert await deployment.standing(world.store) == "sends"


async def test_whoever_was_due_after_a_promotion_still_gets_tonights_mail(
    world, database_url
):
    who = await world.join()
    due_at = await next_due_at(world, who)
    await promote(database_url, since=due_at - A_MINUTE, until=due_at - A_SECOND)
    before = await world.run(**SEVEN_HOURS)

    done = await adopted(world)

    assert (len(before), done.waited, done.due) == (1, (), ())
    assert len(await world.run(minutes=1)) == 2


async def test_the_lost_seconds_last_until_the_time_that_a_worker_knew_before(
    world, database_url
):
    await administer(database_url, "UPDATE deployment SET timeline = 99")
    ahead = world.clock.now() + A_MINUTE

    assert await deployment.look(world.store, now=ahead) == "promoted"
    assert await deployment.look(world.store, now=ahead + A_MINUTE) == "promoted"

    lost = await deployment.lost_seconds(world.store)
    assert (lost.timelines, lost.since, lost.until) == ((99, 1), None, ahead)


async def test_what_a_worker_put_back_after_a_promotion_is_held_back_too(
    world, database_url
):
    now = world.clock.now()
    async with world.store.transaction() as tx:
        await tx.outbox.ensure_partitions(around=TODAY)
        await tx.outbox.put([message(11), message(12, not_before=now + A_MINUTE)])
        claimed = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="w", lease=A_MINUTE, now=now
        )
    await promote(database_url, since=now, until=now)
    later = now + A_MINUTE
    async with world.store.transaction() as tx:
        back = [put_back(claimed[0], "its worker stopped", until=later)]
        await tx.outbox.record(back, worker="w", now=later)
    await world.passes(A_MINUTE)

    assert (await adopted(world)).waited == (11,)


async def test_leases_end_on_a_promoted_server_and_nothing_else_does(
    world, database_url
):
    await world.ask()
    now = world.clock.now()
    async with world.store.transaction() as tx:
        await tx.outbox.put([message(11, expires_at=now)])
        await tx.outbox.claim(
            Lane.PRIORITY, limit=1, worker="w", lease=-A_MINUTE, now=now
        )
    await promote(database_url, since=now, until=now)

    await world.passes(A_MINUTE)
    left = await upkeep(world.store, now=world.clock.now())

    assert (left.released, left.unknown, left.expired) == (1, 0, 0)


async def test_an_evening_without_a_standby_ends_with_its_reason(world, database_url):
    await world.join()
    await administer(database_url, "UPDATE deployment SET replication = 'synchronous'")

    mails = await world.run(hours=11)

    assert len(mails) == 1
    async with world.store.transaction() as tx:
        (lost,) = await tx.outbox.not_sent(since=TODAY)
    assert (lost.state, lost.reason) == (State.EXPIRED, "no standby was there")
