"""A service in order, with everything that it needs outside, for a doctor to look at."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import AuthResult, LoginPassword
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from service.__main__ import app
from service.domain.finding import Grade
from service.keys import new_keys
from service.store.engine import Store
from service.web.app import Site, create_app
from service.web.server import bound, serving
from tests.commands.authority import Authority
from tests.commands.front import Front
from tests.commands.nameserver import Nameserver
from tests.mail.relay import Relay

HOST = "127.0.0.1"
AREAS = {
    *("settings", "keys", "database", "tonight", "relay", "dns"),
    *("pages", "bounces", "tips"),
}
LET_IN = AuthResult(success=True)
RUN = CliRunner()


def only_us(
    _server: object,
    _session: object,
    _envelope: object,
    _how: str,
    given: LoginPassword,
) -> AuthResult:
    """Let in whoever knows the password."""
    is_known = (given.login, given.password) == (b"eventide", b"right")
    return AuthResult(success=is_known, handled=False)


@dataclass(kw_only=True)
class Clinic:
    """What the settings name is there and as it should be, until a test breaks it."""

    settings: dict[str, str]
    domain: str
    names: Nameserver
    authority: Authority
    relay: Relay
    store: Store
    stack: AsyncExitStack

    async def check(self, *more: str) -> Result:
        """What `eventide check` does, as a process of these settings would."""
        return await self.run("check", "--nameserver", self.names.address, *more)

    async def run(self, *arguments: str) -> Result:
        """What a command does with these settings."""
        return await asyncio.to_thread(
            lambda: RUN.invoke(app, arguments, env=self.settings)
        )

    async def require(
        self, area: str, check: str, grade: Grade, finding: str, remedy: str
    ) -> None:
        """The finding is there with its remedy, and all else was looked at too."""
        result = await self.check("--json")
        found = json.loads(result.stdout)
        told = [one for one in found if one["area"] == area and check in one["check"]]
        assert any(
            one["grade"] == grade
            and re.search(finding, one["finding"])
            and remedy in one["remedy"]
            for one in told
        ), told
        assert {one["area"] for one in found} == AREAS
        is_faulty = any(one["grade"] == Grade.FAULT for one in found)
        assert result.exit_code == int(is_faulty)
        assert is_faulty or grade is Grade.WARNING

    async def add_relay(self, **options: Any) -> Relay:
        """One more relay, from now to the end."""
        return await self.stack.enter_async_context(Relay(**options))

    async def serve(self, site: Site, *, days: int = 90, name: str = "") -> None:
        """The pages behind a proxy whose certificate is good for `days`."""
        await self.serve_app(create_app(site), days=days, name=name)

    async def serve_app(self, app: FastAPI, *, days: int = 90, name: str = "") -> None:
        """Any program behind such a proxy."""
        tls = self.authority.server(name or f"tips.{self.domain}", days=days)
        front = await self.stack.enter_async_context(Front(tls, await self._web(app)))
        base = f"https://tips.{self.domain}:{front.port}"
        self.settings["EVENTIDE_WEB__BASE_URL"] = base

    async def serve_plainly(self, site: Site) -> None:
        """The pages without a proxy."""
        base = f"http://tips.{self.domain}:{await self._web(create_app(site))}"
        self.settings["EVENTIDE_WEB__BASE_URL"] = base

    async def _web(self, app: FastAPI) -> int:
        listener = bound(HOST, 0)
        await self.stack.enter_async_context(serving(app, listener))
        return int(listener.getsockname()[1])


def zone(domain: str, bounces: str) -> dict[tuple[str, str], list[str]]:
    """The records of a sender who has done everything."""
    return {
        (domain, "MX"): [f"10 mail.{domain}."],
        (f"tips.{domain}", "A"): [HOST],
        (f"mail.{domain}", "A"): ["192.0.2.10"],
        (bounces, "MX"): [f"10 mail.{domain}."],
        (bounces, "TXT"): ['"v=spf1 ip4:192.0.2.10 -all"'],
        (f"_dmarc.{domain}", "TXT"): [
            f'"v=DMARC1; p=quarantine; rua=mailto:dmarc@{domain}"'
        ],
        (f"s1._domainkey.{domain}", "TXT"): ['"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQ"'],
        ("10.2.0.192.in-addr.arpa", "PTR"): [f"mail.{domain}."],
    }


def named(domain: str, month: str) -> dict[str, str]:
    """The settings that name nothing outside."""
    return {
        "EVENTIDE_BOUNCES__ADDRESS": f"bounce@bounce.{domain}",
        "EVENTIDE_OPERATOR__POSTAL_ADDRESS": "12 Harbour Road, Whitby",
        "EVENTIDE_SECRETS__KEYS": new_keys(name=month),
        "EVENTIDE_SMTP__DKIM_SELECTOR": "s1",
        "EVENTIDE_SMTP__HOST": "localhost",
        "EVENTIDE_SMTP__PASSWORD": "right",
        "EVENTIDE_SMTP__SENDER": f"Eventide <tips@{domain}>",
        "EVENTIDE_SMTP__TLS": "starttls",
        "EVENTIDE_SMTP__USERNAME": "eventide",
    }
