"""`eventide worker` with the run's clock, so that the evening can be moved."""

import sys
from pathlib import Path

from service import app
from service.commands.loop import run
from service.commands.run import stop_signal
from tests.chaos.clock import Machine


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
