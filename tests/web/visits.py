"""What a visitor types and reads: a filled-in form, and the words of a page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from itertools import count
from typing import cast

import httpx
from argon2 import PasswordHasher
from starlette.types import ASGIApp

from service.clock import SystemClock
from service.content.catalogue import Library
from service.content.templating import Templates
from service.domain.errors import TryLater
from service.domain.outbox import Lane, Message
from service.domain.tokens import Links, Purpose
from service.domain.verp import Verp
from service.flows import requests
from service.mail.letters import Letters
from service.passwords import Passwords
from service.settings import HERE
from service.store.engine import Store
from service.web.app import Site
from tests.conftest import stop_clock

BASE = "https://eventide.example"
ADDRESS = "ada@example.org"
#: Each fresh link is another one, as each is mailed on a day of its own.
MAILS = count(1000)

Typed = str | Sequence[str]


class FailingStore:
    """A store of which nothing can be had but this error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def transaction(self):
        raise self._error

    async def trouble(self) -> str:
        return str(self._error)


FORM: dict[str, Typed] = {
    "adult": "yes",
    "red_flags": "none",
    "causes": ["fatigue", "dehydration"],
    "conditions": "none",
    "pregnancy": "no",
    "pregnant_until": "",
    "asked": "2026-11-29",
    "medicines": ["med_statin", "med_unknown"],
    "alcohol": "alc_low",
    "severe": "no",
    "country": "GB",
    "zone": "Europe/London",
    "time": "19:00",
    "frequency": "every",
    "stretching": "standing",
    "email": ADDRESS,
    "website": "",
    "consent_health": "yes",
    "consent_mail": "yes",
    "consent_general": "yes",
}


def browsing(app: ASGIApp) -> httpx.AsyncClient:
    """A browser that sees the app and nothing else."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)


def form(**typed: Typed) -> dict[str, Typed]:
    """A form that can be taken, but for what is named."""
    return {**FORM, **typed}


def words(html: str) -> str:
    """What a page says, without its markup."""
    joined = re.sub(r"</?(?:a|b|strong)\b[^>]*>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", joined)).split())


def problems(html: str) -> dict[str, str]:
    """What the page says beside each field that must be mended."""
    found = re.findall(r'id="(\w+)-problem">(.*?)</p>', html, re.DOTALL)
    return {field: words(text).removeprefix("Problem: ") for field, text in found}


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """One person at a browser, and a look at what the service made of it."""

    client: httpx.AsyncClient
    site: Site

    async def sign_up(self, **typed: Typed) -> httpx.Response:
        return await self.client.post("/signup", data=form(**typed))

    async def join(self, **typed: Typed) -> int:
        """Sign up and confirm; returns the subscriber's id."""
        await self.sign_up(**typed)
        mail = (await self.mails())[-1]
        token = self.token(Purpose.CONFIRM, mail.subscriber_id)
        await self.client.post("/confirm", data={"token": token})
        return mail.subscriber_id

    async def manage(self, subscriber_id: int, action: str, **typed: Typed):
        token = self.token(Purpose.MANAGE, subscriber_id)
        data = {**typed, "token": token, "action": action}
        return await self.client.post("/manage", data=data)

    async def opens_answers(self, subscriber_id: int) -> httpx.Response:
        """Press a fresh link; the browser keeps the session."""
        token = self.site.links.token(
            Purpose.FRESH,
            subscriber_id,
            generation=(await self.subscriber(subscriber_id)).generation,
            about=next(MAILS),
            now=self.site.clock.now(),
        )
        return await self.client.post("/manage/open", data={"token": token})

    async def answers(self, subscriber_id: int, action: str, **typed: Typed):
        """Press a button of the page that a fresh link opens."""
        await self.opens_answers(subscriber_id)
        return await self.presses(subscriber_id, action, **typed)

    async def presses(self, subscriber_id: int, action: str, **typed: Typed):
        """Press a button of this person's page of answers, whoever's session it is."""
        whose = self.token(Purpose.MANAGE, subscriber_id)
        data = {**typed, "action": action, "whose": whose}
        return await self.client.post("/manage/answers", data=data)

    async def subscriber(self, subscriber_id: int):
        async with self.site.store.transaction() as tx:
            return await tx.subscribers.get(subscriber_id)

    async def pending(self, subscriber_id: int):
        async with self.site.store.transaction() as tx:
            return await tx.signups.get(subscriber_id)

    async def mails(self) -> tuple[Message, ...]:
        """The confirmations and links that a worker would send now."""
        await answered(self.site)
        async with self.site.store.transaction() as tx:
            return await tx.outbox.claim(
                Lane.PRIORITY,
                limit=20,
                worker="test",
                lease=timedelta(minutes=1),
                now=self.site.clock.now(),
            )

    def token(self, purpose: Purpose, subscriber_id: int) -> str:
        now = self.site.clock.now()
        return self.site.links.token(purpose, subscriber_id, now=now)


async def answered(site: Site) -> None:
    """Queue the mails that answer what was asked for, as a worker does."""
    now = site.clock.now()
    await stop_clock(site.store, now)
    await requests.answer(site.store, limit=100, now=now)


def cut_off_site(library: Library, templates: Templates, clock: SystemClock) -> Site:
    """A site whose database is away: pages that need none work all the same."""
    links = Links(keys=(b"k" * 32,), base_url=BASE)
    letters = Letters(
        library=library,
        templates=templates,
        links=links,
        verp=Verp(keys=links.keys, address=""),
        sender_line="Eventide <evening@eventide.example>",
        operator_name="Eventide",
        postal_address="1 Example Street",
    )
    return Site(
        store=cast("Store", FailingStore(TryLater("the database is away"))),
        links=links,
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
        needs_second_factor=False,
    )
