"""A night by the hour that people chose: who was due, and what became of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.domain.night import EARLIEST, LATEST, night_at
from service.domain.outbox import State

#: The hours of the day that people can choose.
HOURS = range(EARLIEST // 60, LATEST // 60 + 1)
#: Sent so long after the chosen time, a reminder was late. Four minutes of it are
#: meant: they spread the peak at the full hour.
LATE_AFTER = timedelta(minutes=15)
#: A reminder that waits for longer has a backlog before it; and for so long, a fault.
BEHIND_AFTER = timedelta(minutes=10)
STUCK_AFTER = timedelta(minutes=30)
UNDER_WAY = frozenset({State.DUE, State.CLAIMED, State.SENDING})
NOT_SENT = frozenset({State.FAILED, State.UNKNOWN, State.EXPIRED, State.SUPPRESSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """So many of a night's reminders of this hour that stand there for this reason.

    `late` of them were sent late.
    """

    hour: int
    state: State
    reason: str
    messages: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """So many people of a zone who chose this hour and become due from `at` (UTC)."""

    zone: str
    hour: int
    at: datetime
    people: int


@dataclass(slots=True, kw_only=True)
class Hour:
    """One hour of a night; `late` are among those that were sent."""

    hour: int
    coming: int = 0
    waiting: int = 0
    sent: int = 0
    late: int = 0
    not_sent: int = 0

    @property
    def due(self) -> int:
        """All whose hour it was, is, or will be."""
        return self.coming + self.waiting + self.sent + self.not_sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One night: each hour in order, and why what was not sent was not sent."""

    night: date
    hours: tuple[Hour, ...]
    why: Mapping[tuple[State, str], int]

    @property
    def total(self) -> Hour:
        """All hours together."""
        return Hour(
            hour=-1,
            coming=sum(hour.coming for hour in self.hours),
            waiting=sum(hour.waiting for hour in self.hours),
            sent=sum(hour.sent for hour in self.hours),
            late=sum(hour.late for hour in self.hours),
            not_sent=sum(hour.not_sent for hour in self.hours),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A night that has reminders; `is_open` while one of them may still be sent."""

    night: date
    is_open: bool


def by_hour(night: date, counted: Iterable[Counted], coming: Iterable[Coming]) -> Night:
    """The whole night: what has happened, and who of `coming` is due on it."""
    hours = {hour: Hour(hour=hour) for hour in HOURS}
    why: Counter[tuple[State, str]] = Counter()
    for one in counted:
        _count(hours[one.hour], one)
        if one.state in NOT_SENT:
            why[one.state, one.reason] += one.messages
    for ahead in coming:
        if night_of(ahead) == night:
            hours[ahead.hour].coming += ahead.people
    return Night(night=night, hours=tuple(hours.values()), why=dict(why.most_common()))


def night_of(coming: Coming) -> date:
    """The night that these people are due on."""
    return night_at(coming.zone, now=coming.at)


def tonight(seen: Iterable[Seen], coming: Iterable[Coming], *, today: date) -> date:
    """The night to look at now: the first that is not over, else the last one.

    Around the world two nights can be under way at once. `today` where there is none.
    """
    nights = tuple(seen)
    under_way = {one.night for one in nights if one.is_open}
    under_way |= {night_of(one) for one in coming}
    if under_way:
        return min(under_way)
    return max((one.night for one in nights), default=today)


def _count(hour: Hour, one: Counted) -> None:
    if one.state in UNDER_WAY:
        hour.waiting += one.messages
    elif one.state in NOT_SENT:
        hour.not_sent += one.messages
    else:
        hour.sent += one.messages
        hour.late += one.late
