"""When tonight will be done: what is due and to come, against the rate of sending."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.domain.night import PATIENCE

#: People are counted in steps of so many minutes of their due time.
STEP = timedelta(minutes=5)
#: How far a forecast looks ahead: to the end of any evening that has begun.
AHEAD = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """So many reminders that become due in the step that begins at `at` (UTC)."""

    at: datetime
    reminders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is due within the next hours, and what becomes of it at this rate.

    `per_second` is 0 where nothing is known of the rate yet; `done_at` and `deadline`
    are None then, or where nothing is due. `deadline` is that of the last reminder.
    `too_late` counts those whose own deadline would pass before they are sent.
    """

    due: int
    per_second: float
    done_at: datetime | None
    deadline: datetime | None
    too_late: int

    def __str__(self) -> str:
        """The forecast as an operator reads it; times in UTC."""
        if not self.due:
            return "nothing is due in the next hours"
        told = f"{self.due:,} due"
        if self.done_at is None or self.deadline is None:
            return f"{told}; the rate is not known before the first of them are sent"
        late = f"; {self.too_late:,} would be too late" if self.too_late else ""
        return (
            f"{told}, at {self.per_second:,.1f} a second done "
            f"{self.done_at:%H:%M} UTC, deadline {self.deadline:%H:%M} UTC{late}"
        )


def forecast(
    waiting: int, arrivals: Sequence[Arrivals], *, per_second: float, now: datetime
) -> Forecast:
    """Tonight at this rate, first come first served.

    `waiting` are due already; `arrivals` become due later, oldest step first.
    """
    steps = [Arrivals(at=now, reminders=waiting), *arrivals]
    due = sum(step.reminders for step in steps)
    if not due or not per_second:
        return Forecast(
            due=due, per_second=per_second, done_at=None, deadline=None, too_late=0
        )
    free_at, too_late, last = now, 0, now
    for step in (step for step in steps if step.reminders):
        last = max(step.at, now)
        begins = max(free_at, last)
        in_time = (last + PATIENCE - begins).total_seconds() * per_second
        sent = max(0, min(step.reminders, int(in_time)))
        too_late += step.reminders - sent
        free_at = begins + timedelta(seconds=sent / per_second)
    return Forecast(
        due=due,
        per_second=per_second,
        done_at=free_at,
        deadline=last + PATIENCE,
        too_late=too_late,
    )
