"""How much strangers ask for at the moment."""

from datetime import datetime

from service.store.engine import Store
from service.store.limits import Pressure


async def pressure(store: Store, *, now: datetime) -> Pressure:
    """How much is asked for at the moment."""
    async with store.transaction() as tx:
        return await tx.limits.pressure(now=now)
