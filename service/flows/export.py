"""Everybody who subscribed, with their answers, for a program or a person to read."""

from collections.abc import Callable
from datetime import datetime

from service.domain.audit import Act
from service.domain.subscriber import Subscriber
from service.store.engine import Store


async def export(
    store: Store, write: Callable[[Subscriber], object], *, by: str, now: datetime
) -> int:
    """Call `write` with every subscriber of this moment, by number; how many.

    Few of them are in memory at once. It is noted before the first, and how many there
    were in any case.
    """
    subscribers = 0
    await _note(store, "begun", by=by, now=now)
    try:
        async with store.transaction() as tx:
            async for subscriber in tx.subscribers.everybody():
                write(subscriber)
                subscribers += 1
    finally:
        await _note(store, f"subscribers: {subscribers}", by=by, now=now)
    return subscribers


async def _note(store: Store, details: str, *, by: str, now: datetime) -> None:
    async with store.transaction() as tx:
        await tx.audit.add(by, Act.PEOPLE_EXPORTED, details=details, now=now)


async def count(store: Store) -> int:
    """How many subscribers there are."""
    async with store.transaction() as tx:
        return await tx.subscribers.count()
