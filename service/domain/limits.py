"""How much strangers may ask us to mail: limits that refuse, and budgets that ask back.

A network and a mailbox have limits: who is over one is refused until its window ends.
A recipient domain and the whole instance have budgets: were these refused, a stranger
could close the site for everybody. Over a budget, whoever is not the first of their
network answers a question. Nothing here knows whether an address is known to us.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from types import MappingProxyType

from service.domain.provider import mailbox_of
from service.domain.throttle import network_of

Network = IPv4Network | IPv6Network

#: Addresses inside of somebody's network, and of this machine: not those of a visitor
#: from the internet, unless a proxy hides all of them behind its own.
INSIDE = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
        "127.0.0.0/8", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
SITE_PREFIX = 48


class Scope(StrEnum):
    """What requests are counted by."""

    NETWORK = "network"
    SITE = "site"
    PRIVATE = "private"
    PUBLIC = "public"
    MAILBOX = "mailbox"
    DOMAIN = "domain"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many requests in a window, which begins with the first of them."""

    most: int
    window: timedelta


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: The /64 of a home and the /48 that one customer of a hosting company may have.
REFUSED: Mapping[Scope, Limit] = MappingProxyType(
    {
        Scope.NETWORK: Limit(most=40, window=HOUR),
        Scope.SITE: Limit(most=40, window=HOUR),
        Scope.MAILBOX: Limit(most=3, window=DAY),
    }
)
BUDGETS: Mapping[Scope, Limit] = MappingProxyType(
    {
        Scope.DOMAIN: Limit(most=60, window=HOUR),
        Scope.INSTANCE: Limit(most=300, window=HOUR),
    }
)
#: All of them. A private address, and all public ones together, are counted to see
#: whether there is anybody but a proxy.
WINDOWS: Mapping[Scope, timedelta] = MappingProxyType(
    {
        **{scope: limit.window for scope, limit in {**REFUSED, **BUDGETS}.items()},
        Scope.PRIVATE: DAY,
        Scope.PUBLIC: DAY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that requests are counted by, and its name."""

    scope: Scope
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many requests a source has made, this one included, until its window ends."""

    scope: Scope
    taken: int
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The request is taken. `turn`: the how manieth of its network it is."""

    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not before `until`, because of that limit."""

    scope: Scope
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Questioned:
    """The request is taken once a question is answered."""


Verdict = Admitted | Refused | Questioned


def sources(address: str, *, host: str, own: Sequence[Network]) -> tuple[Source, ...]:
    """What a request for mail to `address` from `host` is counted by.

    Those of `own` networks are not counted by it. A `host` that is no address is what a
    proxy says that cannot be believed: it counts as the one private address does that
    all visitors have then.
    """
    domain = address.rpartition("@")[2].lower()
    return (
        *_networks(host, own),
        Source(scope=Scope.MAILBOX, name=mailbox_of(address)),
        Source(scope=Scope.DOMAIN, name=domain),
        Source(scope=Scope.INSTANCE, name=""),
    )


def judge(counts: Sequence[Count], *, is_proven: bool) -> Verdict:
    """What becomes of a request. `is_proven`: the question was answered."""
    over = [
        Refused(scope=count.scope, until=count.ends_at)
        for count in counts
        if count.scope in REFUSED and count.taken > REFUSED[count.scope].most
    ]
    if over:
        return max(over, key=lambda refused: refused.until)
    turn = _turn(counts)
    if turn > 1 and not is_proven and any(is_over_budget(count) for count in counts):
        return Questioned()
    return Admitted(turn=turn)


def is_over_budget(count: Count) -> bool:
    """Whether more was asked for than its budget has."""
    return count.scope in BUDGETS and count.taken > BUDGETS[count.scope].most


def _networks(host: str, own: Sequence[Network]) -> tuple[Source, ...]:
    network = network_of(host)
    if not network:
        return (Source(scope=Scope.PRIVATE, name=""),)
    address = ip_address(host if "/" in network else network)
    if any(address in each for each in own):
        return ()
    if any(address in each for each in INSIDE):
        return (Source(scope=Scope.PRIVATE, name=network),)
    counted = (
        Source(scope=Scope.NETWORK, name=network),
        Source(scope=Scope.PUBLIC, name=""),
    )
    if "/" not in network:
        return counted
    site = ip_network(network).supernet(new_prefix=SITE_PREFIX)
    return (*counted, Source(scope=Scope.SITE, name=str(site)))


def _turn(counts: Sequence[Count]) -> int:
    """Of the network or, where that is private, of whoever stands behind it."""
    most = REFUSED[Scope.NETWORK].most
    whose = {Scope.NETWORK, Scope.SITE, Scope.PRIVATE}
    return min(max((c.taken for c in counts if c.scope in whose), default=1), most)
