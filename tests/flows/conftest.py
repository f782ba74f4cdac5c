"""A service without its web pages: real store, real catalogue, real SMTP on loopback."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio

from service.content.catalogue import Library
from service.content.templating import Templates
from service.domain.outbox import Lane
from service.domain.requests import Request, SignUp
from service.domain.tokens import Links, Purpose
from service.domain.verp import Verp
from service.embedded.catcher import Catcher
from service.flows import requests, signup
from service.flows.deliver import Courier, deliver
from service.flows.plan import plan
from service.flows.refusals import judge
from service.flows.upkeep import upkeep
from service.mail.letters import Letters
from service.mail.relays import Relays
from service.settings import HERE, SmtpSettings
from service.store.engine import Store
from tests.builders import BROWSER, NOON, REFUSALS, answers, evening
from tests.conftest import stop_clock
from tests.fakes import StoppedClock


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates(HERE / "templates")


@pytest.fixture
def links() -> Links:
    return Links(keys=(b"k" * 32,), base_url="https://eventide.example")


@pytest.fixture
def verp(links) -> Verp:
    return Verp(keys=links.keys, address="bounce@bounce.eventide.example")


@pytest.fixture
def letters_with(library, templates, verp):
    """Letters whose links are made so."""
    return partial(
        Letters,
        library=library,
        templates=templates,
        verp=verp,
        sender_line="Eventide <evening@eventide.example>",
        operator_name="Eventide",
        postal_address="1 Example Street",
    )


@pytest.fixture
def letters(letters_with, links) -> Letters:
    return letters_with(links=links)


@pytest_asyncio.fixture
async def store(store) -> Store:
    """An opened store on a fresh database in which it is NOON until a test moves it."""
    await stop_clock(store, NOON)
    return store


@dataclass(frozen=True, kw_only=True)
class World:
    """The service as its flows see it, and one step of a worker at a time."""

    store: Store
    library: Library
    links: Links
    courier: Courier
    catcher: Catcher
    clock: StoppedClock

    def form(self, address="ada@example.org", **named) -> SignUp:
        plain = SignUp(
            address=address,
            answers=answers(),
            evening=evening(),
            language="en",
            consents=("health", "mail", "general"),
            proof=BROWSER,
        )
        return replace(plain, **named)

    async def ask(self, address="ada@example.org", **named) -> None:
        """Send the sign-up form."""
        await self.asks_for(self.form(address, **named))

    async def asks_for(self, asked: Request) -> None:
        """Send a form, and let a worker look it up."""
        now = self.clock.now()
        await requests.take(self.store, asked, now=now)
        await requests.answer(self.store, limit=10, now=now)

    async def join(self, address="ada@example.org", **named) -> int:
        """Sign up and confirm; returns the subscriber's id."""
        await self.ask(address, **named)
        token = self.token_mailed_to(await self.post(Lane.PRIORITY))
        await signup.confirm(
            self.store, self.links, token, BROWSER, now=self.clock.now()
        )
        return self.links.subject(Purpose.CONFIRM, token, now=self.clock.now())

    def token_mailed_to(self, mails) -> str:
        return (
            mails[-1]
            .data.split(b"token=3D")[1]
            .replace(b"=\r\n", b"")
            .split(b"\r\n\r\n")[0]
            .decode()
        )

    async def post(self, lane: Lane):
        """Deliver all that is due; returns every mail that arrived so far."""
        await deliver(self.courier, lane)
        return self.catcher.mails

    async def evenings(self, nights: int):
        """Let so many evenings pass in London, each at eight; returns all mails."""
        mails = self.catcher.mails
        for _ in range(nights):
            hours = (20 - self.clock.now().hour) % 24 or 24
            mails = await self.run(hours=hours)
        return mails

    async def passes(self, time: timedelta) -> None:
        """Let so much time pass, for the database as well."""
        self.clock.move(time)
        await stop_clock(self.store, self.clock.now())

    async def run(self, **ahead):
        """Let time pass, then do what a worker does; returns all mails so far."""
        await self.passes(timedelta(**ahead))
        now = self.clock.now()
        await judge(self.store, now=now)
        await upkeep(self.store, now=now)
        await plan(self.store, self.library, limit=100, now=now)
        await upkeep(self.store, now=now)
        return await self.post(Lane.EVENING)


@pytest_asyncio.fixture
async def world(store, library, links, letters) -> AsyncIterator[World]:
    clock = StoppedClock(NOON)
    async with Catcher(clock=clock) as catcher:
        smtp = SmtpSettings(
            host="127.0.0.1", port=catcher.port, tls="none", hostname="localhost"
        )
        async with Relays(smtp, REFUSALS, clock=clock) as relays:
            await upkeep(store, now=NOON)
            yield World(
                store=store,
                library=library,
                links=links,
                courier=Courier(
                    store=store,
                    letters=letters,
                    relays=relays,
                    clock=clock,
                    worker="one",
                    lease=timedelta(minutes=1),
                ),
                catcher=catcher,
                clock=clock,
            )
