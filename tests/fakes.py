"""Stand-ins for what a test must steer."""

from datetime import datetime, timedelta

from service.clock import SystemClock


class StoppedClock(SystemClock):
    """A clock that moves only when it is told to."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by
