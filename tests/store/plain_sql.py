"""SQL past the store: what an intruder or a broken disk would do."""

import asyncpg
from sqlalchemy.engine import make_url


async def raw(url, query, *values):
    plain = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        return await connection.fetch(query, *values)
    finally:
        await connection.close()
