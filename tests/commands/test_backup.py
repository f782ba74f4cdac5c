"""A backup brings everything back, and what it brings back sends nothing by itself."""

import json
import stat
import zipfile
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.domain.outbox import Lane, Settled, State
from service.domain.subscriber import Status
from service.embedded import archive
from service.keys import keys, new_keys
from service.settings import SecretsSettings
from service.store import migrate
from service.store.deployment import Standing
from service.store.engine import opened
from service.store.sealing import Sealer
from service.store.suppression import Reason
from tests.builders import NOON, TODAY, message, subscriber
from tests.commands.processes import called
from tests.conftest import administer, stop_clock
from tests.store.test_people import pending

MINUTE = timedelta(minutes=1)
OURS = new_keys(name="1")
#: What says who is signed in and which worker lives is of no use in a copy.
NOT_COPIED = ("deployment", "session", "shifted_clock", "worker")
#: What is said of the backup and of the restore is not in the backup itself.
AFTERWARDS = ("audit", "audit_mark")
TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1
"""


@pytest.fixture
def named(settings, database_url):
    return settings | {
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": OURS,
    }


@pytest.fixture
def elsewhere(named, empty_database_url):
    return named | {"EVENTIDE_DATABASE__URL": empty_database_url}


@asynccontextmanager
async def store_on(url, text=OURS):
    found = keys(SecretsSettings(keys=text))
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    async with opened(url, sealer) as store:
        yield store


@pytest_asyncio.fixture
async def people(database_url):
    """Three people, one of them stopped; a mail sent and one that waits."""
    async with store_on(database_url) as store:
        await stop_clock(store, NOON)
        await _fill(store)


async def _fill(store):
    async with store.transaction() as tx:
        await tx.outbox.ensure_partitions(around=TODAY)
        await tx.nights.ensure_partitions(around=TODAY)
        for number in (1, 2):
            await tx.subscribers.add(subscriber(number), next_due_at=NOON, now=NOON)
        gone = subscriber(3, status=Status.STOPPED, stopped_at=NOON)
        await tx.subscribers.add(gone, next_due_at=None, now=NOON)
        await tx.signups.add(pending(4))
        await tx.suppression.add("a@example.org", Reason.COMPLAINT, now=NOON)
        await tx.consents.add(1, ("mail",), version="1", now=NOON)
        await tx.workers.beat("one", per_second=1)
        await tx.outbox.put([message(1)])
        claim = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="one", lease=MINUTE, now=NOON
        )
        sent = Settled(message=claim[0], state=State.SENT, reason="", not_before=NOON)
        await tx.outbox.record([sent], worker="one", now=NOON)
        await tx.outbox.put([message(2)])


async def rows(url):
    """Every row of every table, but for those that a copy has no use for."""
    plain = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        names = [row[0] for row in await connection.fetch(TABLES)]
        return {
            name: sorted(map(repr, await connection.fetch(f"TABLE {name}")))
            for name in names
            if name not in (*NOT_COPIED, *AFTERWARDS)
        }
    finally:
        await connection.close()


def fault(err):
    (line,) = [line for line in err.splitlines() if line.startswith("eventide: ")]
    return line


async def taken(named, tmp_path):
    """A backup that was made."""
    file = tmp_path / "tonight.eventide"
    code, out, err = await called(named, "backup", str(file))
    assert code == 0, err
    return file, out


@pytest.mark.usefixtures("people")
async def test_everything_comes_back_and_nothing_is_sent_before_it_is_told_to(
    named, elsewhere, database_url, empty_database_url, tmp_path
):
    file, told = await taken(named, tmp_path)
    code, out, err = await called(elsewhere, "restore", str(file))

    assert code == 0, err
    assert "  subscriber              3\n" in told
    assert "  outbox                  2\n" in out
    assert out.endswith("nothing is sent before `eventide adopt`.\n")
    async with store_on(empty_database_url) as copy:
        await copy.check()
        async with copy.transaction() as tx:
            assert await tx.deployment.state() is Standing.FENCED
            assert not await tx.outbox.claim(
                Lane.EVENING, limit=1, worker="w", lease=MINUTE, now=NOON
            )
            assert (await tx.workers.alive()).workers == 0
            acts = await tx.audit.newest(operator="", before=99, limit=9)
            assert [entry.act for entry in acts] == ["restored"]
    await administer(empty_database_url, "UPDATE subscriber SET generation = 0")
    assert await rows(empty_database_url) == await rows(database_url)
    async with store_on(database_url) as before, before.transaction() as tx:
        acts = await tx.audit.newest(operator="", before=99, limit=9)
        assert [entry.act for entry in acts] == ["backed up"]


@pytest.mark.usefixtures("people")
async def test_no_link_that_was_ended_or_pressed_since_the_backup_opens_the_copy(
    named, elsewhere, database_url, empty_database_url, tmp_path
):
    async with store_on(database_url) as before, before.transaction() as tx:
        await tx.subscriber_sessions.begin("open", 1, link="fresh", now=NOON)
    file, _ = await taken(named, tmp_path)
    async with store_on(database_url) as before, before.transaction() as tx:
        ended = await tx.subscribers.end_links(subscriber(1))
        ended = await tx.subscribers.end_links(ended)
    code, _, err = await called(elsewhere, "restore", str(file))

    assert code == 0, err
    async with store_on(empty_database_url) as copy, copy.transaction() as tx:
        back = await tx.subscribers.find("person1@example.org")
        assert back.person == ended.person
        assert back.generation > ended.generation
        assert await tx.subscriber_sessions.holder("open", now=NOON) is None


@pytest.mark.usefixtures("people")
async def test_the_audit_log_of_a_restored_copy_is_anchored_anew(
    named, elsewhere, tmp_path
):
    state = {"EVENTIDE_DATABASE__STATE_DIR": str(tmp_path / "state")}
    file, _ = await taken(named | state, tmp_path)
    for _ in range(2):
        await called(named | state, "pause")
    ahead = await called(named | state, "audit", "verify")
    restored = await called(elsewhere | state, "restore", str(file))

    after = await called(elsewhere | state, "audit", "verify")
    other = await called(named | state, "audit", "verify")

    assert (ahead[0], restored[0], after[0]) == (0, 0, 0), restored[2] + after[2]
    assert "1 entries, none altered" in after[1]
    assert "the state directory knows entry 1, which was another one" in other[2]


@pytest.mark.usefixtures("people")
async def test_a_backup_tells_nobody_anything_without_its_keys(named, tmp_path):
    file, _ = await taken(named, tmp_path)

    with archive.opened(file) as found, found.dump() as dump:
        inside = dump.read()
    assert b"person1" not in file.read_bytes() + inside
    keys_file = tmp_path / "tonight.eventide.keys"
    assert keys_file.read_text() == OURS + "\n"
    for path in (file, keys_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("people")
async def test_a_drill_reads_everything_and_writes_nothing(
    named, elsewhere, empty_database_url, tmp_path
):
    file, _ = await taken(named, tmp_path)
    code, out, err = await called(elsewhere, "restore", str(file), "--dry-run")

    assert code == 0, err
    assert out.endswith("All of it can be read. Nothing was written.\n")
    assert await rows(empty_database_url) == {}


@pytest.mark.usefixtures("people")
async def test_a_backup_of_a_paused_service_comes_back_paused(
    named, elsewhere, empty_database_url, tmp_path
):
    await called(named, "pause")
    file, _ = await taken(named, tmp_path)
    await called(elsewhere, "restore", str(file))

    code, out, _ = await called(elsewhere, "adopt", "--yes", "--nothing-was-sent")

    assert code == 0
    assert "0 reminders that waited, and 0 that were due" in out
    assert out.endswith("Paused: nothing is sent before `eventide resume`.\n")
    async with store_on(empty_database_url) as copy, copy.transaction() as tx:
        assert await tx.deployment.state() is Standing.PAUSED


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.unlink(), "cannot be read (No such file or directory)"),
        (lambda file: file.write_bytes(b"x" * 99), "is no backup, or is damaged"),
        (lambda file: cut(file, b"PGDMP", b"PGDMQ"), "is no backup, or is damaged"),
        (lambda file: rewritten(file, sha256=None), "is no backup, or is damaged"),
        (lambda file: rewritten(file, format=2), "is of format 2"),
        (lambda file: rewritten(file, sha256="0"), "is no backup, or is damaged"),
        (lambda file: rewritten(file, rows={"subscriber": 4}), "missing in subscriber"),
        (lambda file: rewritten(file, schema="f00d"), "made by a newer release"),
        (lambda file: rewritten(file, programs=99), "needs the programs of PostgreSQL"),
    ],
    ids=[
        "missing", "garbage", "altered", "no checksum", "other format", "other checksum",
        "rows lost", "newer schema", "newer programs",
    ],
)  # fmt: skip
async def test_a_backup_that_will_not_do_is_refused_before_anything_is_written(
    named, elsewhere, empty_database_url, tmp_path, spoil, words
):
    file, _ = await taken(named, tmp_path)
    spoil(file)

    code, _, err = await called(elsewhere, "restore", str(file))

    assert code == 1
    assert fault(err).startswith("eventide: ")
    assert words in fault(err)
    assert await rows(empty_database_url) == {}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("lookup", ["the same", "another"])
async def test_keys_that_do_not_open_it_are_named(named, elsewhere, tmp_path, lookup):
    file, _ = await taken(named, tmp_path)
    own, other = OURS.splitlines(), new_keys(name="1").splitlines()
    wrong = [own[0], *other[1:]] if lookup == "the same" else [other[0], *own[1:]]
    keys_file = tmp_path / "wrong.keys"
    keys_file.write_text("\n".join(wrong))

    code, _, err = await called(
        elsewhere, "restore", str(file), "--dry-run", "--keys", str(keys_file)
    )

    assert code == 1
    assert ("does not open" if lookup == "the same" else "look-up key") in fault(err)


@pytest.mark.usefixtures("people")
async def test_nothing_is_restored_over_people(named, database_url, tmp_path):
    file, _ = await taken(named, tmp_path)
    before = await rows(database_url)

    code, _, err = await called(named, "restore", str(file))

    assert code == 1
    assert "it is not empty. Restore into an empty database" in fault(err)
    assert await rows(database_url) == before


@pytest.mark.usefixtures("people")
async def test_nothing_is_restored_over_somebody_else_s_tables(
    named, elsewhere, empty_database_url, tmp_path
):
    await administer(empty_database_url, "CREATE TABLE theirs (id bigint)")
    file, _ = await taken(named, tmp_path)

    code, _, err = await called(elsewhere, "restore", str(file))

    assert (code, "it is not empty" in fault(err)) == (1, True)


@pytest.mark.usefixtures("people")
async def test_nothing_is_restored_under_a_running_service(
    named, elsewhere, empty_database_url, tmp_path
):
    await migrate.upgrade(empty_database_url)
    file, _ = await taken(named, tmp_path)

    async with store_on(empty_database_url) as running:
        await running.check()
        code, _, err = await called(elsewhere, "restore", str(file))

    assert (code, "1 connections of web or workers are open" in fault(err)) == (1, True)


@pytest.mark.usefixtures("people")
async def test_a_schema_without_anybody_makes_room(
    named, elsewhere, database_url, empty_database_url, tmp_path
):
    await migrate.upgrade(empty_database_url)
    file, _ = await taken(named, tmp_path)

    code, _, err = await called(elsewhere, "restore", str(file))

    assert code == 0, err
    await administer(empty_database_url, "UPDATE subscriber SET generation = 0")
    assert await rows(empty_database_url) == await rows(database_url)


async def test_a_restore_that_breaks_off_leaves_nothing(
    named, elsewhere, empty_database_url, tmp_path
):
    await administer(
        empty_database_url,
        "CREATE FUNCTION database_identity() RETURNS text"
        " LANGUAGE sql AS $$ SELECT '' $$",
    )
    file, _ = await taken(named, tmp_path)

    code, _, err = await called(elsewhere, "restore", str(file))

    assert code == 1
    assert "psql failed" in fault(err)
    assert 'function "database_identity" already exists' in fault(err)
    assert await rows(empty_database_url) == {}


async def test_a_backup_without_people_says_that_the_keys_were_not_tried(
    named, elsewhere, tmp_path
):
    file, _ = await taken(named, tmp_path)
    (tmp_path / "tonight.eventide.keys").unlink()

    code, out, _ = await called(elsewhere, "restore", str(file), "--dry-run")

    assert code == 0
    assert "Nobody is in it, so the keys could not be tried." in out


@pytest.mark.usefixtures("people")
async def test_whoever_has_other_keys_configured_is_told(named, elsewhere, tmp_path):
    file, _ = await taken(named, tmp_path)
    other = elsewhere | {"EVENTIDE_SECRETS__KEYS": new_keys(name="1")}

    code, out, err = await called(other, "restore", str(file))

    assert code == 0, err
    assert f"put those of {file}.keys in place" in out


@pytest.mark.usefixtures("people")
async def test_the_embedded_database_takes_the_keys_too(named, settings, tmp_path):
    file, _ = await taken(named, tmp_path)
    first = await called(settings, "migrate")
    own = Path(settings["EVENTIDE_DATABASE__DIR"]) / "keys"
    before = await called(settings, "backup", str(tmp_path / "empty"))
    had = own.read_text()

    code, _, err = await called(settings, "restore", str(file))
    again = await called(settings, "backup", str(tmp_path / "again"))

    assert (first[0], before[0], code, again[0]) == (0, 0, 0, 0), err
    assert own.read_text() == OURS + "\n"
    assert own.with_name("keys.before").read_text() == had
    drill = await called(settings, "restore", str(tmp_path / "again"), "--dry-run")
    assert drill[0] == 0, drill[2]


@pytest.mark.usefixtures("people")
async def test_a_new_machine_needs_the_backup_and_its_keys_alone(
    named, settings, tmp_path
):
    file, _ = await taken(named, tmp_path)

    code, _, err = await called(settings, "restore", str(file))

    assert code == 0, err
    own = Path(settings["EVENTIDE_DATABASE__DIR"]) / "keys"
    assert own.read_text() == OURS + "\n"


async def test_a_backup_is_never_written_over(named, tmp_path):
    file, _ = await taken(named, tmp_path)
    before = file.read_bytes()

    code, _, err = await called(named, "backup", str(file))

    assert (code, "is there already. Choose another name" in fault(err)) == (1, True)
    assert file.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


async def test_keys_are_kept_where_they_are_said_to_be_and_never_lost(named, tmp_path):
    keys_file = tmp_path / "safe.keys"
    arguments = ("--keys", str(keys_file))
    for name in ("one", "two"):
        code, _, err = await called(named, "backup", str(tmp_path / name), *arguments)
        assert code == 0, err
    keys_file.write_text("others")

    code, _, err = await called(named, "backup", str(tmp_path / "three"), *arguments)

    assert (code, "other keys are there" in fault(err)) == (1, True)
    assert keys_file.read_text() == "others"


@pytest.mark.parametrize("what", ["the backup", "its keys"])
async def test_a_folder_that_there_is_not_is_named(named, tmp_path, what):
    nowhere = str(tmp_path / "nowhere" / "file")
    safe = ("--keys", str(tmp_path / "keys"))
    arguments = (nowhere, *safe) if what == "the backup" else ("x", "--keys", nowhere)

    code, _, err = await called(named, "backup", *arguments)

    assert (code, "(No such file or directory)" in fault(err)) == (1, True)


async def test_keys_that_cannot_be_read_are_named(named, tmp_path):
    file, _ = await taken(named, tmp_path)
    keys_file = tmp_path / "wrong.keys"
    keys_file.write_bytes(b"\xff")

    code, _, err = await called(
        named, "restore", str(file), "--dry-run", "--keys", str(keys_file)
    )

    assert (code, "cannot be read. Name a file of keys" in fault(err)) == (1, True)


async def test_a_database_without_our_schema_has_nothing_to_keep(elsewhere, tmp_path):
    code, _, err = await called(elsewhere, "backup", str(tmp_path / "x"))

    assert (code, "its schema is at nothing" in fault(err)) == (1, True)
    assert not list(tmp_path.glob("x*"))


async def test_the_schema_before_is_kept_and_taken_forward(
    named, elsewhere, empty_database_url, database_url, tmp_path
):
    await migrate.downgrade(database_url, "0003")
    file, told = await taken(named, tmp_path)

    code, _, err = await called(elsewhere, "restore", str(file))

    assert "schema 0003" in told
    assert code == 0, err
    async with store_on(empty_database_url) as copy:
        await copy.check()
        async with copy.transaction() as tx:
            assert await tx.deployment.state() is Standing.FENCED


async def test_the_schema_before_is_fenced_even_where_the_restore_dies_on_the_way(
    named, elsewhere, empty_database_url, database_url, tmp_path
):
    await migrate.downgrade(database_url, "0003")
    file, _ = await taken(named, tmp_path)
    # What is in the way of the migration, and not of the backup.
    in_the_way = "database_identity() RETURNS text LANGUAGE sql AS $$ SELECT '' $$"
    await administer(empty_database_url, f"CREATE FUNCTION {in_the_way}")

    code, _, err = await called(elsewhere, "restore", str(file))
    await administer(empty_database_url, "DROP FUNCTION database_identity")
    later = await called(elsewhere, "migrate")

    assert (code, "already exists" in err) == (1, True)
    assert later[0] == 0, later[2]
    async with store_on(empty_database_url) as copy, copy.transaction() as tx:
        assert await tx.deployment.state() is Standing.FENCED


def cut(file, old, new):
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new, 1))


def rewritten(file, **changed):
    """The same backup with something else in its manifest."""
    with archive.opened(file) as found, found.dump() as dump:
        data, manifest = dump.read(), found.manifest
    said = asdict(manifest) | changed
    text = json.dumps(
        {name: value for name, value in said.items() if value is not None}
    )
    with zipfile.ZipFile(file, "w") as other:
        other.writestr(archive.DUMP, data)
        other.writestr(archive.MANIFEST, text)
