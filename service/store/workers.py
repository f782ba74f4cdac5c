"""The workers that are alive: how many share a relay's rate, and how fast they send.

Signs of life are counted on the database's clock, whatever those of the workers say.
"""

# ruff: noqa: S608 - only constants of this module are joined; values are bound.

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

#: A worker that gave no sign of life for so long is not counted any more.
GONE_AFTER = timedelta(minutes=1)
#: More than these nobody reads through.
MOST_LISTED = 100

BEAT = text(
    """
    INSERT INTO worker (name, seen_at, per_second) VALUES (:name, now(), :per_second)
    ON CONFLICT (name) DO UPDATE
    SET seen_at = excluded.seen_at, per_second = excluded.per_second
    """
)
LEFT_ALONE = text(
    "UPDATE worker SET left_alone = CAST(:relays AS jsonb) WHERE name = :name"
)
# A sign of life from the future was given before the server's clock was set back.
IS_ALIVE = """
    seen_at BETWEEN now() - CAST(:gone AS interval) AND now() + CAST(:gone AS interval)
"""
RELAYS = text(
    f"""
    SELECT relay.key AS relay, min(CAST(relay.value AS timestamptz)) AS since
    FROM worker, jsonb_each_text(left_alone) AS relay
    WHERE {IS_ALIVE}
    GROUP BY 1 ORDER BY 1
    """
)
LEAVE = text("DELETE FROM worker WHERE name = :name")
DROP_GONE = text(f"DELETE FROM worker WHERE NOT ({IS_ALIVE})")
LISTED = text(
    f"""
    SELECT name, per_second, now() - seen_at AS silent_for FROM worker
    WHERE {IS_ALIVE}
    ORDER BY name LIMIT :limit
    """
)
ALIVE = text(
    f"""
    SELECT count(*) AS workers, COALESCE(sum(per_second), 0) AS per_second
    FROM worker WHERE {IS_ALIVE}
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """How many workers are alive, and how many mails a second they can send."""

    workers: int
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker that is alive: its name, and how many mails a second it can send."""

    name: str
    per_second: float
    silent_for: timedelta


class Workers:
    """The workers of this database, on any machine."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def beat(self, name: str, *, per_second: float) -> None:
        """Note that a worker is alive and what it can send."""
        values = {"name": name, "per_second": per_second}
        await self._connection.execute(BEAT, values)

    async def leave_alone(self, name: str, relays: Mapping[str, datetime]) -> None:
        """Note which relays a worker gives no mail, and since when."""
        since = {relay: at.isoformat() for relay, at in relays.items()}
        values = {"name": name, "relays": json.dumps(since)}
        await self._connection.execute(LEFT_ALONE, values)

    async def left_alone(self) -> Mapping[str, datetime]:
        """Which relays some worker gives no mail, and since when the first of them."""
        found = await self._connection.execute(RELAYS, {"gone": GONE_AFTER})
        return {row.relay: row.since for row in found}

    async def leave(self, name: str) -> None:
        """Forget a worker that stops."""
        await self._connection.execute(LEAVE, {"name": name})

    async def drop_gone(self) -> None:
        """Forget those that died."""
        await self._connection.execute(DROP_GONE, {"gone": GONE_AFTER})

    async def listed(self) -> tuple[Worker, ...]:
        """Those that gave a sign of life within the last minute, by name."""
        values = {"gone": GONE_AFTER, "limit": MOST_LISTED}
        return tuple(
            Worker(name=row.name, per_second=row.per_second, silent_for=row.silent_for)
            for row in await self._connection.execute(LISTED, values)
        )

    async def alive(self) -> Crew:
        """All that gave a sign of life within the last minute."""
        found = await self._connection.execute(ALIVE, {"gone": GONE_AFTER})
        row = found.one()
        return Crew(workers=row.workers, per_second=row.per_second)
