"""Everybody who subscribed, with their answers, for a program or a person to read."""

from collections.abc import Callable

from service.domain.subscriber import Subscriber
from service.store.engine import Store


async def export(store: Store, write: Callable[[Subscriber], object]) -> int:
    """Call `write` with every subscriber of this moment, by number; how many.

    Few of them are in memory at once.
    """
    subscribers = 0
    async with store.transaction() as tx:
        async for subscriber in tx.subscribers.everybody():
            write(subscriber)
            subscribers += 1
    return subscribers


async def count(store: Store) -> int:
    """How many subscribers there are."""
    async with store.transaction() as tx:
        return await tx.subscribers.count()
