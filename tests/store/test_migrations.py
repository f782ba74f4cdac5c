import asyncio

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from service.domain.errors import Misconfigured
from service.store import migrate
from service.store.engine import opened
from service.store.tables import METADATA
from service.store.trouble import RefusedByDatabase
from service.store.vitals import vitals

# Everything the server knows of a schema, alembic's own table and partitions apart.
SCHEMA = """
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        AND conrelid <> coalesce(to_regclass('alembic_version'), 0)
        AND contype <> 'n'
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    UNION ALL
    SELECT 'column', attrelid::regclass::text, attname,
        format_type(atttypid, atttypmod) || attnotnull::text
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND attnum > 0 AND relname <> 'alembic_version'
    UNION ALL
    SELECT 'class', relname, relkind::text,
        concat(array_to_string(reloptions, ','), pg_get_partkeydef(oid))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p', 'S') AND relname <> 'alembic_version'
    ORDER BY 1, 2, 3
"""


async def schema(url: str) -> list[tuple[str, ...]]:
    plain = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        return [tuple(row) for row in await connection.fetch(SCHEMA)]
    finally:
        await connection.close()


async def revision(url):
    """The revision that the database says it has."""
    return (await vitals(url)).revision


async def test_the_migrations_run_up_down_and_up_again(empty_database_url):
    url = empty_database_url
    assert await revision(url) is None

    await migrate.upgrade(url)
    first = await schema(url)
    await migrate.downgrade(url, "base")
    nothing = await schema(url)
    await migrate.upgrade(url)

    assert nothing == []
    assert await schema(url) == first
    assert await revision(url) == migrate.head()


async def test_the_migrations_make_exactly_the_tables_that_the_code_describes(
    database_url, empty_database_url
):
    engine = create_async_engine(empty_database_url)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()

    assert await schema(database_url) == await schema(empty_database_url)


@pytest.mark.usefixtures("ready")
async def test_alembic_finds_no_difference_and_leaves_partitions_aside(database_url):
    assert await migrate.check(database_url) == ()


async def test_a_table_that_no_migration_made_is_reported(database_url):
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    await connection.execute("CREATE TABLE stray (id bigint)")
    await connection.close()

    assert any("stray" in found for found in await migrate.check(database_url))


async def test_several_commands_may_migrate_at_once(empty_database_url):
    await asyncio.gather(*(migrate.upgrade(empty_database_url) for _ in range(4)))

    assert await revision(empty_database_url) == migrate.head()


async def test_a_migration_gives_up_where_somebody_holds_on_to_a_table(database_url):
    await migrate.downgrade(database_url, "0012")
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    async with connection.transaction():
        await connection.execute("LOCK TABLE subscriber IN ACCESS SHARE MODE")

        with pytest.raises(Misconfigured, match=r"in use for 10 seconds.*no backup"):
            await migrate.upgrade(database_url)

    assert await revision(database_url) == "0012"
    await connection.close()


async def test_tables_that_are_in_the_way_are_left_alone(empty_database_url):
    plain = make_url(empty_database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    await connection.execute("CREATE TABLE signup (id bigint)")
    await connection.close()

    with pytest.raises(RefusedByDatabase, match='"signup" already exists'):
        await migrate.upgrade(empty_database_url)
    assert await revision(empty_database_url) is None


async def test_a_database_without_a_schema_says_which_command_to_run(
    empty_database_url, sealer
):
    async with opened(empty_database_url, sealer) as store:
        with pytest.raises(
            Misconfigured, match=r"schema is at nothing.*eventide migrate"
        ):
            await store.check()


async def test_a_newer_release_s_database_is_left_alone(database_url, sealer):
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    await connection.execute("UPDATE alembic_version SET version_num = 'f00d'")
    await connection.close()

    with pytest.raises(Misconfigured, match=r"\(f00d\) was made by a newer release"):
        await migrate.upgrade(database_url)
    async with opened(database_url, sealer) as store:
        with pytest.raises(Misconfigured, match="Install that release"):
            await store.check()
