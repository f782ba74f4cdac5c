"""A store that has the nights around the builders' TODAY."""

import pytest_asyncio

from service.store.engine import Store
from tests.builders import NOON, TODAY
from tests.conftest import stop_clock


@pytest_asyncio.fixture
async def store(store) -> Store:
    """An opened store on a fresh database in which it is NOON until a test moves it."""
    await stop_clock(store, NOON)
    return store


@pytest_asyncio.fixture
async def ready(store) -> Store:
    """An opened store with partitions for the nights around TODAY."""
    async with store.transaction() as tx:
        await tx.outbox.ensure_partitions(around=TODAY)
        await tx.nights.ensure_partitions(around=TODAY)
    return store
