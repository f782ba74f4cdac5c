"""`eventide keys reseal`: an old key goes while web and worker run, also after a crash."""

import asyncio
import signal
import socket
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.clock import SystemClock
from service.domain.subscriber import Status
from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import opened
from service.store.sealing import BLOCKS, Sealer
from tests.commands.processes import called, line_with, outcome, start
from tests.mail.relay import Relay
from tests.store.plain_sql import raw

PEOPLE = 300
PATIENCE_SECONDS = 120
ARE_MAILED = "SELECT count(*) FROM outbox WHERE state = 'sent'"
ARE_DONE = "SELECT count(*) FROM subscriber WHERE key_id = 'new'"


def entries(text):
    """The lines of a set of keys by their purpose."""
    return {line.partition(".")[0].partition("=")[0]: line for line in text.split()}


OLDER, NEWER = entries(new_keys(name="old")), entries(new_keys(name="new"))
COMMON = f"{OLDER['lookup']} {OLDER['link']}"
OLD = f"{COMMON} {OLDER['seal']}"
BOTH = f"{COMMON} {NEWER['seal']} {OLDER['seal']}"
NEW = f"{COMMON} {NEWER['seal']}"


@pytest_asyncio.fixture
async def relay():
    async with Relay() as relay:
        yield relay


@pytest.fixture
def named(settings, database_url, relay):
    """The settings with such keys."""

    def with_keys(text):
        return {
            **settings,
            "EVENTIDE_DATABASE__URL": database_url,
            "EVENTIDE_SECRETS__KEYS": text,
            "EVENTIDE_SMTP__HOST": "127.0.0.1",
            "EVENTIDE_SMTP__PORT": str(relay.port),
            "EVENTIDE_SMTP__TLS": "none",
        }

    return with_keys


@asynccontextmanager
async def roles(settings):
    """A web and a worker inside the block; what they are known by."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    web = await start({**settings, "EVENTIDE_WEB__PORT": str(port)}, "web")
    worker = await start(settings, "worker")
    await line_with(web.stderr, "Serving")
    await line_with(worker.stderr, "At work")
    try:
        yield {f"{process.pid}@{socket.gethostname()}" for process in (web, worker)}
    finally:
        for process in (web, worker):
            process.send_signal(signal.SIGTERM)
            await process.communicate()


async def rows_by_key(url):
    """How many rows each key sealed, in all tables."""
    found: Counter[str] = Counter()
    for table in BLOCKS:
        query = f"SELECT key_id, count(*) FROM {table} GROUP BY key_id"  # noqa: S608 - a name of ours
        found.update({key: many for key, many in await raw(url, query) if key})
    return found


async def until_there_are(many, url, query):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await raw(url, query))[0][0] < many:
            pass


@asynccontextmanager
async def locked(url, table):
    """Inside the block nothing can be written to the table."""
    plain = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def test_an_old_key_goes_while_web_and_worker_run_also_after_a_crash(
    named, database_url
):
    people = ("--subscribers", str(PEOPLE), "--due-now")
    assert (await called(named(OLD), "seed", *people))[0] == 0

    async with AsyncExitStack() as stack:
        theirs = await stack.enter_async_context(roles(named(OLD)))
        await until_there_are(PEOPLE, database_url, ARE_MAILED)
        await killed_in_the_middle(named(BOTH), database_url)
        halfway = await rows_by_key(database_url)
        assert min(halfway["old"], halfway["new"]) >= PEOPLE

        resumed = await start(named(BOTH), "keys", "reseal")
        waiting = await line_with(resumed.stderr, "Waiting for processes")
        assert all(name in waiting for name in theirs)
        await stack.aclose()
        await stack.enter_async_context(roles(named(BOTH)))
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await resumed.communicate()

    assert resumed.returncode == 0, err
    assert "were sealed anew with seal.new." in out.decode()
    assert set(await rows_by_key(database_url)) == {"new"}
    await everything_opens(named(NEW), database_url)


async def killed_in_the_middle(settings, url):
    """It ends as by a loss of power, with people done and their histories to come."""
    async with locked(url, "history"):
        killed = await start(settings, "keys", "reseal")
        await until_there_are(PEOPLE, url, ARE_DONE)
        killed.kill()
        await killed.communicate()


async def everything_opens(settings, url):
    found = keys(read(settings).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="new")
    async with opened(url, sealer) as store, store.transaction() as tx:
        everybody = [person async for person in tx.subscribers.everybody()]
        records = [
            record
            for person in everybody
            for record in await tx.nights.last(
                person.id, since=person.started_on, limit=9
            )
        ]
        stored = await raw(url, "SELECT sealed, key_id, subscriber_id FROM history")
    opening = [
        sealer.open(box, key, about=f"history:{who}") for box, key, who in stored
    ]
    assert [person.status for person in everybody] == [Status.ACTIVE] * PEOPLE
    assert len(records) == len(opening) == PEOPLE


async def test_rows_that_do_not_open_are_told_and_the_rest_is_done(named, database_url):
    assert (await called(named(OLD), "seed", "--subscribers", "3"))[0] == 0
    await raw(database_url, "UPDATE subscriber SET key_id = 'lost' WHERE id = 1")

    code, out, err = await called(named(BOTH), "keys", "reseal")

    assert code == 1
    assert out == "2 rows were sealed anew with seal.new.\n"
    assert "rows do not open: 1 of subscriber (seal.lost)" in err
    assert "Put their key back" in err


async def test_a_row_that_is_in_use_is_waited_for(named, database_url):
    assert (await called(named(OLD), "seed", "--subscribers", "3"))[0] == 0
    plain = make_url(database_url).set(drivername="postgresql")
    other = await asyncpg.connect(plain.render_as_string(hide_password=False))
    busy = other.transaction()
    await busy.start()
    await other.execute("SELECT FROM subscriber WHERE id = 1 FOR UPDATE")

    resealing = asyncio.create_task(called(named(BOTH), "keys", "reseal"))
    await until_there_are(2, database_url, ARE_DONE)
    await busy.rollback()
    await other.close()

    code, out, _ = await resealing
    assert (code, out.splitlines()[0]) == (0, "3 rows were sealed anew with seal.new.")


async def test_what_is_done_stands_in_the_audit_log(named, database_url):
    now = SystemClock().now()
    await called(named(OLD), "seed", "--subscribers", "3")
    await called(named(BOTH), "keys", "reseal")

    (noted,) = await raw(database_url, "SELECT act, details, at FROM audit")
    assert (noted["act"], noted["details"]) == (
        "rows resealed",
        "3 rows under seal.new",
    )
    assert noted["at"] >= now


async def test_keys_that_are_not_there_are_one_line(named):
    code, _, err = await outcome(named(""), "keys", "reseal")

    assert code == 1
    assert "there is no lookup key" in err
