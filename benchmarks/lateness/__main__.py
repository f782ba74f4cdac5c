"""`python -m benchmarks.lateness`: an evening that everybody chose for the same minute.

A real worker plans and sends it to a relay of a fixed rate. The jitter spreads what is
due over four minutes, as it does after any full hour. How late a mail is counts from
when it was due to when the relay took it, by the relay's own book.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Annotated, cast

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.processes import peak_memory_of, started
from benchmarks.trial import Trial
from service.clock import SystemClock
from service.commands.people import progress
from service.content.zones import known_zones
from service.domain.night import SPREAD_SECONDS, local, night_at, slot
from service.domain.synthetic import Newcomer, address, crowd
from service.embedded import postgres
from service.flows.seed import seed
from service.keys import new_keys
from service.store import migrate

AT_ONCE = 5000
#: Inventing somebody takes less than that; a worker starts in less than that.
SECONDS_EACH, SECONDS_TO_START = 0.0003, 15
#: The relay may need so much longer than its rate says before we give up.
PATIENCE = 3


@dataclass(frozen=True, slots=True)
class Book:
    """What the relay wrote down."""

    path: Path

    def count(self) -> int:
        """How many mails were taken so far."""
        return self.path.read_bytes().count(b"\n")

    def taken(self) -> list[tuple[str, float]]:
        """To whom each mail was, and the second at which it was taken."""
        lines = [line.split() for line in self.path.read_text().splitlines()]
        return [(line[0], float(line[1])) for line in lines]


def main(
    *,
    people: Annotated[int, typer.Option(min=1)] = 100_000,
    rate: Annotated[float, typer.Option(help="Mails the relay takes a second.")] = 1000,
    connections: Annotated[int, typer.Option(min=1, max=200)] = 20,
    out: Annotated[Path | None, typer.Option(help="A file for JSON.")] = None,
) -> None:
    """Measure how late the mails of an evening are."""
    result = asyncio.run(_evening(people, rate, connections))
    table = Table("", "measured", title="An evening that begins at one minute for all")
    for name, value in result.items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    Console().print(table)
    if out is not None:
        out.write_text(json.dumps(result, indent=2) + "\n")


async def _evening(people: int, rate: float, connections: int) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory() as home:
        book = Book(Path(home) / "book")
        async with postgres.throwaway(is_durable=True, tell=typer.echo) as url:
            await migrate.upgrade(url)
            trial = Trial(url=url, keys=new_keys(name="1"))
            due = await _invited(trial, people)
            end = max(due.values()) + PATIENCE * people / rate
            with (
                _relay(rate, book.path) as port,
                _worker(
                    trial.environment(port=port, connections=connections)
                ) as worker,
            ):
                await _sent(book, people, worker, end=end)
                peak = peak_memory_of(worker.pid)
        return {**_lateness(book, due, rate=rate), "worker_peak_rss_mb": round(peak)}


async def _invited(trial: Trial, people: int) -> Mapping[str, float]:
    """People in the database, and the second at which each address is due."""
    ahead = timedelta(seconds=people * SECONDS_EACH + SECONDS_TO_START)
    chosen = (SystemClock().now() + ahead).replace(second=0) + timedelta(minutes=1)
    due: dict[str, float] = {}
    async with trial.opened() as parts:
        here = crowd(known_zones(), parts.library.countries_by_code, now=chosen)

        def invent(number: int) -> Newcomer:
            someone = _at(chosen, here.newcomer_due(number, now=chosen))
            due[address(number)] = someone.next_due_at.timestamp()
            return someone

        with progress() as bar:
            task = bar.add_task("Inventing subscribers", total=people)
            for first in range(0, people, AT_ONCE):
                count = min(AT_ONCE, people - first)
                await seed(parts.store, invent, count=count, now=parts.clock.now())
                bar.advance(task, count)
    return due


def _at(chosen: datetime, newcomer: Newcomer) -> Newcomer:
    """The same person, who chose that minute."""
    who = newcomer.subscriber
    there = local(who.evening.zone, at=chosen)
    evening = replace(who.evening, minute=there.hour * 60 + there.minute)
    tonight = slot(evening, night_at(evening.zone, now=chosen), subscriber_id=who.id)
    return Newcomer(
        subscriber=replace(who, evening=evening), next_due_at=tonight.due_at
    )


@contextmanager
def _relay(rate: float, book: Path) -> Iterator[int]:
    """The port of a relay that takes so many mails a second."""
    command = [sys.executable, "-m", "benchmarks.lateness.relay", str(rate), str(book)]
    with started(command, stdout=subprocess.PIPE) as process:
        yield int(cast(IO[bytes], process.stdout).readline())


@contextmanager
def _worker(env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as operators run it; its log is thrown away."""
    command = [str(Path(sys.executable).with_name("eventide")), "worker"]
    with started(command, env=env, stderr=subprocess.DEVNULL) as process:
        yield process


async def _sent(
    book: Book, people: int, worker: subprocess.Popen[bytes], *, end: float
) -> None:
    """Return when every mail was taken; give up at the `end`."""
    with progress() as bar:
        task = bar.add_task("Sending as they fall due", total=people)
        while (taken := book.count()) < people:
            is_over = SystemClock().now().timestamp() > end
            if is_over or worker.poll() is not None:
                raise SystemExit(f"{taken} of {people} mails had come in time")
            bar.update(task, completed=taken)
            await asyncio.sleep(1)


def _lateness(
    book: Book, due: Mapping[str, float], *, rate: float
) -> Mapping[str, float]:
    late = [at - due[recipient] for recipient, at in book.taken()]
    shares = statistics.quantiles(late, n=100)
    return {
        "people": len(due),
        "mails": len(late),
        "relay_rate_per_second": rate,
        "due_per_second": round(len(due) / SPREAD_SECONDS, 1),
        "lateness_p50_seconds": round(shares[49], 2),
        "lateness_p95_seconds": round(shares[94], 2),
        "lateness_p99_seconds": round(shares[98], 2),
        "lateness_max_seconds": round(max(late), 2),
    }


if __name__ == "__main__":
    typer.run(main)
