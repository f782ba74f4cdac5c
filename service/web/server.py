"""The HTTP server: binds first, so that a taken port is one clear line at the start."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI

from service.domain.errors import Misconfigured

#: Requests in hand are answered before the server stops, within this many seconds.
GRACE_SECONDS = 10
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
async def serving(app: FastAPI, listener: socket.socket) -> AsyncIterator[None]:
    """The app answers on the socket inside the block; leaving it lets answers finish."""
    config = uvicorn.Config(
        app,
        # Our own lines are enough, and an access log would hold people's tokens.
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
