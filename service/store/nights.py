"""The lasting record of a night: what was chosen for whom and what became of it.

Partitioned by month. Written with the outbox row; the outcome is filled in when the
outbox lets go of the night.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.store import partitions
from service.store.partitions import Span
from service.store.sealing import Sealer

PARENT = "night"

RECORD = text(
    """
    INSERT INTO night (subscriber_id, night, sealed, key_id, catalogue_version)
    SELECT subscriber_id, night, sealed, key_id, catalogue_version
    FROM unnest(
        CAST(:ids AS bigint[]), CAST(:nights AS date[]), CAST(:sealed AS bytea[]),
        CAST(:key_ids AS text[]), CAST(:versions AS text[])
    ) AS new (subscriber_id, night, sealed, key_id, catalogue_version)
    ON CONFLICT (subscriber_id, night) DO UPDATE
    SET sealed = excluded.sealed, key_id = excluded.key_id,
        catalogue_version = excluded.catalogue_version
    WHERE EXISTS (
        SELECT FROM outbox AS o
        WHERE o.subscriber_id = excluded.subscriber_id AND o.night = excluded.night
        AND o.kind = 'reminder' AND o.state = 'due'
    )
    """
)
GET = text(
    """
    SELECT sealed, key_id, catalogue_version, outcome, reason
    FROM night WHERE subscriber_id = :subscriber_id AND night = :night
    """
)


LAST = text(
    """
    SELECT night, sealed, key_id, catalogue_version, outcome, reason
    FROM night WHERE subscriber_id = :subscriber_id AND night >= :since
    ORDER BY night DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRecord:
    """One person's night. `choice` is JSON; `outcome` is None while it is open."""

    subscriber_id: int
    night: date
    choice: str
    catalogue_version: str
    outcome: str | None = None
    reason: str | None = None


class Nights:
    """The records, by person and night."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def record(self, records: Sequence[NightRecord]) -> None:
        """Keep what was chosen. A night that has a record keeps the one it has.

        But for one whose reminder had been held back, and is due after all. Makes the
        partition of a month that has none yet.
        """
        months = sorted({record.night.replace(day=1) for record in records})
        await partitions.ensure(self._connection, PARENT, [_span(m) for m in months])
        boxes = [
            self._sealer.seal(r.choice.encode(), about=_about(r.subscriber_id, r.night))
            for r in records
        ]
        values = {
            "ids": [r.subscriber_id for r in records],
            "nights": [r.night for r in records],
            "sealed": [sealed for sealed, _ in boxes],
            "key_ids": [key_id for _, key_id in boxes],
            "versions": [r.catalogue_version for r in records],
        }
        await self._connection.execute(RECORD, values)

    async def get(self, subscriber_id: int, night: date) -> NightRecord | None:
        """The record of one night, None if nothing was planned or it is too old."""
        values = {"subscriber_id": subscriber_id, "night": night}
        row = (await self._connection.execute(GET, values)).one_or_none()
        return None if row is None else self._record(subscriber_id, night, row)

    async def last(
        self, subscriber_id: int, *, since: date, limit: int
    ) -> tuple[NightRecord, ...]:
        """Up to `limit` of a person's nights since then, newest first."""
        values = {"subscriber_id": subscriber_id, "since": since, "limit": limit}
        found = await self._connection.execute(LAST, values)
        return tuple(self._record(subscriber_id, row.night, row) for row in found)

    def _record(self, subscriber_id: int, night: date, row: Row[Any]) -> NightRecord:
        about = _about(subscriber_id, night)
        return NightRecord(
            subscriber_id=subscriber_id,
            night=night,
            choice=self._sealer.open(row.sealed, row.key_id, about=about).decode(),
            catalogue_version=row.catalogue_version,
            outcome=row.outcome,
            reason=row.reason,
        )

    async def ensure_partitions(self, around: date) -> None:
        """Make the months that hold last night and the next ones."""
        days = (around - timedelta(days=1), around + timedelta(days=3))
        months = dict.fromkeys(day.replace(day=1) for day in days)
        await partitions.ensure(self._connection, PARENT, [_span(m) for m in months])

    async def drop_old(self, before: date) -> None:
        """Drop the months whose last night was before this one.

        Raises:
            Busy: (by the transaction) they are in use, by a backup for one.
        """
        doomed = await self._ended(before)
        if doomed:
            await partitions.lock(self._connection)
            await partitions.drop(self._connection, await self._ended(before))

    async def _ended(self, before: date) -> tuple[str, ...]:
        kept = _span(before.replace(day=1)).name
        found = await partitions.names(self._connection, PARENT)
        return tuple(name for name in found if name < kept)


def _span(first: date) -> Span:
    end = (first + timedelta(days=32)).replace(day=1)
    return Span(name=f"night_{first:%Y%m}", first=first, end=end)


def _about(subscriber_id: int, night: date) -> str:
    return f"night:{subscriber_id}:{night}"
