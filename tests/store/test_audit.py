"""The audit log: kept with the act, in one order, and no alteration stays unseen."""

# ruff: noqa: S608 - an intruder's statements

import asyncio
import hashlib
import json
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from service.domain.audit import BEGINNING, OVERLAP, Act
from service.flows import audit
from service.store.audit_mark import FILE
from service.store.engine import opened
from tests.builders import NOON
from tests.store.plain_sql import raw

OFF = "ALTER TABLE audit DISABLE TRIGGER audit_is_append_only"
KEEP = (
    "CREATE TABLE kept_audit AS TABLE audit",
    "CREATE TABLE kept_mark AS TABLE audit_mark",
)
#: The table and the mark of the moment of KEEP, in place of those that there are now.
PUT_BACK = (
    OFF,
    "DELETE FROM audit",
    "DELETE FROM audit_mark",
    "INSERT INTO audit TABLE kept_audit",
    "INSERT INTO audit_mark TABLE kept_mark",
)
TABLES = (
    "SELECT number, at, operator, act, subscriber_id, details FROM audit ORDER BY 1"
)


async def add(store, count=3, *, now=NOON):
    for number in range(count):
        async with store.transaction() as tx:
            await tx.audit.add("ada", Act.LINK_SENT, number + 1, f"é {number}", now=now)


async def run(url, *statements):
    for statement in statements:
        await raw(url, statement)


async def problem(store):
    return (await audit.verify(store)).problem


@pytest.fixture
def state(tmp_path):
    """The state directory of a service; it is not there yet."""
    return tmp_path / "state"


@pytest_asyncio.fixture
async def anchored(database_url, sealer, state):
    """The store of a service that has a state directory."""
    async with opened(database_url, sealer, state=state) as found:
        yield found


def release_before(*, number, before, at, details):
    """An entry as the release before wrote it: its values and its digest."""
    said = [number, at.isoformat(timespec="microseconds"), "eve", "link sent", 7]
    plain = json.dumps([*said, details], ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(before + plain.encode()).digest()
    values = f"{number}, '{at.isoformat()}', 'eve', 'link sent', 7, '{details}'"
    return f"INSERT INTO audit VALUES ({values}, '\\x{digest.hex()}')", digest


async def written_before(url, *, after=0, before=BEGINNING, at=NOON, count=2):
    """Entries of the release before; the digest of the last one."""
    for number in range(after + 1, after + count + 1):
        statement, before = release_before(
            number=number, before=before, at=at, details=f"é {number}"
        )
        await raw(url, statement)
    return before


async def rewritten(url, *, alter):
    """All rows written anew, chained without the key, as whoever has no key can."""
    await run(url, OFF, alter)
    before = BEGINNING
    for row in await raw(url, TABLES):
        at = row["at"].isoformat(timespec="microseconds")
        said = [row["number"], at, *list(row)[2:]]
        plain = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        before = hashlib.sha256(before + plain.encode()).digest()
        digest = f"'\\x{before.hex()}'"
        await raw(url, f"UPDATE audit SET digest = {digest} WHERE number = {said[0]}")


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


ALTERED = "entry 1 was altered, is missing or was put in"


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("DELETE FROM audit WHERE number = 3", "its last entry, 3, is missing"),
        ("DELETE FROM audit WHERE number > 1", "its last entries, 2 to 3, are missing"),
        ("DELETE FROM audit", "all of its 3 entries are missing"),
        ("DELETE FROM audit WHERE number = 1", ALTERED),
    ],
)
async def test_a_log_that_was_cut_short_is_named_by_the_mark(
    store, database_url, tampering, named
):
    await add(store)
    await run(database_url, OFF, tampering)

    assert await problem(store) == named
    # What is done afterwards neither fails nor hides it.
    await add(store, 1)
    after = await problem(store)
    assert "was altered, is missing or was put in" in after


async def test_rows_that_were_written_anew_without_the_key_are_found(
    store, database_url
):
    await add(store, 1)
    await add(store, 2, now=NOON + 2 * OVERLAP)
    await rewritten(database_url, alter="UPDATE audit SET operator = 'bob'")
    at_once = await problem(store)
    aged = f"UPDATE audit SET at = '{NOON.isoformat()}'"
    await rewritten(database_url, alter=aged)

    assert at_once == ALTERED.replace("1", "2")
    assert await problem(store) == "entry 3 is not the one that was kept"


async def test_yesterday_s_table_and_mark_put_back_are_named_by_the_state_directory(
    anchored, database_url, capsys
):
    await add(anchored)
    await run(database_url, *KEEP)
    await add(anchored, 2)
    before = await problem(anchored)
    await run(database_url, *PUT_BACK)

    found = await problem(anchored)
    await add(anchored, 1)
    shorter = await problem(anchored)
    await add(anchored, 4)
    longer = await problem(anchored)

    known = "the state directory knows entry 5"
    assert before == ""
    assert found == f"it was put back to entry 3: {known}"
    assert shorter == f"it was put back to entry 4: {known}"
    assert longer == f"it was put back, and went on: {known}, which was another one"
    assert "the audit log was altered or put back" in capsys.readouterr().out


async def test_everything_deleted_the_mark_too_is_named_by_the_state_directory(
    anchored, database_url
):
    await add(anchored)
    await run(database_url, OFF, "DELETE FROM audit", "DELETE FROM audit_mark")

    at_once = await problem(anchored)
    await add(anchored, 4)

    assert at_once == "its mark in the database is absent"
    assert await problem(anchored) == "its mark in the database is forged"


