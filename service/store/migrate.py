"""Migrations: taking a database to the schema of this release, and back.

Each change runs in one transaction behind an advisory lock, so that any number of
commands may start at once: the first does the work, the others find it done.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from service.domain.errors import Busy, Misconfigured, TryLater
from service.store import audit_owner
from service.store.operator_tables import METADATA
from service.store.trouble import AWAY, SETTING, address_of, place, translated

LOCK = 7_203_000
TAKE_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
# Everybody who wants a table queues up behind a migration that waits for it.
PATIENCE = text("SET LOCAL lock_timeout = '10s'")
DROP_REVISION = text("DROP TABLE IF EXISTS alembic_version")
PARTITION = re.compile(r"(outbox|night)_\d{6,8}")


class Compared(TypedDict):
    """How alembic compares the tables here with those of a database."""

    target_metadata: MetaData
    include_name: Callable[[str | None, str, object], bool]
    compare_type: bool
    compare_server_default: bool


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the migrations make it; partitions are made while the service runs."""
    return kind != "table" or name is None or not PARTITION.fullmatch(name)


COMPARED = Compared(
    target_metadata=METADATA,
    include_name=is_ours,
    compare_type=True,
    compare_server_default=True,
)


async def upgrade(url: str, revision: str = "head") -> None:
    """Take the schema up to a revision. Safe to do twice, and by several at once.

    Raises:
        Misconfigured: the database does not answer, knows a newer release, or somebody
            holds one of its tables.
    """
    await _move(url, command.upgrade, revision)


async def hand_over(url: str) -> None:
    """Let the second role own the audit log, where a superuser made one."""
    async with _locked(url) as connection:
        await audit_owner.hand_over(connection)


async def downgrade(url: str, revision: str) -> None:
    """Take the schema down to a revision; "base" drops everything."""
    await _move(url, command.downgrade, revision)


async def clear(url: str) -> None:
    """Take every table away, that of the revision included: as before the first one."""
    async with _locked(url) as connection:
        current = await revision_of(connection)
        if current is not None:
            insist_on_known(current, where=_where(url))
            await audit_owner.take_back(connection)
            await connection.run_sync(_run, command.downgrade, "base")
        await connection.execute(DROP_REVISION)


def insist_on_known(revision: str, *, where: str) -> None:
    """Return if this release knows the revision. Raises Misconfigured."""
    if revision not in _known():
        raise wrong_schema(revision, where=where)


async def check(url: str) -> tuple[str, ...]:
    """What differs between the tables here and a migrated database; empty is good."""
    async with _locked(url) as connection:
        return await connection.run_sync(_differences)


async def revision_of(connection: AsyncConnection) -> str | None:
    """The revision that the database says it has, None if it has no schema yet."""
    return await connection.run_sync(_revision)


def head() -> str:
    """The revision of this release."""
    return str(_scripts().get_current_head())


def pending(current: str | None) -> tuple[str, ...] | None:
    """The migrations that a database at this revision still needs, in their order.

    None where a newer release made its schema.
    """
    if current is not None and current not in _known():
        return None
    found = [*_scripts().iterate_revisions("head", current or "base")]
    return tuple(f"{one.revision} ({_title(one.doc)})" for one in reversed(found))


def wrong_schema(current: str | None, *, where: str) -> Misconfigured:
    """The error for a database whose schema is older or newer than this release."""
    if current is not None and current not in _known():
        return Misconfigured(
            what=f"its schema ({current}) was made by a newer release",
            where=where,
            remedy="Install that release; this one only knows the schema before it",
        )
    return Misconfigured(
        what=f"its schema is at {current or 'nothing'}, this release needs {head()}",
        where=where,
        remedy="Run `eventide migrate`",
    )


async def _move(url: str, step: Callable[[Config, str], object], revision: str) -> None:
    async with _locked(url) as connection:
        current = await revision_of(connection)
        try:
            await connection.run_sync(_run, step, revision)
        except CommandError as error:
            raise wrong_schema(current, where=_where(url)) from error


def _run(
    connection: Connection, step: Callable[[Config, str], object], revision: str
) -> None:
    config = _config()
    config.attributes["connection"] = connection
    step(config, revision)


@asynccontextmanager
async def _locked(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(address_of(url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(TAKE_LOCK, {"lock": LOCK})
            await connection.execute(PATIENCE)
            yield connection
    except (SQLAlchemyError, *AWAY) as error:
        problem = translated(error)
        if isinstance(problem, Busy):
            raise Misconfigured(
                what="a table was in use for 10 seconds, and nothing was changed",
                where=_where(url),
                remedy="Run it again once no backup or long query runs",
            ) from error
        if not isinstance(problem, TryLater):
            raise problem from error
        raise Misconfigured(
            what=f"the database does not answer ({problem})",
            where=_where(url),
            remedy="Start it, or correct the setting",
        ) from error
    finally:
        await engine.dispose()


def _where(url: str) -> str:
    return f"setting {SETTING} ({place(url)})"


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version"))
    revision = found.scalar()
    return None if revision is None else str(revision)


def _title(doc: str) -> str:
    return doc.partition(":")[0].rstrip(".").lower()


def _differences(connection: Connection) -> tuple[str, ...]:
    context = MigrationContext.configure(connection, opts={**COMPARED})
    return tuple(str(difference) for difference in compare_metadata(context, METADATA))


def _known() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    # Alembic would read a percent sign in the path as an interpolation.
    folder = str(Path(__file__).with_name("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    return config
