"""Partitions of a table by date: made ahead of time, dropped whole when too old."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

#: One session at a time makes or drops partitions.
LOCK = 7_203_001
PRESENT = text(
    """
    SELECT child.relname
    FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = CAST(:parent AS regclass)
    ORDER BY child.relname
    """
)
TAKE_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
# Dropping needs the parent table to itself for a moment. Rather than make everyone wait
# in a queue behind us, give up and let the next tick do it.
BE_BRIEF = text("SET LOCAL lock_timeout = '2s'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The nights of one partition, from `first` to before `end`, and its name."""

    name: str
    first: date
    end: date


async def names(connection: AsyncConnection, parent: str) -> tuple[str, ...]:
    """The partitions that the table has, oldest first."""
    found = await connection.execute(PRESENT, {"parent": parent})
    return tuple(found.scalars())


async def ensure(
    connection: AsyncConnection, parent: str, spans: Sequence[Span]
) -> None:
    """Make the partitions that are missing. One cheap query when none is.

    Safe to do twice and at once: it looks again behind the lock. One that is attached
    waits for no reader, and so not for a backup.

    Raises:
        Busy: (by the transaction) somebody else changed the table for two seconds.
    """
    wanted = {span.name for span in spans}
    if wanted <= set(await names(connection, parent)):
        return
    await lock(connection)
    present = set(await names(connection, parent))
    for span in spans:
        if span.name not in present:
            await connection.exec_driver_sql(
                f"CREATE TABLE {span.name} "
                f"(LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
            )
            await connection.exec_driver_sql(
                f"ALTER TABLE {parent} ATTACH PARTITION {span.name} "
                f"FOR VALUES FROM ('{span.first}') TO ('{span.end}')"
            )


async def require_idle(connection: AsyncConnection, doomed: Sequence[str]) -> None:
    """Return if nobody is at these partitions now: what drops them may begin its work.

    Raises:
        Busy: (by the transaction) somebody was, for two seconds: a backup, for one.
    """
    attempt = await connection.begin_nested()
    for name in doomed:
        await connection.exec_driver_sql(f"LOCK TABLE {name}")
    # They are let go again, so that nobody waits while we work.
    await attempt.rollback()


async def drop(connection: AsyncConnection, doomed: Sequence[str]) -> None:
    """Drop partitions by name; take the lock first."""
    for name in doomed:
        await connection.exec_driver_sql(f"DROP TABLE {name}")


async def lock(connection: AsyncConnection) -> None:
    """Be the only one to make or drop partitions until the transaction ends."""
    await connection.execute(BE_BRIEF)
    await connection.execute(TAKE_LOCK, {"lock": LOCK})
