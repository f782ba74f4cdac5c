import asyncio

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.domain.errors import Misconfigured, TryLater
from service.store import migrate
from service.store.engine import opened
from service.store.trouble import (
    RefusedByDatabase,
    address_of,
    place,
    require_release,
    translated,
)
from tests.builders import NOON, evening, subscriber

NOWHERE = "postgresql://ann:hunter2@127.0.0.1:1/eventide"


class Broken(Exception):
    """Something went wrong in the middle."""


async def test_a_database_with_our_schema_passes_the_check(store):
    await store.check()


async def test_a_transaction_keeps_all_or_nothing(store):
    async def half_done() -> None:
        async with store.transaction() as tx:
            await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
            raise Broken

    with pytest.raises(Broken):
        await half_done()

    async with store.transaction() as tx:
        assert await tx.subscribers.get(1) is None


async def test_an_unreachable_database_is_one_clear_line_at_the_start(sealer):
    async with opened(NOWHERE, sealer) as store:
        with pytest.raises(Misconfigured) as caught:
            await store.check()

    line = str(caught.value)
    assert line.startswith("setting EVENTIDE_DATABASE__URL (127.0.0.1:1/eventide): ")
    assert "the database does not answer (" in line
    assert line.endswith("Start it, or correct the setting")
    assert "hunter2" not in line
    assert "\n" not in line


async def test_migrating_an_unreachable_database_says_the_same():
    with pytest.raises(Misconfigured, match="does not answer") as caught:
        await migrate.upgrade(NOWHERE)

    assert "hunter2" not in str(caught.value)


async def test_a_database_that_goes_away_is_worth_another_try(sealer):
    async with opened(NOWHERE, sealer) as store:
        with pytest.raises(TryLater):
            await store.transaction().__aenter__()


async def test_a_database_that_does_not_exist_is_named(database_url, sealer):
    url = make_url(database_url).set(database="nobody_made_it")
    missing = url.render_as_string(hide_password=False)
    async with opened(missing, sealer) as store:
        with pytest.raises(Misconfigured, match=r"nobody_made_it.*does not exist"):
            await store.check()


async def test_a_lost_connection_is_worth_another_try_and_replaced(store, database_url):
    plain = make_url(database_url).set(drivername="postgresql")
    other = await asyncpg.connect(plain.render_as_string(hide_password=False))

    async def cut_off() -> None:
        async with store.transaction() as tx:
            await tx.signups.new_id()
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name LIKE 'eventide%' AND datname = current_database()"
            )
            await tx.signups.new_id()

    with pytest.raises(TryLater):
        await cut_off()
    await other.close()

    async with store.transaction() as tx:
        assert await tx.signups.new_id() > 0


async def test_a_connection_that_died_while_it_rested_is_replaced_unnoticed(
    database_url, sealer
):
    plain = make_url(database_url).set(drivername="postgresql")
    other = await asyncpg.connect(plain.render_as_string(hide_password=False))
    async with opened(database_url, sealer, rested=0) as store:
        async with store.transaction() as tx:
            first = await tx.rehearsal.process()
        await other.execute("SELECT pg_terminate_backend($1, 10000)", first)
        async with store.transaction() as tx:
            second = await tx.rehearsal.process()
    await other.close()

    assert first != second


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PoolTimeout("QueuePool limit of size 5"), "all its connections are in use"),
        (TimeoutError(), "no answer in time"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_what_passes_by_itself_is_worth_another_try_and_says_why(error, says):
    found = translated(error)

    assert isinstance(found, TryLater)
    assert str(found) == says


async def test_an_address_that_somebody_took_first_is_worth_another_try(store):
    async with store.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=None, now=NOON)
    same_address = subscriber(2, person=subscriber(1).person)
    with pytest.raises(TryLater):
        async with store.transaction() as tx:
            await tx.subscribers.add(same_address, next_due_at=None, now=NOON)


async def test_what_breaks_a_rule_of_the_schema_is_refused_without_quoting_it(store):
    early = subscriber(evening=evening(minute=3 * 60))
    with pytest.raises(RefusedByDatabase, match="minute"):
        async with store.transaction() as tx:
            await tx.subscribers.add(early, next_due_at=None, now=NOON)

    unstorable = subscriber(language="ann\0")
    with pytest.raises(RefusedByDatabase) as caught:
        async with store.transaction() as tx:
            await tx.subscribers.add(unstorable, next_due_at=None, now=NOON)
    assert str(caught.value) == "SQLSTATE 22021"


async def test_a_user_without_the_right_is_told_which_right(database_url):
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    await connection.execute("SET ROLE pg_monitor")
    with pytest.raises(asyncpg.InsufficientPrivilegeError) as caught:
        await connection.execute("CREATE TABLE mine (id bigint)")
    await connection.close()

    found = translated(caught.value)
    assert isinstance(found, Misconfigured)
    assert "permission denied for schema public. Make the user" in str(found)


def test_a_server_too_old_is_named():
    with pytest.raises(
        Misconfigured, match=r"PostgreSQL 14\. Use PostgreSQL 15 or new"
    ):
        require_release(140012, where="setting")


async def test_a_start_against_something_that_is_not_postgresql_times_out_plainly(
    sealer,
):
    async def hang_up(_reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, opened(f"postgresql://127.0.0.1:{port}/x", sealer) as store:
        with pytest.raises(Misconfigured, match="does not answer"):
            await store.check()


async def test_a_database_in_trouble_says_so_in_few_words(
    store, empty_database_url, sealer
):
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    urls = [NOWHERE, empty_database_url, f"postgresql://127.0.0.1:{port}/x"]

    async def asked(url):
        async with opened(url, sealer) as one:
            return await one.trouble(within=0.5)

    async with silent:
        words = [await asked(url) for url in urls]

    assert await store.trouble() == ""
    assert words == ["the database does not answer, or has another schema"] * 3


@pytest.mark.parametrize(
    ("given", "driven"),
    [
        ("postgres://a:b@h:1/d", "postgresql+asyncpg://a:b@h:1/d"),
        (
            "postgresql://a@h/d?sslmode=require",
            "postgresql+asyncpg://a@h/d?ssl=require",
        ),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
    ],
)
def test_the_usual_spellings_of_a_database_url_are_taken(given, driven):
    assert address_of(given).render_as_string(hide_password=False) == driven


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("nonsense", "is not a database URL"),
        ("postgresql://h:port/d", "is not a database URL"),
        ("sqlite:///x.db", "names 'sqlite', and only PostgreSQL will do"),
    ],
)
def test_other_database_urls_are_refused_with_an_example(given, says):
    with pytest.raises(Misconfigured, match=f"{says}.*postgresql://user"):
        address_of(given)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://a:b@h:5433/d", "h:5433/d"),
        ("postgresql:///d", "localhost/d"),
        ("postgresql://a@/d?host=/run/pg", "/run/pg/d"),
        ("postgresql://h", "h/"),
    ],
)
def test_a_database_is_named_without_user_and_password(url, shown):
    assert place(url) == shown
