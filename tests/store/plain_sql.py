"""SQL past the store: what an intruder or a broken disk would do, and who waits."""

import asyncio

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
