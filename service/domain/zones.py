"""Whether a time zone is one of a country's: zones are compared by clock, not by name.

Two names agree where their clocks show the same time at every instant of the next
year, so old and linked names (`Asia/Calcutta`, `Europe/Oslo`) need no table.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from service.domain.night import (
    BEDTIME,
    EARLIEST,
    Slot,
    change_between,
    instant,
    local,
    night_at,
)
from service.domain.subscriber import Evening

#: How far ahead clocks are compared.
A_YEAR = timedelta(days=366)
#: No zone changes its offset twice within this time.
A_STEP = timedelta(days=1)
#: Names in use today, for two days.
ZONES_KEPT = 2048

#: The offsets of a clock from UTC, each with the instant (UTC) at which it begins.
Offsets = tuple[tuple[datetime, timedelta], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The zone of a form. `is_confirmed`: the person pressed that its time is theirs."""

    zone: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WhichClock:
    """The person must say which clock is theirs: a zone for each, the likely first."""

    zones: tuple[str, ...]


@lru_cache(maxsize=ZONES_KEPT)
def offsets(zone: str, *, today: date) -> Offsets:
    """The offsets of a zone's clock in the year from `today` (UTC) on."""
    tz = ZoneInfo(zone)
    at = datetime.combine(today, time(), tzinfo=UTC)
    found = [(at, _offset(tz, at))]
    for _ in range(A_YEAR // A_STEP):
        following = at + A_STEP
        offset = _offset(tz, following)
        if offset != found[-1][1]:
            found.append((change_between(tz, at, following), offset))
        at = following
    return tuple(found)


def agree(zone: str, other: str, *, today: date) -> bool:
    """Whether the two clocks show the same time for a year from `today` on."""
    return offsets(zone, today=today) == offsets(other, today=today)


def by_clock(zones: Iterable[str], *, today: date) -> tuple[tuple[str, ...], ...]:
    """The zones whose clocks agree put together, each in the order given."""
    clocks: dict[Offsets, list[str]] = {}
    for zone in zones:
        clocks.setdefault(offsets(zone, today=today), []).append(zone)
    return tuple(map(tuple, clocks.values()))


def one_per_clock(zones: Iterable[str], *, today: date) -> tuple[str, ...]:
    """The first zone of each clock, in the order given."""
    return tuple(same[0] for same in by_clock(zones, today=today))


def settle(
    country: tuple[str, ...], *, chosen: str, browser: str, pressed: str, now: datetime
) -> Settled | WhichClock:
    """The zone of somebody who lives in a country of these zones, or what to ask.

    Each of the three names is "" where there is none. `country` is empty where they
    did not say: then they are always asked. What the browser names is believed only
    so far that it makes us ask, where its clock shows another time at this moment.
    """
    if pressed:
        return Settled(zone=pressed, is_confirmed=True)
    today = now.date()
    there = one_per_clock(country, today=today)
    zone = chosen or (there[0] if len(there) == 1 else "")
    is_there = bool(zone) and is_one_of(zone, there, today=today)
    likely = (zone,) if is_there else (*there, *filter(None, (zone,)))
    is_other = bool(browser) and not any(
        is_same_time(browser, each, at=now) for each in likely
    )
    if is_there and not is_other:
        return Settled(zone=zone, is_confirmed=False)
    asked = (*likely, browser) if is_other else likely
    return WhichClock(zones=one_per_clock(asked, today=today))


def is_same_time(zone: str, other: str, *, at: datetime) -> bool:
    """Whether both clocks show the same time at that instant."""
    return local(zone, at=at).utcoffset() == local(other, at=at).utcoffset()


def first_difference(zone: str, other: str, *, now: datetime) -> datetime:
    """The first instant from now on at which the clocks show two times.

    Now, where they do; never asked of two that agree.
    """
    both = (*offsets(zone, today=now.date()), *offsets(other, today=now.date()))
    later = sorted(at for at, _ in both if at > now)
    return next(
        (at for at in (now, *later) if not is_same_time(zone, other, at=at)), now
    )


def is_in_doubt(evening: Evening, country: tuple[str, ...], *, today: date) -> bool:
    """Whether an evening's zone is none of the country's, and nobody confirmed it.

    Never where `country` is empty: nothing is known of it.
    """
    if evening.is_zone_confirmed or not country:
        return False
    return not is_one_of(evening.zone, country, today=today)


@lru_cache(maxsize=ZONES_KEPT)
def is_one_of(zone: str, zones: tuple[str, ...], *, today: date) -> bool:
    """Whether the clock of a zone is that of one of `zones`."""
    return any(agree(zone, other, today=today) for other in zones)


def within_evening(slot: Slot, country: tuple[str, ...]) -> Slot | None:
    """The part of a slot in which it is evening in the country too, from its start on.

    Evening is from 16:00 to 23:30 by at least one of the country's clocks. None where
    the slot does not begin in one.
    """
    until = slot.due_at
    while until < slot.expires_at:
        end = max((_evening_end(zone, until) for zone in country), default=until)
        if end <= until:
            break
        until = end
    if until == slot.due_at:
        return None
    return replace(slot, expires_at=min(slot.expires_at, until))


def _evening_end(zone: str, at: datetime) -> datetime:
    """When the evening of a zone ends in which `at` lies; `at` where it lies in none."""
    night = night_at(zone, now=at)
    end = instant(zone, night, BEDTIME).at
    is_evening = instant(zone, night, EARLIEST).at <= at < end
    return end if is_evening else at


def _offset(tz: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(tz).utcoffset() or timedelta(0)
