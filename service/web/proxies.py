"""Which proxies may say for whom they ask (`X-Forwarded-For`): by name, address, network.

A name is looked up again and again: a container that is made anew has a new address.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

FIRST_SECONDS, AGAIN_SECONDS = 2, 10


class Proxies:
    """Stands before an app, and lets it see the visitor behind a trusted proxy."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        """Trust these addresses and networks, and the hosts of these names once known."""
        self._app = app
        self._fixed = [name for name in names if is_network(name)]
        self._names = [name for name in names if not is_network(name)]
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
        if not self._names:
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
        """What is not found now is not trusted: its address may be another's by now."""
        loop = asyncio.get_running_loop()
        found: set[str] = set()
        for name in self._names:
            with suppress(OSError, UnicodeError):
                answers = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
                found.update(str(place[0]) for *_, place in answers)
        self._inner = self._trusting(sorted(found))

    def _trusting(self, found: Sequence[str]) -> ProxyHeadersMiddleware:
        trusted = [*self._fixed, *found]
        return ProxyHeadersMiddleware(self._app, trusted_hosts=trusted)  # type: ignore[arg-type]  # uvicorn's own types


def is_network(name: str) -> bool:
    """Whether it is an address or a network, and no name."""
    try:
        ip_network(name)
    except ValueError:
        return False
    return True
