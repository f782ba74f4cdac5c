"""What a database holds: counted for a backup, looked at before a restore."""

# ruff: noqa: S608 - only names that the server gave are joined.

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

#: Of no use in a copy: which database sends, who asked for mails within a day, who is
#: signed in, a demo's own time, and which worker is alive.
LEFT_OUT = (
    "deployment",
    "rate_limit",
    "session",
    "shifted_clock",
    "subscriber_session",
    "worker",
)

# A dump takes hours where there are many people; nobody else waits for this.
FOR_LONG = (
    text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"),
    text("SET LOCAL idle_in_transaction_session_timeout = 0"),
    text("SET LOCAL statement_timeout = 0"),
)
EXPORT = text("SELECT pg_export_snapshot()")
TABLES = text(
    """
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
    ORDER BY c.relname
    """
)
RELEASE = text("SELECT current_setting('server_version_num')::int / 10000")
SCHEMA = text("SELECT version_num FROM alembic_version")
IS_PAUSED = text("SELECT coalesce(bool_or(is_paused), false) FROM deployment")
# Where none of these has a row, nobody was ever here.
SOMEBODY = ("request", "signup", "subscriber", "suppression", "operator")
OTHERS = text(
    """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'eventide%'
    AND pid <> pg_backend_pid()
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One moment of a database, as other sessions can see it while this one lasts."""

    id: str
    release: int
    schema: str | None
    is_paused: bool
    rows: Mapping[str, int]


class Inventory:
    """The tables as a whole, of any release of ours."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def release(self) -> int:
        """The release of the server, such as 17."""
        return int(await self._connection.scalar(RELEASE) or 0)

    async def snapshot(self) -> Snapshot:
        """This moment, counted; call it first in a transaction and keep that open.

        Partitions are counted one by one, and what a copy has no use for is left out.
        """
        for statement in FOR_LONG:
            await self._connection.execute(statement)
        exported = str(await self._connection.scalar(EXPORT))
        tables = await self._tables()
        schema = paused = None
        if "alembic_version" in tables:
            schema = await self._connection.scalar(SCHEMA)
        if "deployment" in tables:
            paused = await self._connection.scalar(IS_PAUSED)
        return Snapshot(
            id=exported,
            release=await self.release(),
            schema=schema,
            is_paused=bool(paused),
            rows={
                name: await self._count(name) for name in tables if name not in LEFT_OUT
            },
        )

    async def has_somebody(self) -> bool:
        """Whether a person or an operator was ever here, or a stranger's table is."""
        tables = await self._tables()
        if tables and "alembic_version" not in tables:
            return True
        counts = [await self._count(name) for name in SOMEBODY if name in tables]
        return any(counts)

    async def others(self) -> int:
        """How many connections of this service there are besides this one."""
        return int(await self._connection.scalar(OTHERS) or 0)

    async def _tables(self) -> tuple[str, ...]:
        return tuple((await self._connection.execute(TABLES)).scalars())

    async def _count(self, table: str) -> int:
        counted = text(f'SELECT count(*) FROM "{table}"')
        return int(await self._connection.scalar(counted) or 0)
