"""A clock that several processes share and one of them moves."""

from datetime import datetime, timedelta
from pathlib import Path

from service.clock import SystemClock


class MovedClock(SystemClock):
    """The machine's clock, and the seconds that a file says on top of it.

    Whoever was given it sees a jump at once, as after an operator set the time.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=float(self._file.read_text()))

    def move(self, by: timedelta) -> None:
        """Let it be so much later, or earlier, for everybody."""
        ahead = float(self._file.read_text()) + by.total_seconds()
        new = self._file.with_suffix(".new")
        new.write_text(str(ahead))
        new.replace(self._file)  # Nobody ever reads half a number.

    def move_to(self, instant: datetime) -> None:
        """Let it be `instant` now."""
        self.move(instant - self.now())


def moved_clock(file: Path, *, to: datetime) -> MovedClock:
    """A clock at `to`, whose file is new."""
    file.write_text("0")
    clock = MovedClock(file)
    clock.move_to(to)
    return clock
