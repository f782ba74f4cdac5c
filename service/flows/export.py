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

    Few of them are in memory at once.
    """
    subscribers = 0
    async with store.transaction() as tx:
        async for subscriber in tx.subscribers.everybody():
            write(subscriber)
            subscribers += 1
        how_many = f"subscribers: {subscribers}"
        await tx.audit.add(by, Act.PEOPLE_EXPORTED, details=how_many, now=now)
    return subscribers


async def count(store: Store) -> int:
    """How many subscribers there are."""
    async with store.transaction() as tx:
        return await tx.subscribers.count()
