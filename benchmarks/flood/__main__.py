"""`python -m benchmarks.flood`: strangers flood the form, and an honest visitor comes.

A real web process and a real worker, behind a proxy on this machine that names made-up
networks. What a mailbox gets, and when, is told by the relay's own book.
"""

import asyncio
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, cast

import httpx
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.processes import started
from benchmarks.trial import Trial
from service.clock import SystemClock
from service.embedded import postgres
from service.embedded.visitor import ANSWERS
from service.keys import new_keys
from service.store import migrate

HOST = "127.0.0.1"
#: Who only half sends comes from another address of this machine, without a proxy.
HALF_HOST, DIRECT_HOST = "127.0.0.2", "127.0.0.3"
HALF = b"GET / HTTP/1.1\r\nHost: eventide.example\r\nX-Half: "
#: So many requests of the flood are on their way at once.
AT_ONCE = 20
PATIENCE_SECONDS = 300.0
#: When nothing more has come for so long, nothing more will.
SILENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The running service, as strangers and the relay see it."""

    client: httpx.AsyncClient
    port: int
    book: Path

    async def sign_up(self, address: str, network: str) -> int:
        """The status of a form from there."""
        answer = await self.client.post(
            "/signup",
            data={**ANSWERS, "email": address},
            headers={"X-Forwarded-For": network},
        )
        return answer.status_code

    def taken(self, ending: str) -> list[float]:
        """When the relay took each mail to an address that ends so."""
        lines = (line.split() for line in self.book.read_text().splitlines())
        return [float(at) for to, at in lines if to.endswith(ending)]

    async def honest(self, name: str, network: str) -> float:
        """The seconds from pressing the button to the relay having the mail."""
        address = f"{name}@honest.example"
        begun = SystemClock().now().timestamp()
        await self.sign_up(address, network)
        while not (taken := self.taken(address)):
            if SystemClock().now().timestamp() - begun > PATIENCE_SECONDS:
                return PATIENCE_SECONDS
            await asyncio.sleep(0.1)
        return taken[0] - begun

    async def quiet(self, ending: str) -> int:
        """How many mails had come when no more came."""
        count, since = -1, 0.0
        while since < SILENCE_SECONDS:
            before, count = count, len(self.taken(ending))
            since = since + 1 if count == before else 0
            await asyncio.sleep(1)
        return count


def main(
    *,
    networks: Annotated[int, typer.Option(min=1, max=60_000)] = 2000,
    rate: Annotated[float, typer.Option(help="Mails the relay takes a second.")] = 200,
    out: Annotated[Path | None, typer.Option(help="A file for JSON.")] = None,
) -> None:
    """Measure what strangers can do, and what an honest visitor notices of it."""
    result = asyncio.run(_measured(networks, rate))
    table = Table("", "measured", title="Strangers")
    for name, value in result.items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    Console().print(table)
    if out is not None:
        out.write_text(json.dumps(result, indent=2) + "\n")


async def _measured(networks: int, rate: float) -> Mapping[str, float]:
    async with _stage(rate) as stage:
        return {
            **await _one_mailbox(stage),
            **await _one_network(stage),
            **await _many_networks(stage, networks),
            **await _half_requests(stage),
        }


async def _one_mailbox(stage: Stage) -> Mapping[str, float]:
    """Two hundred tags of one mailbox, each from a network of its own."""
    people = (
        (f"victim+{number}@mailbox.example", f"198.18.0.{number}")
        for number in range(200)
    )
    await _flood(stage, people)
    return {"mails_to_one_mailbox_of_200": await stage.quiet("@mailbox.example")}


async def _one_network(stage: Stage) -> Mapping[str, float]:
    people = ((f"v@d{number}.victims.example", "203.0.113.1") for number in range(120))
    _, seconds = await asyncio.gather(
        _flood(stage, people), stage.honest("one", "192.0.2.1")
    )
    return {
        "mails_to_120_victims_of_one_network": await stage.quiet(".victims.example"),
        "honest_visitor_beside_it_seconds": round(seconds, 2),
    }


async def _many_networks(stage: Stage, networks: int) -> Mapping[str, float]:
    """Each network asks twice; honest visitors come all along."""
    addresses = [f"198.19.{n // 250}.{n % 250}" for n in range(networks)]
    people = (
        (f"f{again}@d{number}.flood.example", address)
        for again in range(2)
        for number, address in enumerate(addresses)
    )
    flood = asyncio.create_task(_flood(stage, people))
    waits: list[float] = []
    while not flood.done():
        number = len(waits)
        waits.append(await stage.honest(f"many{number}", f"192.0.2.{number + 10}"))
        await asyncio.wait({flood}, timeout=2)
    await flood
    return {
        "flooding_networks": networks,
        "mails_to_victims_of_these": await stage.quiet(".flood.example"),
        "honest_visitors_during_it": len(waits),
        "honest_median_seconds": round(statistics.median(waits), 2),
        "honest_slowest_seconds": round(max(waits), 2),
    }


async def _half_requests(stage: Stage) -> Mapping[str, float]:
    """Two thousand half requests of one network, while another asks for pages."""
    held: list[asyncio.StreamWriter] = []
    served = 0
    async with _browser(stage.port, DIRECT_HOST) as client:
        for _ in range(2000):
            _, writer = await asyncio.open_connection(
                HOST, stage.port, local_addr=(HALF_HOST, 0)
            )
            writer.write(HALF)
            held.append(writer)
            if len(held) % 20 == 0:
                answer = await client.get("/")
                served += answer.is_success
    for writer in held:
        writer.close()
    return {"pages_asked_for_during_2000_half_requests": 100, "of_these_served": served}


async def _flood(stage: Stage, people: Iterable[tuple[str, str]]) -> None:
    """Everybody is signed up, so many at once."""
    left = iter(people)

    async def stranger() -> None:
        for address, network in left:
            await stage.sign_up(address, network)

    await asyncio.gather(*(stranger() for _ in range(AT_ONCE)))


@asynccontextmanager
async def _stage(rate: float) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(
            postgres.throwaway(is_durable=True, tell=typer.echo)
        )
        await migrate.upgrade(url)
        trial, port = Trial(url=url, keys=new_keys(name="1")), _free_port()
        relay = stack.enter_context(_relay(rate, home / "book"))
        env = {
            **trial.environment(port=relay, connections=10),
            "EVENTIDE_WEB__PORT": str(port),
            "EVENTIDE_WEB__BASE_URL": "https://eventide.example",
        }
        for role in ("web", "worker"):
            command = [str(Path(sys.executable).with_name("eventide")), role]
            stack.enter_context(started(command, env=env, stderr=subprocess.DEVNULL))
        client = await stack.enter_async_context(_browser(port, HOST))
        await _until_ready(client)
        yield Stage(client=client, port=port, book=home / "book")


def _browser(port: int, host: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(local_address=host),
        base_url=f"http://{HOST}:{port}",
        timeout=PATIENCE_SECONDS,
    )


async def _until_ready(client: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await client.get("/health/ready")).is_success:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.2)


@contextmanager
def _relay(rate: float, book: Path) -> Iterator[int]:
    """The port of a relay that takes so many mails a second."""
    command = [sys.executable, "-m", "benchmarks.lateness.relay", str(rate), str(book)]
    with started(command, stdout=subprocess.PIPE) as process:
        found = re.search(rb"\d+", cast(IO[bytes], process.stdout).readline())
        yield int(found[0] if found else 0)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


if __name__ == "__main__":
    typer.run(main)
