"""`python -m benchmarks.flood`: strangers flood the form, and an honest visitor comes.

A real web process and a real worker, behind a proxy on this machine that names made-up
networks. What a mailbox gets, and when, is told by the relay's own book.
"""

import asyncio
import json
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.stage import PATIENCE_SECONDS, RATE, Stage, browser, staged
from service.clock import SystemClock
from service.embedded.visitor import ANSWERS

#: So many requests of the flood are on their way at once.
AT_ONCE = 20
#: When nothing more has come for so long, nothing more will.
SILENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """Visitors behind a proxy, who may come from any network."""

    client: httpx.AsyncClient
    stage: Stage

    async def sign_up(self, address: str, network: str) -> int:
        """The status of a form from there."""
        answer = await self.client.post(
            "/signup",
            data={**ANSWERS, "email": address},
            headers={"X-Forwarded-For": network},
        )
        return answer.status_code

    async def honest(self, name: str, network: str) -> float:
        """The seconds from pressing the button to the relay having the mail."""
        address = f"{name}@honest.example"
        begun = SystemClock().now().timestamp()
        await self.sign_up(address, network)
        while not (taken := self.stage.taken(address)):
            if SystemClock().now().timestamp() - begun > PATIENCE_SECONDS:
                return PATIENCE_SECONDS
            await asyncio.sleep(0.1)
        return taken[0] - begun

    async def quiet(self, ending: str) -> int:
        """How many mails had come when no more came."""
        count, since = -1, 0.0
        while since < SILENCE_SECONDS:
            before, count = count, len(self.stage.taken(ending))
            since = since + 1 if count == before else 0
            await asyncio.sleep(1)
        return count


def main(
    *,
    networks: Annotated[int, typer.Option(min=1, max=60_000)] = 2000,
    rate: Annotated[float, typer.Option(help="Mails the relay takes a second.")] = RATE,
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
    async with staged({}, rate=rate) as stage, browser(stage.port) as client:
        strangers = Strangers(client=client, stage=stage)
        return {
            **await _one_mailbox(strangers),
            **await _one_network(strangers),
            **await _many_networks(strangers, networks),
        }


async def _one_mailbox(strangers: Strangers) -> Mapping[str, float]:
    """Two hundred tags of one mailbox, each from a network of its own."""
    people = (
        (f"victim+{number}@mailbox.example", f"198.18.0.{number}")
        for number in range(200)
    )
    await _flood(strangers, people)
    return {"mails_to_one_mailbox_of_200": await strangers.quiet("@mailbox.example")}


async def _one_network(strangers: Strangers) -> Mapping[str, float]:
    people = ((f"v@d{number}.victims.example", "203.0.113.1") for number in range(120))
    _, seconds = await asyncio.gather(
        _flood(strangers, people), strangers.honest("one", "192.0.2.1")
    )
    return {
        "mails_to_120_victims_of_one_network": await strangers.quiet(
            ".victims.example"
        ),
        "honest_visitor_beside_it_seconds": round(seconds, 2),
    }


async def _many_networks(strangers: Strangers, networks: int) -> Mapping[str, float]:
    """Each network asks twice; honest visitors come all along."""
    addresses = [f"198.19.{n // 250}.{n % 250}" for n in range(networks)]
    people = (
        (f"f{again}@d{number}.flood.example", address)
        for again in range(2)
        for number, address in enumerate(addresses)
    )
    flood = asyncio.create_task(_flood(strangers, people))
    waits: list[float] = []
    while not flood.done():
        number = len(waits)
        waits.append(await strangers.honest(f"many{number}", f"192.0.2.{number + 10}"))
        await asyncio.wait({flood}, timeout=2)
    await flood
    return {
        "flooding_networks": networks,
        "mails_to_victims_of_these": await strangers.quiet(".flood.example"),
        "honest_visitors_during_it": len(waits),
        "honest_median_seconds": round(statistics.median(waits), 2),
        "honest_slowest_seconds": round(max(waits), 2),
    }


async def _flood(strangers: Strangers, people: Iterable[tuple[str, str]]) -> None:
    """Everybody is signed up, so many at once."""
    left = iter(people)

    async def stranger() -> None:
        for address, network in left:
            await strangers.sign_up(address, network)

    await asyncio.gather(*(stranger() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    typer.run(main)
