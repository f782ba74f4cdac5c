"""How often somebody may try a password, and how no stranger locks an operator out.

Attempts are counted by name and by network. Strangers may use up a name's attempts, so
a browser that its operator signed in with before has attempts of its own: it shows a
cookie that only we can have made (OWASP: device cookies).
"""

import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from itsdangerous import BadSignature, URLSafeSerializer

WINDOW = timedelta(minutes=15)
#: Of one name, or of one known browser; of one network, where many may sit; and of
#: the 65,536 networks of IPv6 that one customer of a hosting company may have.
BY_NAME, BY_NETWORK, BY_SITE = 10, 30, 90
#: So many names and networks are remembered; then those that were quiet longest go.
MOST = 20_000


class Throttle:
    """The attempts of the last quarter of an hour."""

    def __init__(self) -> None:
        """Nobody has tried anything yet."""
        self._taken: dict[str, deque[datetime]] = {}

    def take(self, sources: Sequence["Source"], *, now: datetime) -> bool:
        """Note an attempt from all of them; False, noting none, if one is used up."""
        if any(len(self._recent(s.key, now)) >= s.most for s in sources):
            return False
        for source in sources:
            recent = self._recent(source.key, now)
            recent.append(now)
            # Last in the order of the dictionary is who tried last.
            self._taken.pop(source.key, None)
            self._taken[source.key] = recent
        while len(self._taken) > MOST:
            del self._taken[next(iter(self._taken))]
        return True

    def give_back(self, sources: Sequence["Source"]) -> None:
        """Take back the newest attempt: it was the right password."""
        for source in sources:
            if taken := self._taken.get(source.key):
                taken.pop()

    def _recent(self, key: str, now: datetime) -> deque[datetime]:
        taken = self._taken.get(key, deque())
        while taken and now - taken[0] >= WINDOW:
            taken.popleft()
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that attempts are counted by."""

    key: str
    most: int


def sources(name: str, *, network: str, is_known: bool) -> tuple[Source, ...]:
    """What an attempt counts for. `is_known`: a browser that this name signed in with."""
    if is_known:
        return (Source(key=f"browser:{name}", most=BY_NAME),)
    counted = (
        Source(key=f"name:{name}", most=BY_NAME),
        Source(key=f"network:{network}", most=BY_NETWORK),
    )
    if "/" not in network:
        return counted
    site = ip_network(network).supernet(new_prefix=48)
    return (*counted, Source(key=f"site:{site}", most=BY_SITE))


def network_of(host: str) -> str:
    """Who shares an address: one of IPv4 alone, the 2^64 of IPv6 that a home has."""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return host
    # A server that listens on both names IPv4 so (::ffff:192.0.2.1).
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((address, 64), strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsers:
    """Marks the browsers that somebody signed in with. `keys`: newest first."""

    keys: tuple[bytes, ...]

    def mark(self, name: str) -> str:
        """What a browser shows next time."""
        return str(self._serializer().dumps(name))

    def is_known(self, mark: str, *, name: str) -> bool:
        """Whether it is a mark of this name."""
        try:
            return bool(self._serializer().loads(mark) == name)
        except BadSignature:
            return False

    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(
            list(reversed(self.keys)),
            salt="eventide.browser",
            signer_kwargs={"digest_method": hashlib.sha256},
        )
