"""How things stand, for those who watch over the service."""

from datetime import datetime

from service.store.census import Count, Waits
from service.store.deployment import Standing
from service.store.engine import Store


async def waits(store: Store, *, now: datetime) -> tuple[Standing, Waits]:
    """Whether mail goes out from here, and what waits for it."""
    async with store.transaction() as tx:
        return await tx.deployment.state(), await tx.census.waits(now=now)


async def count(store: Store, *, now: datetime) -> Count:
    """Everybody, by what they are. It takes seconds where there are millions."""
    async with store.transaction() as tx:
        return await tx.census.count(now=now)
