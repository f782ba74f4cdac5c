"""Ways to break a service in order, each of them one that happens."""

import inspect
from collections.abc import Awaitable, Callable
from datetime import timedelta

from service.clock import SystemClock
from service.keys import new_keys
from tests.commands.clinic import Clinic

Break = Callable[[Clinic], Awaitable[None] | None]
A_YEAR = timedelta(days=366)
LOOKUP, SEAL, LINK = range(3)


async def broken(clinic: Clinic, breaks: Break) -> None:
    """Do it, whether or not it takes time."""
    done = breaks(clinic)
    if inspect.isawaitable(done):
        await done


def named(**settings: str) -> Break:
    """Settings that are not as they should be, without EVENTIDE_; {domain} is ours."""

    def breaks(clinic: Clinic) -> None:
        for name, value in settings.items():
            told = value.replace("{domain}", clinic.domain)
            clinic.settings[f"EVENTIDE_{name}"] = told

    return breaks


def record(name: str, kind: str, *records: str) -> Break:
    """What the name servers say instead; nothing where no record is given."""

    def breaks(clinic: Clinic) -> None:
        key = (name.replace("{domain}", clinic.domain), kind)
        told = [each.replace("{domain}", clinic.domain) for each in records]
        clinic.names.zone[key] = told

    return breaks


def relay(certificate: str = "", *, days: int = 90, **options: object) -> Break:
    """A relay that is not as it should be takes the place of the other one."""

    async def breaks(clinic: Clinic) -> None:
        if certificate:
            options["tls_context"] = clinic.authority.server(certificate, days=days)
        found = await clinic.add_relay(**options)
        clinic.settings["EVENTIDE_SMTP__PORT"] = str(found.port)
        clinic.settings["EVENTIDE_SMTP__USERNAME"] = ""
        clinic.settings["EVENTIDE_SMTP__PASSWORD"] = ""

    return breaks


def in_turn(*every: Break) -> Break:
    """One after the other."""

    async def breaks(clinic: Clinic) -> None:
        for each in every:
            await broken(clinic, each)

    return breaks


def keys(*lines: int, month: str = "2026-11") -> str:
    """Some of the lines that `eventide keys` prints, in this order."""
    made = new_keys(name=month).splitlines()
    return "\n".join(made[line] for line in lines)


def old_keys() -> str:
    """Those of two years ago."""
    month = SystemClock().now() - 2 * A_YEAR
    return new_keys(name=f"{month:%Y-%m}")


def same_keys() -> str:
    """One key in two places."""
    lookup, _, link = new_keys(name="2026-11").splitlines()
    return f"{lookup}\nseal.2026-11={lookup.partition('=')[2]}\n{link}"
