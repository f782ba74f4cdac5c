"""The time of a run: the database's, which is moved, and what workers think of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from service.clock import SystemClock
from tests.failover.pair import Pair

LET_MOVE = """
    INSERT INTO shifted_clock (identity, instant, since)
    VALUES ('', statement_timestamp(), statement_timestamp())
"""
MOVE = "UPDATE shifted_clock SET instant = instant + $1"
#: As the heartbeats of that time would have done.
MARK = """
    UPDATE timekeeping SET high_water = GREATEST(high_water, eventide_now())
    WHERE NOT is_held
"""
IS_HELD = "SELECT is_held FROM timekeeping"
NOTHING = timedelta()


def write(file: Path, seconds: timedelta) -> None:
    """Nobody ever reads half a number."""
    new = file.with_suffix(".new")
    new.write_text(str(seconds.total_seconds()))
    new.replace(file)


@dataclass(kw_only=True)
class Clock:
    """The time as it is, and the database's, which may have been set to another."""

    database: Pair
    file: Path
    passed: timedelta = NOTHING
    stepped: timedelta = NOTHING
    _right_at: float = 0

    def now(self) -> datetime:
        return SystemClock().now() + self.passed

    async def step(self, by: timedelta, *, for_seconds: float) -> None:
        """Set the database's clock that far from the true time, as an operator may."""
        self._right_at = asyncio.get_running_loop().time() + for_seconds
        await self._move(by - self.stepped)

    async def set_right(self, *, at_once: bool = False) -> None:
        """Set it to the true time again, once it was wrong for long enough."""
        is_due = asyncio.get_running_loop().time() > self._right_at
        if self.stepped and (is_due or at_once):
            await self._move(-self.stepped)

    async def is_in_doubt(self) -> bool:
        """Whether the service has to wait, and with it whoever lets time pass."""
        (row,) = await self.database.ask(IS_HELD)
        return bool(self.stepped) or row["is_held"]

    async def pass_to(self, instant: datetime) -> None:
        """Let time pass until it is `instant`, for everybody."""
        by = instant - self.now()
        self.passed += by
        write(self.file, self.passed)
        await self.database.ask(MOVE, by)
        await self.database.ask(MARK)

    async def _move(self, by: timedelta) -> None:
        await self.database.ask(MOVE, by)
        self.stepped += by


async def started(database: Pair, *, at: datetime) -> Clock:
    """A clock at that instant, before anybody is there."""
    await database.ask(LET_MOVE)
    made = Clock(database=database, file=database.folder / "clock")
    await made.pass_to(at)
    return made
