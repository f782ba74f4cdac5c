"""`eventide seed`: people to try the service with, never beside real ones."""

import pytest
import pytest_asyncio

from service.clock import SystemClock
from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import opened
from service.store.sealing import Sealer
from tests.builders import NOON, subscriber
from tests.commands.processes import outcome


@pytest.fixture
def named(settings, database_url):
    return {
        **settings,
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
    }


@pytest_asyncio.fixture
async def filled(named, database_url):
    """The store that the command fills."""
    found = keys(read(named).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    async with opened(database_url, sealer) as store:
        yield store


async def due(store):
    now = SystemClock().now()
    async with store.transaction() as tx:
        return await tx.subscribers.due(limit=100, now=now)


@pytest.mark.parametrize(("option", "mailed_now"), [((), 0), (("--due-now",), 12)])
async def test_seed_invents_people_and_can_do_so_again(
    named, filled, option, mailed_now
):
    for _ in range(2):
        code, out, err = await outcome(named, "seed", "--subscribers", "6", *option)
        assert code == 0, err
        assert out == "Invented subscribers added: 6\n"

    assert len(await due(filled)) == mailed_now


async def test_seed_refuses_where_somebody_is_real(named, filled):
    async with filled.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=None, now=NOON)

    code, _, err = await outcome(named, "seed", "--subscribers", "6", "--due-now")

    assert code == 1
    assert err.splitlines()[-1].startswith("eventide: the database: somebody in it is")
    assert await due(filled) == ()
