"""The pages over ASGI, on a real store and the real catalogue."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import pytest_asyncio

from service.content.templating import Templates
from service.domain.operators import Role
from service.flows.upkeep import upkeep
from service.settings import HERE
from service.store.engine import Store
from service.web.app import Site, create_app
from tests.builders import NOON
from tests.conftest import stop_clock
from tests.fakes import StoppedClock
from tests.web import visits
from tests.web.consoles import at_console
from tests.web.visits import Visitor, browsing


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates(HERE / "templates")


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOON)


@pytest.fixture
def cut_off_site(library, templates, clock) -> Site:
    return visits.cut_off_site(library, templates, clock)


@pytest_asyncio.fixture
async def cut_off(cut_off_site) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(create_app(cut_off_site)) as found:
        yield found


@pytest_asyncio.fixture
async def store(store) -> Store:
    """An opened store on a fresh database in which it is NOON until a test moves it."""
    await stop_clock(store, NOON)
    return store


@pytest_asyncio.fixture
async def site(cut_off_site, store) -> Site:
    await upkeep(store, now=NOON)
    return replace(cut_off_site, store=store)


@pytest_asyncio.fixture
async def client(site) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(create_app(site)) as found:
        yield found


@pytest.fixture
def visitor(client, site) -> Visitor:
    """Somebody at the form, with nothing typed yet."""
    return Visitor(client=client, site=site)


async def signed_in(site, role):
    somebody = await at_console(site, name=str(role), role=role)
    await somebody.sign_in()
    return somebody


@pytest_asyncio.fixture
async def operator(site):
    somebody = await signed_in(site, Role.OPERATOR)
    yield somebody
    await somebody.client.aclose()


@pytest_asyncio.fixture
async def viewer(site):
    somebody = await signed_in(site, Role.VIEWER)
    yield somebody
    await somebody.client.aclose()
