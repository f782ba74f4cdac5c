"""The audit log: kept with the act, in one order, and no alteration stays unseen."""

import asyncio

import asyncpg
import pytest

from service.domain.audit import BEGINNING, Act
from service.flows import audit
from tests.builders import NOON
from tests.store.plain_sql import raw

OFF = "ALTER TABLE audit DISABLE TRIGGER audit_is_append_only"


async def add(store, count=3):
    for number in range(count):
        async with store.transaction() as tx:
            await tx.audit.add(
                "ada", Act.LINK_SENT, number + 1, f"é {number}", now=NOON
            )


async def test_entries_have_numbers_without_gaps_and_make_one_chain(store, capsys):
    await add(store)

    verdict = await audit.verify(store)

    logged = capsys.readouterr().out
    assert (verdict.entries, verdict.broken_at) == (3, None)
    assert f"digest={verdict.head.hex()} number=3" in logged


async def test_an_empty_log_is_whole(store):
    verdict = await audit.verify(store)

    assert (verdict.entries, verdict.head, verdict.broken_at) == (0, BEGINNING, None)


async def test_an_act_that_fails_leaves_no_entry_and_no_line_in_the_log(store, capsys):
    async def fail():
        async with store.transaction() as tx:
            await tx.audit.add("ada", Act.ALL_PAUSED, now=NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert (await audit.verify(store)).entries == 0
    assert "audit entry" not in capsys.readouterr().out


async def test_several_acts_of_one_transaction_are_in_the_chain(store):
    async with store.transaction() as tx:
        await tx.audit.add("ada", Act.ALL_PAUSED, now=NOON)
        await tx.audit.add("ada", Act.ALL_RESUMED, now=NOON)

    assert (await audit.verify(store)).entries == 2


async def test_those_who_add_at_once_take_turns(store):
    await asyncio.gather(*(add(store, 5) for _ in range(5)))

    verdict = await audit.verify(store)

    assert (verdict.entries, verdict.broken_at) == (25, None)


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit SET operator = 'eve' WHERE number = 2", 2),
        ("UPDATE audit SET act = 'all paused' WHERE number = 2", 2),
        ("UPDATE audit SET details = 'nothing' WHERE number = 3", 3),
        ("UPDATE audit SET subscriber_id = NULL WHERE number = 1", 1),
        ("UPDATE audit SET at = at + interval '1 microsecond' WHERE number = 1", 1),
        ("UPDATE audit SET digest = '\\x00' WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("UPDATE audit SET number = 9 WHERE number = 3", 3),
        (
            """INSERT INTO audit
            SELECT 4, at, operator, act, subscriber_id, details, digest
            FROM audit WHERE number = 3""",
            4,
        ),
    ],
)
async def test_whatever_is_altered_is_found(store, database_url, tampering, broken_at):
    await add(store)
    await raw(database_url, OFF)

    await raw(database_url, tampering)

    assert (await audit.verify(store)).broken_at == broken_at


async def test_a_log_that_was_cut_short_lacks_the_entry_that_was_noted(
    store, database_url
):
    await add(store)
    head = (await audit.verify(store)).head
    noted = await audit.has(store, 3, head)
    await raw(database_url, OFF)

    await raw(database_url, "DELETE FROM audit WHERE number = 3")

    assert noted
    assert (await audit.verify(store)).broken_at is None
    assert not await audit.has(store, 3, head)
    assert not await audit.has(store, 2, head)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET operator = 'eve'", "DELETE FROM audit", "TRUNCATE audit"],
)
async def test_the_database_refuses_to_change_or_remove_an_entry(
    store, database_url, statement
):
    await add(store)

    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await raw(database_url, statement)
