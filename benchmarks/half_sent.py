"""`python -m benchmarks.half_sent`: 2,000 half requests are kept open (slowloris).

They come from one address, and a visitor from another asks for pages all the while, each
over a connection of its own. Once only half of the headers is sent, and once half of a
form; once to web itself, and once through a real Caddy with the Caddyfile of this project.
After 10 seconds the first halves are given up; so beside the pages stands how many were
still open when the last page was served. Of one network web lets no more than 64 be.
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from time import perf_counter
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.processes import ROOT, program, started
from benchmarks.stage import HOST, answering, browser, free_port, staged

#: Who only half sends, and who asks for pages.
HALF_HOST, VISITOR_HOST = "127.0.0.2", "127.0.0.3"
HALVES, AT_ONCE = 2000, 50
#: So many pages are asked for once all of the halves are sent.
PAGES_AFTER = 100
PATIENCE_SECONDS = 30
#: What the Caddyfile says inside of docker compose, where each has a network of its own.
UPSTREAM, CADDY_HEALTH = "web:8000", "127.0.0.1:2020"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Pages that were asked for and served, the slowest in seconds; and the halves."""

    asked: int
    served: int
    slowest: float
    sent_within: float
    were_open: int


def main(*, halves: Annotated[int, typer.Option(min=1)] = HALVES) -> None:
    """Print how many pages are served, and end with 1 where one is not."""
    served = asyncio.run(_measured(halves))
    columns = ("half of", "by", "sent in s", "open", "asked", "served", "slowest s")
    table = Table(*columns, title=f"Pages served during {halves:,} half requests")
    for (half, way), one in served.items():
        table.add_row(
            half,
            way,
            f"{one.sent_within:.1f}",
            f"{one.were_open:,}",
            f"{one.asked}",
            f"{one.served}",
            f"{one.slowest:.2f}",
        )
    Console().print(table)
    raise typer.Exit(int(any(one.served < one.asked for one in served.values())))


async def _measured(halves: int) -> Mapping[tuple[str, str], Served]:
    async with staged({}) as stage, _caddy(stage.port) as caddy:
        return {
            (half, way): await _held(port, text, halves)
            for half, text in _texts().items()
            for way, port in {"direct": stage.port, "through Caddy": caddy}.items()
        }


def _texts() -> Mapping[str, bytes]:
    """What is sent of a request before nothing more comes."""
    line = b"Host: %s\r\n" % HOST.encode()
    form = (
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n"
    )
    return {
        "the headers": b"GET / HTTP/1.1\r\n" + line + b"X-Half: ",
        "a form": b"POST /signup HTTP/1.1\r\n" + line + form + b"\r\nadult=yes&causes=",
    }


async def _held(port: int, text: bytes, halves: int) -> Served:
    """What a visitor gets while so many halves are sent, and while they are open."""
    # Caddy knows its own pages by the port.
    text = text.replace(HOST.encode(), b"%s:%d" % (HOST.encode(), port))
    begun, sent, gate = perf_counter(), Counter[bool](), asyncio.Semaphore(AT_ONCE)
    strangers = [
        asyncio.create_task(_half(port, text, gate, sent)) for _ in range(halves)
    ]
    async with browser(port, VISITOR_HOST) as client:
        pages = [await _page(client)]
        while sent.total() < halves:
            pages.append(await _page(client))
        sent_within = perf_counter() - begun
        pages += [await _page(client) for _ in range(PAGES_AFTER)]
        were_open = sum(not each.done() for each in strangers)
    for each in strangers:
        each.cancel()
    await asyncio.gather(*strangers, return_exceptions=True)
    served = [seconds for seconds in pages if seconds < PATIENCE_SECONDS]
    return Served(
        asked=len(pages),
        served=len(served),
        slowest=max(served, default=0),
        sent_within=sent_within,
        were_open=were_open,
    )


async def _half(
    port: int, text: bytes, gate: asyncio.Semaphore, sent: Counter[bool]
) -> None:
    """Send it, note whether that went well, and return once the other side gives it up."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with gate:
            reader, writer = await asyncio.open_connection(
                HOST, port, local_addr=(HALF_HOST, 0)
            )
            writer.write(text)
            sent[True] += 1
        await reader.read()
    except OSError:
        sent[False] += writer is None
    finally:
        if writer is not None:
            writer.close()


async def _page(client: httpx.AsyncClient) -> float:
    """The seconds to the first page, over a connection of its own; else the patience."""
    begun = perf_counter()
    try:
        answer = await client.get(
            "/", headers={"Connection": "close"}, timeout=PATIENCE_SECONDS
        )
    except httpx.TransportError:
        return PATIENCE_SECONDS
    return perf_counter() - begun if answer.is_success else PATIENCE_SECONDS


@asynccontextmanager
async def _caddy(web: int) -> AsyncIterator[int]:
    """The port of a Caddy before web: this project's, but for where it finds others."""
    port = free_port()
    config = (ROOT / "config" / "Caddyfile").read_text()
    for place, here in ((UPSTREAM, web), (CADDY_HEALTH, free_port())):
        if place not in config:
            raise SystemExit(f"config/Caddyfile does not say {place}: mend this trial")
        config = config.replace(place, f"{HOST}:{here}")
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "Caddyfile"
        file.write_text(config)
        env = {
            **os.environ,
            "BASE_URL": f"http://{HOST}:{port}",
            "OPERATOR_NETWORKS": "0.0.0.0/0 ::/0",
            "HOME": home,
            "XDG_DATA_HOME": home,
            "XDG_CONFIG_HOME": home,
        }
        name = program("caddy", package="caddy")
        command = [name, "run", "--adapter", "caddyfile", "--config", str(file)]
        with started(command, env=env, stderr=DEVNULL):
            await answering(f"http://{HOST}:{port}/")
            yield port


if __name__ == "__main__":
    typer.run(main)
