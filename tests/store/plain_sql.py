"""SQL past the store: what an intruder or a broken disk would do, and who waits."""

import asyncio
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.engine import make_url


async def raw(url, query, *values):
    plain = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        return await connection.fetch(query, *values)
    finally:
        await connection.close()


async def blocked(url):
    """Return once a session of the service waits for a lock."""
    waiting = (
        "SELECT 1 FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while not await raw(url, waiting):
            pass


@asynccontextmanager
async def cut_off(url):
    """Inside the block nobody can reach the database."""
    name = make_url(url).database
    server = (
        make_url(url).set(database="postgres").render_as_string(hide_password=False)
    )
    await raw(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    end = """
        SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = $1
    """
    await raw(server, end, name)
    try:
        yield
    finally:
        await raw(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
