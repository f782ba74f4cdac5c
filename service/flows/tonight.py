"""The evening as the operator sees it: who was due, what became of it, when it is done."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from service.domain.forecast import Forecast, forecast
from service.domain.hours import BEHIND_AFTER, Night, by_hour, night_of, tonight
from service.store.census import Waits
from service.store.deployment import Standing
from service.store.engine import Store
from service.store.workers import Crew

#: The nights that the queue still has, or will have by this evening, in any zone.
NIGHTS = range(-3, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """One night by the hour, and how the service stands at this moment.

    `nights` are those that can be looked at, newest first; `tonight` is the one to
    look at now. `read_at` is when all this was counted.
    """

    night: Night
    nights: tuple[date, ...]
    tonight: date
    forecast: Forecast
    crew: Crew
    waits: Waits
    read_at: datetime


class Concern(StrEnum):
    """What somebody should look at now, the gravest first."""

    FENCED = "fenced"
    PROMOTED = "promoted"
    PAUSED = "paused"
    ALONE = "alone"
    NO_WORKER = "no_worker"
    TOO_LATE = "too_late"
    BEHIND = "behind"
    NONE = "none"


def concern(evening: Evening, standing: Standing) -> Concern:
    """What is wrong at this moment, if anything."""
    if standing is not Standing.SENDS:
        return Concern(standing)
    if not evening.crew.workers:
        return Concern.NO_WORKER
    if evening.forecast.too_late:
        return Concern.TOO_LATE
    is_behind = evening.waits.reminder_for > BEHIND_AFTER
    return Concern.BEHIND if is_behind else Concern.NONE


def offered(today: date) -> tuple[date, ...]:
    """The nights that can be looked at, oldest first; some may have nobody in them."""
    return tuple(today + timedelta(days=step) for step in NIGHTS)


async def evening(store: Store, night: date | None, *, now: datetime) -> Evening:
    """The figures of a night, None for tonight; walks that night once."""
    today = now.date()
    nights = offered(today)
    async with store.transaction() as tx:
        coming = await tx.figures.coming(now=now)
        seen = await tx.figures.nights(nights, now=now)
        current = max(tonight(seen, coming, today=today), nights[0])
        chosen = current if night is None else night
        counted = await tx.figures.hours(chosen)
        crew = await tx.workers.alive()
        waiting = await tx.outbox.waiting(now=now)
        arrivals = await tx.subscribers.arrivals(now=now)
        waits = await tx.census.waits(now=now)
    known = {current, *(one.night for one in seen), *map(night_of, coming)}
    return Evening(
        night=by_hour(chosen, counted, coming),
        nights=tuple(sorted(known & set(nights), reverse=True)),
        tonight=current,
        forecast=forecast(waiting, arrivals, per_second=crew.per_second, now=now),
        crew=crew,
        waits=waits,
        read_at=now,
    )
