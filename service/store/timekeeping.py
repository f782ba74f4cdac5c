"""The database's time, which decides what is due, planned, claimed, late and expired.

`eventide_now()` tells it: the server's clock, shifted only in a demo's or a test's
database. A statement that acts on the time also compares it with the time that its
caller believes in (AGREES), so that the first one after a step of either clock does
nothing; and none acts while the clock is held (IS_TRUSTED).
"""

# ruff: noqa: S608 - only constants of this module are joined; values are bound.

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.clock import TOO_FAR

# Each is asked once a statement, before a row is looked at.
NOW = "(SELECT eventide_now())"
AGREES = f"""
    (SELECT abs(extract(epoch FROM eventide_now() - CAST(:now AS timestamptz)))
        <= {TOO_FAR.total_seconds():.0f})
"""
IS_TRUSTED = f"((SELECT NOT is_held FROM timekeeping) AND {AGREES})"

READ = text(
    """
    SELECT eventide_now() AS instant, statement_timestamp() AS server, high_water, steps, is_held,
        EXISTS (
            SELECT FROM shifted_clock WHERE identity = database_identity()
        ) AS is_shifted
    FROM timekeeping
    """
)
TRUSTED = text(f"SELECT {IS_TRUSTED}")
ADVANCE = text(
    """
    UPDATE timekeeping SET high_water = GREATEST(high_water, eventide_now())
    WHERE NOT is_held
    """
)
HOLD = text("UPDATE timekeeping SET is_held = true, steps = steps + 1 RETURNING steps")
# A step that another process has seen meanwhile is not forgotten.
RELEASE = text(
    """
    UPDATE timekeeping SET is_held = false, high_water = eventide_now()
    WHERE steps = :steps
    """
)
LET_SHIFT = text(
    """
    INSERT INTO shifted_clock (identity, instant, since)
    VALUES ('', statement_timestamp(), statement_timestamp())
    """
)
MOVE_TO = text(
    """
    UPDATE shifted_clock SET instant = :instant, since = statement_timestamp()
    WHERE eventide_now() < :instant
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the database says of its clock.

    `high_water` is the latest time that was believed, None before the first; `steps`
    is how often it was seen to step. In a demo or a test the clock may be shifted: then
    `server` is what the machine under it shows, otherwise the same as `instant`.
    """

    instant: datetime
    server: datetime
    high_water: datetime | None
    steps: int
    is_held: bool
    is_shifted: bool


class Timekeeping:
    """The row about the database's clock, and the one that shifts it."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def read(self) -> Told:
        """The time (UTC), and what is known of the clock that told it."""
        row = (await self._connection.execute(READ)).one()
        return Told(**row._asdict())

    async def is_trusted(self, *, now: datetime) -> bool:
        """Whether `now` is the database's time, and that is not in doubt."""
        return bool(await self._connection.scalar(TRUSTED, {"now": now}))

    async def advance(self) -> None:
        """Note that the time is believed."""
        await self._connection.execute(ADVANCE)

    async def hold(self) -> int:
        """Note a step: nothing is planned, sent or expired now. How many were seen."""
        return int(await self._connection.scalar(HOLD) or 0)

    async def release(self, *, steps: int) -> None:
        """Believe the time again, if no more than `steps` were seen."""
        await self._connection.execute(RELEASE, {"steps": steps})

    async def let_shift(self) -> None:
        """Let this clock be moved from now on: a demo's.

        Raises RefusedByDatabase (by the transaction) where people are already.
        """
        await self._connection.execute(LET_SHIFT)

    async def move_to(self, instant: datetime) -> None:
        """Let it be `instant` (UTC) now; one that is past already changes nothing."""
        await self._connection.execute(MOVE_TO, {"instant": instant})
