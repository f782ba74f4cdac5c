"""Stand-ins for what a test must steer."""

from datetime import datetime, timedelta

from service.clock import SystemClock
from service.flows.timekeeping import Trust


class Trusting:
    """A timekeeper that finds nothing wrong with any clock, until it is told to."""

    def __init__(self, clock: SystemClock) -> None:
        self.clock = clock
        self.trust = Trust.TRUSTED
        self.ahead = timedelta()

    @property
    def may_act(self) -> bool:
        return self.trust is Trust.TRUSTED

    @property
    def trouble(self) -> str:
        return "" if self.may_act else self.trust

    async def check(self) -> None:
        """Nothing is asked."""


class StoppedClock(SystemClock):
    """A clock that moves only when it is told to."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by
