"""A real PostgreSQL for the tests: one server a run, one fresh database a test.

The migrations run once, into a template; each test gets a copy of it. A server is
made for the run and thrown away, unless EVENTIDE_TEST_DATABASE_URL names another one
(its user must be allowed to create databases).
"""

import os
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import datetime
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import settings as hypothesis_settings
from sqlalchemy.engine import make_url
from xdist.scheduler import LoadScopeScheduling

from service.content.catalogue import Library, load
from service.embedded.postgres import throwaway
from service.settings import HERE
from service.store import migrate
from service.store.engine import Store, opened
from service.store.sealing import Sealer
from tests.builders import TODAY

# Of a copy as well: what it was copied from had this clock, it has none yet.
STOP_CLOCK = """
    WITH stopped AS (
        UPDATE shifted_clock SET instant = '{0}', since = NULL
        WHERE identity = database_identity() RETURNING is_one
    )
    INSERT INTO shifted_clock (identity, instant)
    SELECT database_identity(), '{0}' WHERE NOT EXISTS (SELECT FROM stopped)
    ON CONFLICT (is_one) DO UPDATE
    SET identity = excluded.identity, instant = excluded.instant, since = NULL
"""
ADOPT = "UPDATE deployment SET identity = database_identity()"

# How long an example takes on a busy machine says nothing about the product.
hypothesis_settings.register_profile("eventide", deadline=None)
hypothesis_settings.load_profile("eventide")


class OneEngine(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Hands out tests one by one, but all of those on the Docker engine to one process."""

    def _split_scope(self, nodeid: str) -> str:
        engine = "tests/compose/"
        return engine if nodeid.startswith(engine) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return OneEngine(config, log)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database_server() -> AsyncIterator[str]:
    """The URL of a server that may be filled with databases."""
    given = os.environ.get("EVENTIDE_TEST_DATABASE_URL")
    async with nullcontext(given) if given else throwaway() as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template_database(database_server) -> AsyncIterator[str]:
    """The name of a database with the schema, and nobody connected to it."""
    name = f"template_{uuid4().hex[:12]}"
    url = await created(database_server, name)
    await migrate.upgrade(url)
    yield name
    await dropped(database_server, name)


@pytest_asyncio.fixture
async def database_url(database_server, template_database) -> AsyncIterator[str]:
    """The URL of a fresh, migrated database."""
    name = f"test_{uuid4().hex[:12]}"
    url = await created(database_server, name, template=template_database)
    # A copy sends nothing before it is made the one that does.
    await administer(url, ADOPT)
    yield url
    await dropped(database_server, name)


@pytest_asyncio.fixture
async def empty_database_url(database_server) -> AsyncIterator[str]:
    """The URL of a database without any table."""
    name = f"empty_{uuid4().hex[:12]}"
    yield await created(database_server, name)
    await dropped(database_server, name)


@pytest.fixture(scope="session")
def library() -> Library:
    """The real catalogue."""
    return load(HERE / "config", HERE / "templates", today=TODAY)


@pytest.fixture
def sealer() -> Sealer:
    """Keys as settings would give them."""
    return Sealer(lookup=b"l" * 32, keys={"2026-11": b"s" * 32}, current="2026-11")


@pytest_asyncio.fixture
async def store(database_url, sealer) -> AsyncIterator[Store]:
    """An opened store on a fresh database."""
    async with opened(database_url, sealer) as found:
        yield found


async def created(server: str, name: str, *, template: str = "template0") -> str:
    await administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def dropped(server: str, name: str) -> None:
    await administer(server, f"DROP DATABASE {name} WITH (FORCE)")


async def stop_clock(store: Store, instant: datetime) -> None:
    """Let it be `instant` in this database, and stay so; at first before anybody comes."""
    engine = store._engine  # noqa: SLF001 - the product only moves a clock, and forward
    async with engine.begin() as connection:
        await connection.exec_driver_sql(STOP_CLOCK.format(instant))


async def administer(database: str, statement: str) -> None:
    """Run one statement there."""
    url = make_url(database).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
