"""What is examined, and what every look may use."""

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from service.clock import SystemClock
from service.domain.clock import TOO_FAR
from service.domain.errors import Misconfigured, ServiceError
from service.domain.finding import Sheet
from service.mail.addresses import sender
from service.settings import Settings  # noqa: TID251 - all of them are looked at

#: Names that stand for this machine.
LOCAL = re.compile(r"(.+\.)?localhost|127\..*|::1|0\.0\.0\.0")
#: And those that no mail can come from (RFC 2606, 6761).
RESERVED = ("localhost", "local", "invalid", "test", "example", "internal")
RESERVED_DOMAINS = ("example.com", "example.net", "example.org")
#: How long before a certificate ends someone should look.
CERTIFICATE_DAYS = 14
#: Clocks further apart than this are noticed; a worker sends nothing from TOO_FAR on.
SKEW = timedelta(seconds=5)
SET_THE_CLOCK = "Let both machines set their clocks by NTP (chrony, systemd-timesyncd)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The settings at hand; `nameserver` is the one to ask, "" the system's."""

    settings: Settings
    clock: SystemClock
    nameserver: str

    @property
    def host(self) -> str:
        """The host in the address of the pages."""
        return urlsplit(self.settings.web.base_url).hostname or ""

    @property
    def is_public(self) -> bool:
        """Whether the pages are meant for others than who sits at this machine."""
        return not LOCAL.fullmatch(self.host)

    @property
    def sender(self) -> str:
        """The address in From. Raises Misconfigured."""
        return sender(self.settings.smtp.sender)[1]

    @property
    def sender_domain(self) -> str:
        """Its domain. Raises Misconfigured."""
        return self.sender.rpartition("@")[2]

    @property
    def bounces_domain(self) -> str:
        """The domain of the envelope, where bounces go. Raises Misconfigured."""
        return self.settings.bounces.address.rpartition("@")[2] or self.sender_domain


def is_reserved(domain: str) -> bool:
    """Whether nobody can receive mail from there, or answer it."""
    return (
        domain.rpartition(".")[2] in RESERVED
        or domain in RESERVED_DOMAINS
        or domain.endswith(tuple(f".{each}" for each in RESERVED_DOMAINS))
    )


def failed(sheet: Sheet, check: str, error: ServiceError, *, remedy: str) -> None:
    """Note an error as a fault, with its own remedy where it has one."""
    if isinstance(error, Misconfigured):
        sheet.fault(check, f"{error.where}: {error.what}", error.remedy)
    else:
        sheet.fault(check, str(error), remedy)


def skew(sheet: Sheet, check: str, ahead: timedelta, whose: str) -> None:
    """How far somebody's clock is ahead of ours; behind, where that is negative."""
    apart = abs(ahead)
    side = "ahead of" if ahead > timedelta() else "behind"
    says = f"the clock of {whose} is {apart.total_seconds():,.0f} s {side} ours"
    if apart > TOO_FAR:
        sheet.fault(check, says, SET_THE_CLOCK)
    elif apart > SKEW:
        sheet.warning(check, says, SET_THE_CLOCK)
    else:
        sheet.ok(check, f"the clock of {whose} agrees with ours")
