"""What the DNS says of a sender: the records that receivers look at before they believe.

`error` says why a record is missing or void, "" where it is sound; `warnings` are about
a record that is sound all the same.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spf:
    """Who may send for a domain (RFC 7208).

    `addresses` are single ones that it lists itself (ip4, ip6); `hosts` those of the hosts
    that it names by `a` and `mx`, which may send and need not; `providers` the domains it
    includes; `rest` what it says of everybody else.
    """

    record: str
    error: str
    warnings: tuple[str, ...]
    addresses: tuple[str, ...]
    hosts: tuple[str, ...]
    providers: tuple[str, ...]
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dmarc:
    """What to do with mail that fails (RFC 7489), and how domains must agree."""

    record: str
    error: str
    warnings: tuple[str, ...]
    policy: str
    is_spf_strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Who takes in mail for a domain (MX), best first."""

    domain: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The names of an address (PTR), and whether one of them leads back to it.

    `is_listed` in SPF itself, and so a sender; else it is only that of a host there.
    """

    address: str
    is_listed: bool
    names: tuple[str, ...]
    leads_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRecords:
    """All of it for one sender; `bounces` is the domain of the envelope.

    `dkim` is the key record, "" where there is none, None where it was not asked for.
    """

    domain: str
    bounces: str
    organisation: str
    bounces_organisation: str
    spf: Spf
    dmarc: Dmarc
    dkim: str | None
    exchanges: tuple[Exchange, ...]
    named: tuple[Named, ...]
