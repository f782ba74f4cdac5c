"""Only one database sends: a copy of it finds that it is another one."""

from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.domain.outbox import Kind, Lane
from service.store.deployment import Standing
from service.store.engine import opened
from tests.builders import NOON, message
from tests.conftest import administer, created, dropped, stop_clock

MINUTE = timedelta(minutes=1)


async def claimed(store, lane):
    async with store.transaction() as tx:
        return await tx.outbox.claim(lane, limit=10, worker="w", lease=MINUTE, now=NOON)


async def state(store):
    async with store.transaction() as tx:
        return await tx.deployment.state()


@pytest_asyncio.fixture
async def waiting(ready):
    """A store in which a mail waits in either lane."""
    async with ready.transaction() as tx:
        await tx.outbox.put([message(1), message(2, kind=Kind.CONFIRMATION)])
    return ready


@pytest_asyncio.fixture
async def copy(waiting, database_url, database_server, sealer):
    """A store on a copy of that database, made by the server."""
    name = f"copy_{uuid4().hex[:12]}"
    template = make_url(database_url).database or ""
    await waiting._engine.dispose()  # noqa: SLF001 - a template must be left alone
    url = await created(database_server, name, template=template)
    async with opened(url, sealer) as store:
        await stop_clock(store, NOON)
        yield store
    await dropped(database_server, name)


@pytest.mark.parametrize("lane", Lane)
async def test_a_copy_sends_nothing_until_it_is_adopted(copy, lane):
    assert await state(copy) is Standing.FENCED
    assert await claimed(copy, lane) == ()

    async with copy.transaction() as tx:
        await tx.deployment.adopt()

    assert await state(copy) is Standing.SENDS
    assert len(await claimed(copy, lane)) == 1


@pytest.mark.parametrize("lane", Lane)
async def test_a_paused_service_claims_nothing_until_it_goes_on(waiting, lane):
    async with waiting.transaction() as tx:
        await tx.deployment.pause()

    assert await state(waiting) is Standing.PAUSED
    assert await claimed(waiting, lane) == ()

    async with waiting.transaction() as tx:
        await tx.deployment.resume()

    assert await state(waiting) is Standing.SENDS
    assert len(await claimed(waiting, lane)) == 1


@pytest.mark.parametrize("lane", Lane)
async def test_a_database_without_the_row_sends_nothing(waiting, database_url, lane):
    await administer(database_url, "DELETE FROM deployment")

    assert await state(waiting) is Standing.FENCED
    assert await claimed(waiting, lane) == ()

    async with waiting.transaction() as tx:
        await tx.deployment.adopt()

    assert len(await claimed(waiting, lane)) == 1


@pytest.mark.parametrize("has_row", [True, False])
async def test_a_fenced_database_keeps_its_pause_when_it_is_adopted(
    store, database_url, has_row
):
    if not has_row:
        await administer(database_url, "DELETE FROM deployment")
    async with store.transaction() as tx:
        await tx.deployment.fence(is_paused=True)
        assert await tx.deployment.state() is Standing.FENCED
        await tx.deployment.adopt()
        assert await tx.deployment.state() is Standing.PAUSED
