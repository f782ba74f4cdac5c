"""Seeding: invented subscribers, for trials and measurements; never beside real ones."""

from collections.abc import Callable
from datetime import datetime

from service.domain.errors import Misconfigured
from service.domain.synthetic import Newcomer
from service.store.engine import Store


async def insist_on_rehearsal(store: Store) -> None:
    """Return if nobody in the database is real. Raises Misconfigured."""
    async with store.transaction() as tx:
        if not await tx.rehearsal.has_real_people():
            return
    raise Misconfigured(
        what="somebody in it is real, or was invented under other keys",
        where="the database",
        remedy="Name a database for trials in EVENTIDE_DATABASE__URL, "
        "or another folder in EVENTIDE_DATABASE__DIR",
    )


async def seed(
    store: Store, invent: Callable[[int], Newcomer], *, count: int, now: datetime
) -> None:
    """Add so many invented subscribers, who joined now."""
    async with store.transaction() as tx:
        numbers = await tx.signups.new_ids(count)
        await tx.subscribers.add_all([invent(n) for n in numbers], now=now)
