"""The service as strangers find it: web, a worker, and a relay that keeps a book."""

import asyncio
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import httpx
import typer

from benchmarks.processes import started
from benchmarks.trial import Trial
from service.embedded import postgres
from service.keys import new_keys
from service.store import migrate

HOST = "127.0.0.1"
EVENTIDE = str(Path(sys.executable).with_name("eventide"))
PATIENCE_SECONDS = 300.0
#: Mails the relay takes a second.
RATE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running service: where web listens, its database, and the relay's book."""

    port: int
    trial: Trial
    book: Path

    def taken(self, ending: str) -> list[float]:
        """When the relay took each mail to an address that ends so."""
        lines = (line.split() for line in self.book.read_text().splitlines())
        return [float(at) for to, at in lines if to.endswith(ending)]


@asynccontextmanager
async def staged(
    settings: Mapping[str, str], *, rate: float = RATE
) -> AsyncIterator[Stage]:
    """A fresh service that is ready inside the block, with these settings of its own."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(
            postgres.throwaway(is_durable=True, tell=typer.echo)
        )
        await migrate.upgrade(url)
        trial, port = Trial(url=url, keys=new_keys(name="1")), free_port()
        relay = stack.enter_context(_relay(rate, home / "book"))
        env = {
            **trial.environment(port=relay, connections=10),
            "EVENTIDE_WEB__PORT": str(port),
            "EVENTIDE_WEB__BASE_URL": "https://eventide.example",
            **settings,
        }
        for role in ("web", "worker"):
            command = [EVENTIDE, role]
            stack.enter_context(started(command, env=env, stderr=subprocess.DEVNULL))
        await answering(f"http://{HOST}:{port}/health/ready")
        yield Stage(port=port, trial=trial, book=home / "book")


def browser(port: int, host: str = HOST) -> httpx.AsyncClient:
    """A visitor from that address of this machine."""
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(local_address=host),
        base_url=f"http://{HOST}:{port}",
        timeout=PATIENCE_SECONDS,
    )


async def answering(url: str) -> None:
    """Return once that page is there."""
    async with httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def _relay(rate: float, book: Path) -> Iterator[int]:
    """The port of a relay that takes so many mails a second."""
    command = [sys.executable, "-m", "benchmarks.lateness.relay", str(rate), str(book)]
    with started(command, stdout=subprocess.PIPE) as process:
        found = re.search(rb"\d+", cast(IO[bytes], process.stdout).readline())
        yield int(found[0] if found else 0)
