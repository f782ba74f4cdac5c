"""How each mailbox provider takes our mail, and which workers send it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.domain.reception import Reception, receptions
from service.store.engine import Store
from service.store.figures import Held
from service.store.workers import Worker

#: The nights that the queue still has, in any zone.
LAST_NIGHTS = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverability:
    """All of the last nights together, and each of them, newest first.

    `held` are reminders that wait after a refusal, at this moment.
    """

    since: date
    together: tuple[Reception, ...]
    nights: tuple[tuple[date, tuple[Reception, ...]], ...]
    held: tuple[Held, ...]
    workers: tuple[Worker, ...]


async def deliverability(store: Store, *, now: datetime) -> Deliverability:
    """The figures by provider; walks the nights of the queue once."""
    since = now.date() - LAST_NIGHTS
    async with store.transaction() as tx:
        spoken = await tx.figures.spoken(since=since)
        complaints = await tx.figures.complaints(since=now - LAST_NIGHTS)
        held = await tx.figures.held()
        workers = await tx.workers.listed()
    dates = sorted({one.night for one in spoken}, reverse=True)
    return Deliverability(
        since=since,
        together=receptions(spoken, complaints),
        nights=tuple(
            (night, receptions([one for one in spoken if one.night == night], {}))
            for night in dates
        ),
        held=held,
        workers=workers,
    )
