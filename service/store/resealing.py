"""Rows sealed anew with the current key: a table after the other, some pages at a time.

A table is walked by its pages in their order, so nothing needs to be remembered: what
was sealed anew carries the current key, and another walk passes over it. The rows of a
batch are locked by `SKIP LOCKED` and nothing else is waited for, so no worker deadlocks
with it; the next walk finds those that were in use.
"""

# ruff: noqa: S608 - only names of our own tables and columns are joined; values are bound.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.store.operator_tables import METADATA
from service.store.sealing import (
    BLOCKS,
    OVERHEAD_BYTES,
    PROCESS,
    SealBroken,
    Sealer,
)

#: Of one batch: a few hundred rows, of histories some thousands.
PAGES_AT_ONCE = 16
#: More than these nobody reads through.
MOST_LISTED = 100

# A partition that was dropped just now has no size.
STRETCHES = text(
    """
    SELECT named.name AS table, part.oid::regclass::text AS name,
        COALESCE(pg_relation_size(part.oid), 0)
            / CAST(current_setting('block_size') AS bigint) AS pages
    FROM unnest(CAST(:tables AS text[])) WITH ORDINALITY AS named (name, place)
    JOIN pg_class AS part ON part.relkind = 'r' AND (
        part.oid = CAST(named.name AS regclass) OR part.oid IN (
            SELECT inhrelid FROM pg_inherits
            WHERE inhparent = CAST(named.name AS regclass)
        )
    )
    ORDER BY named.place, part.relname
    """
)
IS_THERE = text("SELECT to_regclass(:name) IS NOT NULL")
IS_BARE = f"""
    (octet_length(sealed) <= {OVERHEAD_BYTES}
    OR (octet_length(sealed) - {OVERHEAD_BYTES}) % :block <> 0)
"""
STALE = f"""
    SELECT ctid, sealed, key_id, {{key}} FROM {{name}}
    WHERE ctid >= CAST(:first AS tid) AND ctid < CAST(:end AS tid)
    AND sealed IS NOT NULL AND (key_id <> :current OR {IS_BARE})
    FOR NO KEY UPDATE SKIP LOCKED
"""
REPLACE = """
    UPDATE {name} AS old SET sealed = new.sealed, key_id = :current
    FROM unnest(CAST(:places AS text[]), CAST(:sealed AS bytea[]))
        AS new (place, sealed)
    WHERE old.ctid = CAST(new.place AS tid)
"""
COUNT = f"""
    SELECT key_id, count(*) AS rows, count(*) FILTER (WHERE {IS_BARE}) AS bare
    FROM {{name}} WHERE sealed IS NOT NULL GROUP BY key_id ORDER BY key_id
"""
# Those of the release before gave no key: theirs is taken to be another one.
OTHERS = text(
    """
    SELECT DISTINCT application_name AS name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE :ours
    AND application_name NOT LIKE :current
    ORDER BY 1 LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Pages of one table or partition, from `first` to before `end`."""

    table: str
    name: str
    first: int
    end: int

    @property
    def pages(self) -> int:
        """How many there are."""
        return self.end - self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """How many rows of a table one key sealed; `bare` of them are not padded."""

    table: str
    key_id: str
    rows: int
    bare: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """What became of a stretch: rows sealed anew, and those that do not open."""

    rows: int
    unreadable: int


class Resealing:
    """The sealed rows of all tables, by key and length."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    @property
    def current(self) -> str:
        """The name of the key that seals."""
        return self._sealer.current

    async def stretches(self) -> tuple[Stretch, ...]:
        """Everything that can hold a sealed row at this moment, in order."""
        found = await self._connection.execute(STRETCHES, {"tables": list(BLOCKS)})
        return tuple(
            Stretch(
                table=row.table,
                name=row.name,
                first=first,
                end=min(first + PAGES_AT_ONCE, row.pages),
            )
            for row in found
            for first in range(0, row.pages, PAGES_AT_ONCE)
        )

    async def reseal(self, stretch: Stretch) -> Resealed:
        """Seal with the current key, and pad, what is not; rows in use are left out.

        Safe to do twice. One that does not open, or whose key is missing, stays as it is.
        """
        if not await self._connection.scalar(IS_THERE, {"name": stretch.name}):
            return Resealed(rows=0, unreadable=0)
        table = METADATA.tables[stretch.table]
        key = [column.name for column in table.primary_key]
        stale = text(STALE.format(name=stretch.name, key=", ".join(key)))
        values = {
            "first": (stretch.first, 0),
            "end": (stretch.end, 0),
            "current": self.current,
            "block": BLOCKS[stretch.table],
        }
        found = (await self._connection.execute(stale, values)).all()
        boxes: dict[str, bytes] = {}
        for row in found:
            try:
                boxes["({},{})".format(*row.ctid)] = self._anew(stretch.table, row, key)
            except SealBroken:
                continue
        await self._replace(stretch.name, boxes)
        return Resealed(rows=len(boxes), unreadable=len(found) - len(boxes))

    async def count(self) -> tuple[Sealed, ...]:
        """How many rows of each table each key sealed. Reads every table once."""
        counted: list[Sealed] = []
        for table, block in BLOCKS.items():
            many = await self._connection.execute(
                text(COUNT.format(name=table)), {"block": block}
            )
            counted += [Sealed(table=table, **row._asdict()) for row in many]
        return tuple(counted)

    async def others(self) -> tuple[str, ...]:
        """The processes, here and elsewhere, that seal with another key than ours."""
        values = {
            "ours": f"{PROCESS}%",
            "current": f"{PROCESS} {self._sealer.fingerprint} %",
            "limit": MOST_LISTED,
        }
        found = await self._connection.execute(OTHERS, values)
        return tuple(map(_process, found.scalars()))

    def _anew(self, table: str, row: Row[Any], key: Sequence[str]) -> bytes:
        about = ":".join((table, *map(_named, (getattr(row, part) for part in key))))
        plain = self._sealer.open(row.sealed, row.key_id, about=about)
        return self._sealer.seal(plain, about=about)[0]

    async def _replace(self, name: str, boxes: dict[str, bytes]) -> None:
        if boxes:
            values = {
                "places": list(boxes),
                "sealed": list(boxes.values()),
                "current": self.current,
            }
            await self._connection.execute(text(REPLACE.format(name=name)), values)


def _named(part: object) -> str:
    """A part of a row's key as it stands in what its box is bound to."""
    return part.hex() if isinstance(part, bytes) else str(part)


def _process(name: str) -> str:
    """What an operator knows it by: its number and its machine."""
    _, _, rest = name.partition(" ")
    return rest.partition(" ")[2] or "one of the release before"
