"""The HTTP server: binds first, so that a taken port is one clear line at the start."""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI

from service.domain.errors import Misconfigured
from service.web.connections import Connection, Crowd, Patience
from service.web.proxies import Proxies

#: Requests in hand are answered before the server stops, within this many seconds.
GRACE_SECONDS = 10
#: So many connections at most; each more is answered 503. A file is kept for each, and
#: some for the database and the rest.
MOST_CONNECTIONS, OTHER_FILES = 5000, 200
#: A proxy on this machine.
LOOPBACK = ("127.0.0.1", "::1")
PATIENCE = Patience()
CHOOSE_ANOTHER = (
    "Choose another port (EVENTIDE_WEB__PORT, or --port of the demo), or end the "
    "program that uses this one"
)


class _Server(uvicorn.Server):
    """A server that leaves signals to the command that runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bound(host: str, port: int, *, remedy: str = CHOOSE_ANOTHER) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises Misconfigured."""
    try:
        return socket.create_server((host, port), backlog=512)
    except OSError as error:
        raise Misconfigured(
            what=f"the web server cannot listen there ({os.strerror(error.errno or 0)})",
            where=f"{host}:{port}",
            remedy=remedy,
        ) from error


@asynccontextmanager
async def serving(
    app: FastAPI,
    listener: socket.socket,
    *,
    trusted: Sequence[str] = LOOPBACK,
    patience: Patience = PATIENCE,
) -> AsyncIterator[None]:
    """The app answers on the socket inside the block; leaving it lets answers finish.

    `trusted`: the proxies that may say for whom they ask.
    """
    proxies = Proxies(app, trusted)
    crowd = Crowd(trusts=proxies.trusts, patience=patience)
    config = uvicorn.Config(
        proxies,
        http=partial(Connection, crowd=crowd),  # type: ignore[arg-type]  # it is called
        proxy_headers=False,
        # Else a library that happens to be there takes connections over, and with them
        # goes every deadline.
        ws="none",
        limit_concurrency=_room(),
        # Our own lines are enough, and an access log would hold people's tokens.
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    async with proxies.looked_up():
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await task


def _room() -> int:
    """How many connections there is room for, having asked the system for enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    return max(allowed - OTHER_FILES, OTHER_FILES)
