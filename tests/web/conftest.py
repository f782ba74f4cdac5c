"""The pages over ASGI, on a real store and the real catalogue."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import httpx
import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from service.content.templating import Templates
from service.domain.errors import TryLater
from service.domain.tokens import Links
from service.domain.verp import Verp
from service.flows.upkeep import upkeep
from service.mail.letters import Letters
from service.passwords import Passwords
from service.settings import HERE
from service.store.engine import Store
from service.web.app import Site, create_app
from tests.builders import NOON
from tests.fakes import StoppedClock
from tests.web.visits import BASE, FailingStore, Visitor, browsing


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates(HERE / "templates")


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOON)


@pytest.fixture
def letters(library, templates) -> Letters:
    links = Links(keys=(b"k" * 32,), base_url=BASE)
    return Letters(
        library=library,
        templates=templates,
        links=links,
        verp=Verp(keys=links.keys, address=""),
        sender_line="Eventide <evening@eventide.example>",
        operator_name="Eventide",
        postal_address="1 Example Street",
    )


@pytest.fixture
def cut_off_site(library, templates, letters, clock) -> Site:
    """A site whose database is away: pages that need none work all the same."""
    return Site(
        store=cast("Store", FailingStore(TryLater("the database is away"))),
        links=Links(keys=(b"k" * 32,), base_url=BASE),
        library=library,
        templates=templates,
        clock=clock,
        base_url=BASE,
        operator_name="Eventide",
        postal_address="1 Example Street",
        static=HERE / "templates" / "static",
        letters=letters,
        passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
        provider=None,
    )


@pytest_asyncio.fixture
async def cut_off(cut_off_site) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(create_app(cut_off_site)) as found:
        yield found


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
