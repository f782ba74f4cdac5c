"""What a promoted server may send: a primary, its standby, and real failovers."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text

from service.domain.errors import TryLater
from service.domain.outbox import Kind, Lane, State
from service.flows import deployment
from service.store.deployment import Standing
from service.store.engine import opened
from service.store.vitals import Replication, vitals
from tests.builders import NOON, TODAY, message
from tests.conftest import administer, stop_clock
from tests.failover.pair import STANDBY, pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINUTE = timedelta(minutes=1)
RESET = """
    SET synchronous_commit = on;
    TRUNCATE outbox, worker;
    DELETE FROM deployment;
    INSERT INTO deployment SELECT true, database_identity(), false, wal_timeline();
"""
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both():
    async with pair(is_durable=False) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def servers(both):
    """A primary and a standby that every commit waits for."""
    await administer(both.url, RESET)
    yield both
    both.names = STANDBY
    await both.empty_names()
    await both.follow()


@pytest_asyncio.fixture(loop_scope="module")
async def store(servers, sealer):
    """A store that promises nothing, with a mail that waits in either lane."""
    async with opened(servers.url, sealer, rested=0) as made:
        await stop_clock(made, NOON)
        async with made.transaction() as tx:
            await tx.outbox.ensure_partitions(around=TODAY)
            await tx.outbox.put([message(1), message(2, kind=Kind.CONFIRMATION)])
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def promised(store, servers, sealer):  # noqa: ARG001 - what waits is there
    """A store whose operator promised that commits wait, once the word is given."""
    async with opened(servers.url, sealer, rested=0, is_promised=True) as made:
        await deployment.keep_word(made)
        yield made


async def claimed(store, lane=Lane.EVENING):
    async with store.transaction() as tx:
        return await tx.outbox.claim(lane, limit=9, worker="w", lease=MINUTE, now=NOON)


async def begun(store, messages):
    async with store.transaction() as tx:
        return await tx.outbox.begin(messages, worker="w", lease=MINUTE, now=NOON)


async def seen(store):
    """What is known to be lost, once the promoted server was looked at."""
    await deployment.look(store, now=await store.now())
    return await deployment.lost_seconds(store)


async def word(servers):
    (row,) = await servers.ask("SELECT replication FROM deployment")
    return row["replication"]


async def waiting(servers):
    """The process whose commit waits for a standby, once one does."""
    async with asyncio.timeout(60):
        while not (found := await servers.ask(WAITING)):
            pass
    return found[0]["pid"]


# --- After a promotion ------------------------------------------------------


async def test_a_promoted_server_sends_no_reminder_but_confirmations_go_on(
    store, servers
):
    await servers.fail_over()

    assert await deployment.standing(store) is Standing.PROMOTED
    assert await claimed(store) == ()
    assert len(await claimed(store, Lane.PRIORITY)) == 1


async def test_what_was_claimed_before_a_failover_is_not_begun_after_it(store, servers):
    reminders = await claimed(store)
    confirmations = await claimed(store, Lane.PRIORITY)
    await servers.fail_over()

    assert await begun(store, reminders) == ()
    assert len(await begun(store, confirmations)) == 1


async def test_the_lost_seconds_begin_with_the_last_sign_of_life_and_end_when_seen(
    store, servers
):
    async with store.transaction() as tx:
        await tx.workers.beat("one", per_second=1)
    alive_at = datetime.now(UTC)  # noqa: TID251 - beside PostgreSQL's own clock
    await servers.fail_over()

    first = await seen(store)
    async with store.transaction() as tx:
        await tx.workers.beat("one", per_second=1)

    before, since = first.timelines
    assert since == before + 1
    assert first.since
    assert first.since < alive_at + MINUTE
    assert first.since < first.until
    assert await seen(store) == first


async def test_a_second_promotion_widens_what_is_lost(store, servers):
    await servers.fail_over()
    first = await seen(store)
    await stop_clock(store, first.until + MINUTE)
    await servers.fail_over()
    second = await seen(store)

    assert second.timelines == (first.timelines[0], first.timelines[1] + 1)
    assert second.until > first.until
    assert second.since == first.since


async def test_with_the_word_in_its_row_a_promoted_server_goes_on_by_itself(
    promised, servers
):
    reminders = await claimed(promised)
    await servers.fail_over()

    assert await deployment.standing(promised) is Standing.SENDS
    assert len(await begun(promised, reminders)) == 1
    assert await deployment.keep_word(promised)
    assert not await deployment.keep_word(promised)


async def test_a_server_that_was_recovered_to_a_point_in_time_waits_for_adopt(
    promised, servers
):
    await servers.ask("SELECT pg_create_restore_point('before')")
    await servers.ask("SELECT pg_switch_wal()")
    await servers.other.ask("SELECT pg_wal_replay_pause()")
    reminders = await claimed(promised)
    sent = await begun(promised, reminders)
    await servers.recover_to("before")

    again = await claimed(promised)
    first = await deployment.standing(promised)
    await deployment.look(promised, now=await promised.now())
    # Started again, its settings no longer name the point.
    await servers.restart(signal.SIGINT)

    assert (len(sent), again) == (1, ())
    assert first is Standing.PROMOTED
    assert await deployment.standing(promised) is Standing.PROMOTED
    assert await word(servers) == "asynchronous"


async def test_a_setting_gives_no_word_to_a_server_that_was_promoted_without(
    servers, sealer
):
    await servers.fail_over()

    async with opened(servers.url, sealer, is_promised=True) as late:
        await deployment.keep_word(late)
        assert await deployment.standing(late) is Standing.PROMOTED

    assert await word(servers) == "asynchronous"


# --- While the word is given ------------------------------------------------


async def test_a_reminder_that_no_standby_has_is_not_begun(promised, servers):
    reminders = await claimed(promised)
    await servers.lose_standby()
    begin = asyncio.create_task(begun(promised, reminders))
    await servers.ask("SELECT pg_cancel_backend($1)", await waiting(servers))

    # The server warns, and says that it is committed all the same.
    with pytest.raises(TryLater, match="no standby is known"):
        await begin
    (row,) = await servers.ask("SELECT state FROM outbox WHERE kind = 'reminder'")
    assert row["state"] == State.SENDING


async def test_a_commit_that_takes_too_long_is_none(promised, servers, sealer):
    reminders = await claimed(promised)
    await servers.lose_standby()
    async with opened(servers.url, sealer, longest_command=1) as hasty:
        with pytest.raises(TryLater, match="no answer in time"):
            await begun(hasty, reminders)


async def test_a_commit_whose_connection_is_ended_is_none(promised, servers):
    reminders = await claimed(promised)
    await servers.lose_standby()
    begin = asyncio.create_task(begun(promised, reminders))
    await servers.ask("SELECT pg_terminate_backend($1)", await waiting(servers))

    with pytest.raises(TryLater):
        await begin


async def test_whoever_lets_go_what_waits_begins_nothing_by_it(promised, servers):
    reminders = await claimed(promised)
    await servers.lose_standby()
    begin = asyncio.create_task(begun(promised, reminders))
    await waiting(servers)
    await servers.empty_names()

    with pytest.raises(TryLater, match="no standby is known"):
        await begin


async def test_what_was_not_begun_is_begun_once_the_standby_is_back(promised, servers):
    reminders = await claimed(promised)
    await servers.lose_standby()
    begin = asyncio.create_task(begun(promised, reminders))
    await servers.ask("SELECT pg_cancel_backend($1)", await waiting(servers))
    with pytest.raises(TryLater):
        await begin
    await servers.follow()

    (again,) = await begun(promised, reminders)
    assert again.attempts == 1


@pytest.mark.parametrize("is_setting_gone", [True, False])
async def test_without_a_standby_to_wait_for_reminders_are_held(
    promised, store, servers, is_setting_gone
):
    held = store if is_setting_gone else promised
    reminders = await claimed(held)
    await servers.empty_names()

    assert await deployment.standing(held) is Standing.ALONE
    assert await begun(held, reminders) == ()
    assert await claimed(held) == ()
    assert len(await claimed(held, Lane.PRIORITY)) == 1


async def test_where_commits_wait_for_no_disk_reminders_are_held(promised):
    reminders = await claimed(promised)
    async with promised.transaction() as tx:
        connection = tx.deployment._connection  # noqa: SLF001 - as a pooler might
        await connection.execute(text("SET LOCAL synchronous_commit = remote_write"))

        assert await tx.deployment.state() is Standing.ALONE
        assert (
            await tx.outbox.begin(reminders, worker="w", lease=MINUTE, now=NOON) == ()
        )


# --- Taking the word back ---------------------------------------------------


async def test_a_word_that_is_taken_back_is_gone_from_the_standby_too(
    promised, store, servers
):
    assert await deployment.standing(promised) is Standing.SENDS
    assert await word(servers) == "synchronous"
    await deployment.keep_word(store)
    assert await word(servers) == "asynchronous"
    await servers.fail_over()

    assert await deployment.standing(store) is Standing.PROMOTED


async def test_a_word_that_the_standby_still_has_is_kept(promised, store, servers):
    assert await deployment.standing(promised) is Standing.SENDS
    await servers.lose_standby()
    take_back = asyncio.create_task(deployment.keep_word(store))
    await waiting(servers)
    await servers.empty_names()
    with pytest.raises(TryLater):
        await take_back

    await deployment.keep_word(store)

    assert await word(servers) == "ending"
    assert await deployment.standing(store) is Standing.ALONE


async def test_whoever_has_no_standby_any_more_adopts_to_go_on(
    promised, store, servers
):
    await servers.empty_names()

    done = await deployment.adopt(store, is_nothing_sent=False, by="ops", now=NOON)

    assert (done.waited, done.due) == ((), ())
    assert await deployment.standing(store) is Standing.SENDS
    assert await deployment.standing(promised) is Standing.ALONE
    assert len(await claimed(store)) == 1


# --- What a doctor sees -----------------------------------------------------


async def test_a_doctor_sees_the_standby_and_that_commits_wait_for_it(servers):
    primary = (await vitals(servers.url)).replication
    standby = (await vitals(servers.other.url)).replication
    await servers.empty_names()

    assert primary == Replication(
        is_standby=False, is_synchronous=True, standbys=1, waited_for=1, unseen=0
    )
    assert standby.is_standby
    assert not (await vitals(servers.url)).replication.is_synchronous
