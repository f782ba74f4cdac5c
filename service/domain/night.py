"""Which night is tonight, and when its evening comes: the only home of local time.

Zone and local minute are the truth, instants are derived. In a gap (clocks go
forward) the first valid minute after it counts; in a fold (clocks go back) the first
of the two.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from service.domain.subscriber import Evening, is_evening_due

#: People choose a time from 16:00 to 22:00, in minutes after local midnight.
EARLIEST = 16 * 60
LATEST = 22 * 60
USUAL = 19 * 60
#: A reminder is dropped this long after its time, and at 23:30 local at the latest.
PATIENCE = timedelta(minutes=150)
PATIENCE_SECONDS = PATIENCE.total_seconds()
BEDTIME = 23 * 60 + 30
#: The peak at the full hour is spread over this many seconds.
SPREAD_SECONDS = 240


class Clock(StrEnum):
    """How a local time met the zone's clock on that day."""

    EXACT = "exact"
    GAP = "gap"
    FOLD = "fold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A local time found on the UTC line, and how."""

    at: datetime
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One evening of one person: sent from `due_at`, dropped at `expires_at` (UTC)."""

    night: date
    due_at: datetime
    expires_at: datetime


def instant(zone: str, night: date, minute: int) -> Instant:
    """The UTC instant of `minute` after midnight on that day in an IANA zone."""
    tz = ZoneInfo(zone)
    wall = datetime.combine(night, time(minute // 60, minute % 60))
    first = wall.replace(tzinfo=tz).astimezone(UTC)
    second = wall.replace(tzinfo=tz, fold=1).astimezone(UTC)
    if first == second:
        return Instant(at=first, clock=Clock.EXACT)
    if first < second:
        return Instant(at=first, clock=Clock.FOLD)
    return Instant(at=change_between(tz, second, first), clock=Clock.GAP)


def night_at(zone: str, *, now: datetime) -> date:
    """The local date in `zone`: the night that a reminder sent now belongs to."""
    return now.astimezone(ZoneInfo(zone)).date()


def local(zone: str, *, at: datetime) -> datetime:
    """The instant on the wall clock of `zone`, for words on a page or in a mail."""
    return at.astimezone(ZoneInfo(zone))


def slot(evening: Evening, night: date, *, subscriber_id: int) -> Slot:
    """When the reminder of `night` goes out, and when it is too late for it."""
    chosen = instant(evening.zone, night, evening.minute).at
    due_at = chosen + timedelta(seconds=jitter(subscriber_id))
    bedtime = instant(evening.zone, night, BEDTIME).at
    return Slot(night=night, due_at=due_at, expires_at=min(chosen + PATIENCE, bedtime))


def late_seconds(
    *, minute: int, subscriber_id: int, expires_at: datetime, now: datetime
) -> float:
    """How long after its time a reminder with this deadline is, which no retry moves.

    Clocks that change between the chosen minute and bedtime shift it by an hour.
    """
    patience = min(PATIENCE_SECONDS, (BEDTIME - minute) * 60)
    left = (expires_at - now).total_seconds()
    return patience - left - jitter(subscriber_id)


def next_slot(
    evening: Evening,
    *,
    subscriber_id: int,
    started_on: date,
    after: date,
    now: datetime,
) -> Slot:
    """The first evening later than the night `after` that can still be kept."""
    night = max(after + timedelta(days=1), night_at(evening.zone, now=now))
    while True:
        found = slot(evening, night, subscriber_id=subscriber_id)
        due = is_evening_due(evening.frequency, started_on=started_on, night=night)
        if due and found.expires_at > now:
            return found
        night += timedelta(days=1)


def first_slot(
    evening: Evening,
    *,
    subscriber_id: int,
    started_on: date | None,
    taken: date | None,
    now: datetime,
) -> Slot:
    """The first evening whose chosen time lies ahead, but for the night `taken`.

    `taken` has its mail already. Where `started_on` is None the person starts afresh,
    and any evening is one of theirs.
    """
    night = night_at(evening.zone, now=now)
    while True:
        found = slot(evening, night, subscriber_id=subscriber_id)
        due = is_evening_due(
            evening.frequency, started_on=started_on or night, night=night
        )
        if due and found.due_at > now and night != taken:
            return found
        night += timedelta(days=1)


def jitter(subscriber_id: int) -> int:
    """Seconds after the chosen minute, always the same for one person."""
    digest = hashlib.sha256(b"jitter|%d" % subscriber_id).digest()
    return int.from_bytes(digest[:4], "big") % SPREAD_SECONDS


def change_between(tz: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second between the two (UTC) at which the zone's offset changed."""
    offset = before.astimezone(tz).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if middle.astimezone(tz).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
