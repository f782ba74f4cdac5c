"""What tells the time, and how far two clocks may be apart. Others are told `now`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

#: Clocks that differ by more do not agree: by less, a mail is still at its hour.
TOO_FAR = timedelta(seconds=30)


class Clock(Protocol):
    """The database's time, this machine's, or one that a test sets."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""


def ahead(told: datetime, *, before: datetime, after: datetime) -> timedelta:
    """How far a clock is ahead of ours; negative where it is behind.

    Ours showed `before` when the other was asked and `after` when it had answered:
    only what this interval does not explain counts.
    """
    first, last = min(before, after), max(before, after)
    return told - min(max(told, first), last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What another clock told (UTC), asked and answered at these monotonic seconds."""

    told: datetime
    asked: float
    answered: float

    def at(self, seconds: float) -> datetime:
        """What it must show then, if it told half way between question and answer."""
        middle = (self.asked + self.answered) / 2
        return self.told + timedelta(seconds=seconds - middle)

    def step_since(self, before: "Reading") -> timedelta:
        """How far the clock jumped between two readings, beyond what they explain."""
        least = timedelta(seconds=self.asked - before.answered)
        most = timedelta(seconds=self.answered - before.asked)
        return ahead(self.told, before=before.told + least, after=before.told + most)
