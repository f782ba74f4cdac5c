"""What one visitor may hold open: so many connections, and each only while it gets on.

Half a request costs its sender nothing. uvicorn waits for the other half for ever, so a
deadline is set for the headers and one for the body; no byte that arrives moves them.
It also waits for ever for whoever does not read: there is one for the answer, too.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Any

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from service.domain.throttle import network_of

#: An IPv4 address or an IPv6 /64, and a /48. A browser opens six.
BY_NETWORK, BY_SITE = 64, 256
#: One line in so many seconds says how many connections were closed.
TOLD_SECONDS = 60
CLOSED = "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_SLOW = f"HTTP/1.1 408 Request Timeout{CLOSED}".encode()
TOO_MANY = f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10{CLOSED}".encode()

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds for all headers of a request, for all of its body, and to read the answer."""

    header_seconds: float = 10
    body_seconds: float = 30
    answer_seconds: float = 60


class Crowd:
    """The connections of one server, by network. Those that are trusted are not counted."""

    def __init__(self, *, trusts: Callable[[str], bool], patience: Patience) -> None:
        """`trusts`: whether an address is a proxy's, which asks for many."""
        self.patience = patience
        self._trusts = trusts
        self._open: Counter[str] = Counter()
        self._closed: Counter[str] = Counter()
        self._told_at = float("-inf")

    def enter(self, host: str) -> tuple[str, ...] | None:
        """What a connection is counted by, until it leaves; None where it is too many."""
        networks = () if self._trusts(host) else _networks(host)
        most = (BY_NETWORK, BY_SITE)
        if any(self._open[n] >= m for n, m in zip(networks, most, strict=False)):
            self.closed("too_many")
            return None
        self._open.update(networks)
        return networks

    def leave(self, networks: tuple[str, ...]) -> None:
        """One connection less."""
        for network in networks:
            self._open[network] -= 1
            if not self._open[network]:
                del self._open[network]

    def closed(self, why: str) -> None:
        """Note a connection that we closed, in one line a minute for all of them."""
        self._closed[why] += 1
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= TOLD_SECONDS:
            self._told_at = now
            log.warning("connections are closed", action="web", **self._closed)
            self._closed.clear()


class _Phase(StrEnum):
    """What a connection is to get on with, if anything."""

    HEADERS = "headers"
    BODY = "body"
    NOTHING = "nothing"


class Connection(H11Protocol):
    """One connection, with deadlines."""

    def __init__(self, *, crowd: Crowd, **given: Any) -> None:  # noqa: ANN401 - passed on as it is
        """`given` is what uvicorn gives to a protocol."""
        super().__init__(**given)
        self._crowd = crowd
        self._counted: tuple[str, ...] = ()
        self._phase = _Phase.NOTHING
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin, or turn it away."""
        super().connection_made(transport)
        # "Paused" then means: something is not read yet, were it one byte.
        transport.set_write_buffer_limits(high=0)
        counted = self._crowd.enter(self.client[0] if self.client else "")
        if counted is None:
            transport.write(TOO_MANY)
            transport.close()
            return
        self._counted = counted
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._expect(_Phase.NOTHING)
        self._crowd.leave(self._counted)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        super().data_received(data)
        self._watch()

    def pause_writing(self) -> None:
        """The visitor does not read as fast as we write."""
        super().pause_writing()
        seconds = self._crowd.patience.answer_seconds
        self._unread = self.loop.call_later(seconds, self._cut_off)

    def resume_writing(self) -> None:
        """All that was written is on its way."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def on_response_complete(self) -> None:
        """The answer is sent; uvicorn closes what then stays silent."""
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        cycle = self._request()
        if cycle is not None and not cycle.response_complete:
            self._expect(_Phase.BODY if cycle.more_body else _Phase.NOTHING)
        elif self.timeout_keep_alive_task is not None:
            self._expect(_Phase.NOTHING)
        else:
            self._expect(_Phase.HEADERS)

    def _expect(self, phase: _Phase) -> None:
        """Set the deadline of a phase once, when it begins."""
        if phase is self._phase:
            return
        self._phase = phase
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        patience = self._crowd.patience
        seconds = {
            _Phase.HEADERS: patience.header_seconds,
            _Phase.BODY: patience.body_seconds,
        }
        if phase in seconds:
            self._deadline = self.loop.call_later(seconds[phase], self._give_up)

    def _give_up(self) -> None:
        self._crowd.closed("too_slow")
        cycle = self._request()
        # Not into an answer, nor behind one that did not wait for the body.
        if cycle is None or not (cycle.response_started and cycle.more_body):
            self.transport.write(TOO_SLOW)
        self.transport.close()

    def _cut_off(self) -> None:
        """Drop what is not read: to close would wait for its reader."""
        self._crowd.closed("too_slow")
        self.transport.abort()

    def _request(self) -> RequestResponseCycle | None:
        """The newest request; none at first, whatever uvicorn says of its type."""
        return self.cycle


def _networks(host: str) -> tuple[str, ...]:
    network = network_of(host)
    if not network:
        return ()
    if "/" not in network:
        return (network,)
    return network, str(ip_network(network).supernet(new_prefix=48))