async def test_a_mark_that_was_altered_stays_so_whatever_is_added(store, database_url):
    await add(store)
    digest = "(SELECT digest FROM audit WHERE number = 2)"
    cut = "DELETE FROM audit WHERE number = 3"
    lowered = f"UPDATE audit_mark SET number = 2, digest = {digest}"
    await run(database_url, OFF, cut, lowered)

    at_once = await problem(store)
    await add(store, 2)

    assert at_once == await problem(store) == "its mark in the database is forged"


async def test_an_entry_put_in_at_the_end_is_named_and_hinders_nobody(
    store, database_url
):
    late = NOON + 2 * OVERLAP
    await add(store)
    head = (await audit.verify(store)).head
    await written_before(database_url, after=3, before=head, at=late, count=1)

    at_once = await problem(store)
    await add(store, 1, now=late)

    assert at_once == await problem(store) == ALTERED.replace("1", "4")


async def test_a_mark_of_the_database_alone_put_back_is_named(store, database_url):
    await add(store, now=NOON)
    await run(database_url, KEEP[1])
    await add(store, now=NOON + 2 * OVERLAP)
    await run(database_url, "DELETE FROM audit_mark", PUT_BACK[4])

    assert await problem(store) == "its mark in the database was put back to entry 3"


async def test_the_entries_of_the_release_before_stay_verifiable(store, database_url):
    await written_before(database_url)
    unsealed = await audit.verify(store)
    await add(store)
    # One of its processes runs on for an hour.
    head = (await audit.verify(store)).head
    await written_before(
        database_url, after=5, before=head, at=NOON + timedelta(hours=1)
    )
    overlapping = await problem(store)
    await add(store, now=NOON + timedelta(hours=2))

    found = await audit.verify(store)
    await run(database_url, OFF, "UPDATE audit SET details = '' WHERE number = 2")

    assert (unsealed.entries, unsealed.problem) == (2, "")
    assert overlapping == ""
    assert (found.entries, found.problem) == (10, "")
    assert (await audit.verify(store)).broken_at == 2


@pytest.mark.parametrize("text", ["", "{}", '{"number": 3}', "[]", "\x00"])
async def test_a_file_in_the_state_directory_that_is_no_mark_is_named(
    anchored, state, text
):
    await add(anchored)
    (state / FILE).write_text(text)

    found = await problem(anchored)
    await add(anchored)

    assert found == "its mark in the state directory was altered"
    assert (state / FILE).read_text() == text


async def test_a_mark_that_cannot_be_read_is_not_called_forged_and_moves_on_later(
    anchored, state, capsys
):
    await add(anchored)
    aside = (state / FILE).rename(state / "aside")
    # A link to itself: whoever reads it is given an error, root too.
    (state / FILE).symlink_to(FILE)

    found = await problem(anchored)
    await add(anchored, 1)
    logged = capsys.readouterr().out
    aside.replace(state / FILE)
    await add(anchored, 1)

    assert found == "its mark in the state directory cannot be read"
    assert "the mark of the audit log cannot be read" in logged
    assert "altered or put back" not in logged
    assert json.loads((state / FILE).read_text())["number"] == 5
    assert await problem(anchored) == ""


async def test_a_mark_of_the_state_directory_that_was_altered_is_named(anchored, state):
    await add(anchored)
    kept = json.loads((state / FILE).read_text())
    (state / FILE).write_text(json.dumps({**kept, "number": 1}))

    assert "state directory was altered" in await problem(anchored)


async def test_a_log_that_is_anchored_anew_is_whole_from_then_on(
    anchored, database_url
):
    await add(anchored)
    await run(database_url, *KEEP)
    await add(anchored)
    await run(database_url, *PUT_BACK)

    told = await audit.anchor(anchored, by="cli:root", now=NOON)
    await add(anchored)

    found = await audit.verify(anchored)
    (entry,) = (await audit.page(anchored, operator="cli:root", before=99)).entries
    assert told == "it was put back to entry 3: the state directory knows entry 6"
    assert (found.entries, found.problem) == (7, "")
    assert (entry.act, entry.details) == (Act.LOG_ANCHORED, told)


async def test_an_act_is_done_where_the_state_directory_cannot_be_written(
    database_url, sealer, capsys
):
    async with opened(database_url, sealer, state=Path("/proc/eventide")) as store:
        await add(store, 1)

        assert (await audit.verify(store)).entries == 1
    assert "the mark of the audit log is not kept" in capsys.readouterr().out


async def test_processes_that_share_a_state_directory_keep_the_newest_mark(
    anchored, database_url, sealer, state
):
    async with opened(database_url, sealer, state=state) as other:
        await asyncio.gather(add(anchored, 5), add(other, 5))
        found = await audit.verify(other)

    assert (found.entries, found.problem) == (10, "")
    assert json.loads((state / FILE).read_text())["number"] == 10


async def test_a_log_that_was_cut_short_lacks_the_entry_that_was_noted(
    store, database_url
):
    await add(store)
    head = (await audit.verify(store)).head
    noted = await audit.has(store, 3, head)
    await raw(database_url, OFF)

    await raw(database_url, "DELETE FROM audit WHERE number = 3")

    assert noted
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
