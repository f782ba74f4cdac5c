"""What a relay shows of itself when it is only asked, and given nothing."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from service.domain.outbox import Refused
from service.mail.commands import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypted:
    """How a connection is encrypted, and when the relay's certificate ends (UTC)."""

    version: str
    certificate_ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A relay that let us in.

    `address` is its IP address. `encrypted` is None on a plain connection, and
    `offers_tls` whether it need not be plain. `refused` is its answer to our sender,
    None where it takes it.
    """

    address: str
    encrypted: Encrypted | None
    offers_tls: bool
    is_signed_in: bool
    offer: Offer
    refused: Refused | None

    @property
    def is_private(self) -> bool:
        """Whether it is on this machine or a private network."""
        return not ip_address(self.address.partition("%")[0]).is_global


def encrypted(tls: ssl.SSLObject | None) -> Encrypted | None:
    """What the TLS of a connection says, None where there is none."""
    if tls is None:
        return None
    # A certificate that was checked has an end.
    ends = ssl.cert_time_to_seconds(str((tls.getpeercert() or {})["notAfter"]))
    return Encrypted(
        version=str(tls.version()), certificate_ends=datetime.fromtimestamp(ends, UTC)
    )
