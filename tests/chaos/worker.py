"""`eventide worker` with the run's clock, so that the evening can be moved."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

from service import app
from service.clock import SystemClock
from service.commands.loop import run
from service.commands.run import stop_signal


class Machine(SystemClock):  # pragma: no cover - see town.UNMEASURED
    """A worker's machine: what its clock is wrong by, and the seconds that passed.

    When the run lets time pass, it passes for the database and in `passed`. A step of
    the database's clock is what does not.
    """

    def __init__(self, passed: Path, wrong_by: Path) -> None:
        self._passed = passed
        self._wrong_by = wrong_by

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=float(self._wrong_by.read_text()))

    def seconds(self) -> float:
        return super().seconds() + float(self._passed.read_text())


async def main(
    passed: Path, wrong_by: Path
) -> None:  # pragma: no cover - see town.UNMEASURED
    """Work until SIGTERM; says on standard output when it has begun."""
    stop = stop_signal()
    settings = app.settings()
    async with (
        app.opened(
            settings,
            url=settings.database.url,
            keys=app.keys(settings),
            machine=Machine(passed, wrong_by),
        ) as parts,
        app.working(parts),
    ):
        print("at work", flush=True)  # noqa: T201 - it tells the harness
        await stop.wait()


if __name__ == "__main__":
    run(main(Path(sys.argv[1]), Path(sys.argv[2])))
