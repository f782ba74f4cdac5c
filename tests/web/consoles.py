"""An operator at a browser."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import httpx
from fastapi import FastAPI

from service.domain.operators import Role
from service.domain.second_factor import code_at
from service.flows import operators
from service.web.app import Site, create_app
from tests.fakes import StoppedClock
from tests.web.visits import browsing

PASSWORD = "seven quiet owls at dusk"
#: What a browser says of a form that a page of the same site sent.
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
FACTOR = "/operator/account/second-factor"


@dataclass(frozen=True, kw_only=True)
class AtConsole:
    """Somebody with an account; `client` keeps the cookies."""

    app: FastAPI
    client: httpx.AsyncClient
    site: Site
    name: str

    async def sign_in(self, *, password=PASSWORD, code="", following="", **headers):
        typed = {"password": password, "code": code, "next": following}
        return await self.client.post(
            "/operator/login",
            data={"name": self.name, **typed},
            headers={**FROM_HERE, **headers},
        )

    async def get(self, path, **query):
        return await self.client.get(path, params=query)

    async def get_as(self, token, path):
        """A page as whoever holds this session sees it."""
        async with browsing(self.app) as other:
            other.cookies.set("__Host-eventide", token)
            return await other.get(path)

    async def post(self, path, **typed):
        return await self.client.post(path, data=typed, headers=FROM_HERE)

    async def set_up_second_factor(self):
        """The secret that the page shows; a code of it makes it count."""
        await self.post(FACTOR, act="begin", password=PASSWORD)
        page = await self.get(FACTOR)
        (found,) = re.findall(r'class="secret mono">([A-Z2-7 ]+)<', page.text)
        return found.replace(" ", "")

    async def enrol(self):
        """The secret of a second factor that counts, and the recovery codes."""
        secret = await self.set_up_second_factor()
        page = await self.post(FACTOR, code=self.code(secret))
        return secret, re.findall(r"<li>([a-z2-7-]{34})</li>", page.text)

    def code(self, secret):
        """What an authenticator app shows now."""
        return code_at(secret, self.site.clock.now())

    async def acts(self):
        """The audit log, oldest first: who, what, about whom, details."""
        async with self.site.store.transaction() as tx:
            found = await tx.audit.newest(operator="", before=2**62, limit=100)
        return [
            (e.operator, e.act, e.subscriber_id, e.details) for e in reversed(found)
        ]

    def wait(self, **time):
        cast("StoppedClock", self.site.clock).move(timedelta(**time))


async def at_console(site: Site, *, name="ada", role=Role.ADMIN) -> AtConsole:
    """Somebody whose account was just made, not signed in yet; close the client."""
    await operators.add(
        site.store,
        site.passwords,
        (name, role, PASSWORD),
        by="cli:root",
        now=site.clock.now(),
    )
    app = create_app(site)
    return AtConsole(app=app, client=browsing(app), site=site, name=name)
