"""The workers of a service together: how many there are, and when tonight is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.domain.forecast import Forecast, forecast
from service.store.engine import Store
from service.store.outbox import NotSent
from service.store.workers import Crew

#: Nights that can still have a mail on its way, in any zone.
LAST_NIGHTS = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What an operator wants to know of an evening; `waiting` are in the queue."""

    crew: Crew
    waiting: int
    forecast: Forecast
    not_sent: tuple[NotSent, ...]


async def beat(store: Store, worker: str, *, per_second: float) -> Crew:
    """Note that this worker is alive; all that are. Safe to do at any time."""
    async with store.transaction() as tx:
        await tx.workers.beat(worker, per_second=per_second)
        return await tx.workers.alive()


async def leave_alone(
    store: Store, worker: str, relays: Mapping[str, datetime]
) -> None:
    """Note which relays a worker gives no mail, and since when (UTC)."""
    async with store.transaction() as tx:
        await tx.workers.leave_alone(worker, relays)


async def left_alone(store: Store) -> Mapping[str, datetime]:
    """Which relays get no mail from some worker, and since when."""
    async with store.transaction() as tx:
        return await tx.workers.left_alone()


async def leave(store: Store, worker: str) -> None:
    """Count this worker no more, so that the others take its share at once."""
    async with store.transaction() as tx:
        await tx.workers.leave(worker)


async def outlook(store: Store, *, now: datetime) -> Outlook:
    """How the evening goes: workers, forecast, and what was not sent since yesterday."""
    async with store.transaction() as tx:
        crew = await tx.workers.alive()
        waiting = await tx.outbox.waiting(now=now)
        arrivals = await tx.subscribers.arrivals(now=now)
        not_sent = await tx.outbox.not_sent(since=now.date() - LAST_NIGHTS)
    ahead = forecast(waiting, arrivals, per_second=crew.per_second, now=now)
    queued = sum(each.reminders for each in waiting)
    return Outlook(crew=crew, waiting=queued, forecast=ahead, not_sent=not_sent)
