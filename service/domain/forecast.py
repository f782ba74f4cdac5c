"""When tonight will be done: what is due and to come, against the rate of sending."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from service.domain.night import PATIENCE

#: People are counted in steps of so many minutes of their due time, or deadline.
STEP = timedelta(minutes=5)
#: How far a forecast looks ahead: to the end of any evening that has begun.
AHEAD = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """So many reminders in the queue whose deadlines lie in one step, from this one on."""

    expires_at: datetime
    reminders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """So many reminders, not queued yet, that are due in the step that begins at `at`.

    It may lie in the past. Bedtime is not known of them: they are given all of PATIENCE.
    """

    at: datetime
    reminders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is due within the next hours, and what becomes of it at this rate.

    `per_second` is 0 where nothing is known of the rate yet; `done_at` and `deadline`
    are None then, or where nothing is due. `deadline` is the last of all deadlines.
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
    waiting: Sequence[Waiting],
    arrivals: Sequence[Arrivals],
    *,
    per_second: float,
    now: datetime,
) -> Forecast:
    """Tonight at this rate, first come first served, each until its own deadline.

    `waiting` are in the queue, first deadline first; `arrivals` come after them, oldest
    step first.
    """
    queued = (_Step(now, each.expires_at, each.reminders) for each in waiting)
    coming = (_Step(each.at, each.at + PATIENCE, each.reminders) for each in arrivals)
    steps = [step for step in (*queued, *coming) if step.reminders]
    due = sum(step.reminders for step in steps)
    if not due or not per_second:
        return Forecast(
            due=due, per_second=per_second, done_at=None, deadline=None, too_late=0
        )
    free_at, too_late = now, 0
    for step in steps:
        begins = max(free_at, step.at)
        in_time = (step.deadline - begins).total_seconds() * per_second
        sent = max(0, min(step.reminders, int(in_time)))
        too_late += step.reminders - sent
        free_at = begins + timedelta(seconds=sent / per_second)
    return Forecast(
        due=due,
        per_second=per_second,
        done_at=free_at,
        deadline=max(step.deadline for step in steps),
        too_late=too_late,
    )


class _Step(NamedTuple):
    at: datetime
    deadline: datetime
    reminders: int
