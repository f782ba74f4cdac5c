"""A store that has the nights around the builders' TODAY."""

import pytest_asyncio

from service.store.engine import Store
from tests.builders import TODAY


@pytest_asyncio.fixture
async def ready(store) -> Store:
    """An opened store with partitions for the nights around TODAY."""
    async with store.transaction() as tx:
        await tx.outbox.ensure_partitions(around=TODAY)
        await tx.nights.ensure_partitions(around=TODAY)
    return store
