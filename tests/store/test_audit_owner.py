"""A second role that owns the audit log: the service can add to it, and no more."""

from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.domain.errors import ServiceError
from service.flows import audit
from service.store import migrate
from service.store.audit_owner import statements
from service.store.engine import opened
from tests.conftest import created, dropped
from tests.store.plain_sql import raw
from tests.store.test_audit import OFF, add

MAKE = """
    CREATE ROLE {role} LOGIN;
    ALTER DATABASE {database} OWNER TO {role};
    {statements}
"""
#: The database goes first, with all that the roles own.
REMOVE = "DROP ROLE {role}_audit", "DROP ROLE {role}"


@pytest_asyncio.fixture
async def service_url(database_server):
    """A database as the compose file makes it, for a role that is no superuser."""
    role = f"service_{uuid4().hex[:8]}"
    server = make_url(database_server).render_as_string(hide_password=False)
    url = make_url(await created(database_server, f"guarded_{uuid4().hex[:8]}"))
    made = MAKE.format(role=role, database=url.database, statements=statements(role))
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    await connection.execute(made)
    await connection.close()
    yield url.set(username=role).render_as_string(hide_password=False)
    await dropped(database_server, str(url.database))
    for statement in REMOVE:
        await raw(server, statement.format(role=role))


async def migrated(url):
    await migrate.upgrade(url)
    await migrate.hand_over(url)


@pytest.mark.parametrize(
    "change",
    [
        OFF,
        "UPDATE audit SET operator = 'eve'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "DROP TABLE audit CASCADE",
        "ALTER TABLE audit RENAME TO another",
        "DROP FUNCTION audit_is_append_only CASCADE",
        "ALTER SCHEMA public RENAME TO another",
        "SELECT eventide_audit.take_back()",
    ],
)
async def test_the_service_s_role_can_add_entries_and_change_none(
    service_url, sealer, change
):
    await migrated(service_url)
    await migrated(service_url)
    async with opened(service_url, sealer) as store:
        await add(store, 2)

        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RaiseError)):
            await raw(service_url, change)

        assert await audit.is_guarded(store)
        assert (await audit.verify(store)).entries == 2


async def test_a_service_that_owns_its_log_is_known_to(service_url, sealer):
    await migrate.upgrade(service_url)
    async with opened(service_url, sealer) as store:
        assert not await audit.is_guarded(store)


async def test_an_empty_log_is_taken_back_for_a_restore_and_no_other(
    service_url, sealer
):
    await migrated(service_url)
    await migrate.clear(service_url)
    await migrated(service_url)
    async with opened(service_url, sealer) as store:
        await add(store, 1)

    with pytest.raises(ServiceError):
        await migrate.clear(service_url)
