"""Which proxies may say for whom they ask (`X-Forwarded-For`): by name, address, network.

A name is looked up again and again: a container that is made anew has a new address.
While no name server answers, the last one is believed for a while: without it every
visitor would count as the proxy.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from ipaddress import ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

FIRST_SECONDS, AGAIN_SECONDS = 2, 10
#: So many look-ups of a name may fail, one after the other: for a minute.
MOST_FAILURES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The addresses of one name, and how often it could not be looked up since."""

    addresses: frozenset[str] = frozenset()
    failures: int = 0

    def after(self, answer: Iterable[str] | Exception) -> "Known":
        """What is known after one more look-up, which found these or failed so.

        A name that is not there any more is forgotten at once: its address may be
        another's by now.
        """
        if not isinstance(answer, Exception):
            return Known(addresses=frozenset(answer))
        is_gone = isinstance(answer, OSError) and answer.errno == socket.EAI_NONAME
        if is_gone or self.failures == MOST_FAILURES:
            return Known()
        return replace(self, failures=self.failures + 1)


class Proxies:
    """Stands before an app, and lets it see the visitor behind a trusted proxy."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        """Trust these addresses and networks, and the hosts of these names once known."""
        self._app = app
        self._fixed = [name for name in names if is_network(name)]
        self._known = {name: Known() for name in names if not is_network(name)}
        self._is_known = asyncio.Event()
        self._inner = self._trusting(())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, as its visitor's."""
        await self._inner(scope, receive, send)  # type: ignore[arg-type]  # uvicorn's own types

    def trusts(self, host: str) -> bool:
        """Whether this is a proxy's address."""
        return host in self._inner.trusted_hosts

    @asynccontextmanager
    async def looked_up(self) -> AsyncIterator[None]:
        """The names are known inside the block, and stay so."""
        if not self._known:
            yield
            return
        task = asyncio.create_task(self._keep_looking())
        try:
            # A name server that does not answer must not keep the pages away.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_known.wait(), FIRST_SECONDS)
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_looking(self) -> None:
        while True:
            await self._look_up()
            self._is_known.set()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _look_up(self) -> None:
        for name, known in self._known.items():
            self._known[name] = known.after(await _addresses(name))
        found = {each for known in self._known.values() for each in known.addresses}
        self._inner = self._trusting(sorted(found))

    def _trusting(self, found: Sequence[str]) -> ProxyHeadersMiddleware:
        trusted = [*self._fixed, *found]
        return ProxyHeadersMiddleware(self._app, trusted_hosts=trusted)  # type: ignore[arg-type]  # uvicorn's own types


async def _addresses(name: str) -> list[str] | Exception:
    """Where a host is, or why nobody knows."""
    loop = asyncio.get_running_loop()
    try:
        answers = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error
    return [str(place[0]) for *_, place in answers]


def is_network(name: str) -> bool:
    """Whether it is an address or a network, and no name."""
    try:
        ip_network(name)
    except ValueError:
        return False
    return True
