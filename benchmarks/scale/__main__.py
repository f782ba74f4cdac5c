"""`python -m benchmarks.scale`: what one mail costs among thousands and millions.

All databases are made first, with ten nights behind everybody. Then come evenings, the
sizes in turn: at each as many people are due, one in so many, wherever they lie. Each
evening is planned and delivered by a process of its own, so that its memory is seen.
"""

import asyncio
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import make_url

from benchmarks.scale import crowd
from benchmarks.sink import sink
from benchmarks.trial import Trial
from service.clock import SystemClock
from service.commands.people import progress
from service.domain.outbox import Lane
from service.embedded import postgres
from service.flows.upkeep import upkeep
from service.keys import new_keys
from service.store import migrate, outbox_sql, subscribers_sql
from service.worker.shift import PLAN_AT_ONCE

SIZES = (10_000, 100_000, 1_000_000)
LARGEST = 5_000_000
CONNECTIONS = 20
COSTS = (
    "planning_worker_cpu_ms_per_message",
    "planning_database_cpu_ms_per_message",
    "worker_cpu_ms_per_message",
    "database_cpu_ms_per_message",
)
HEADINGS = (
    "subscribers",
    "plan, worker",
    "plan, database",
    "deliver, worker",
    "deliver, database",
    "CPU ms/mail",
    "to the smallest",
    "mails/s",
    "RSS MB",
)

Evening = dict[str, Any]


def main(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="Evenings at each size.")] = 3,
    smallest: Annotated[int, typer.Option(min=100)] = SIZES[0],
    largest: Annotated[int, typer.Option(help="No more people than that.")] = SIZES[-1],
    five_million: Annotated[bool, typer.Option("--five-million")] = False,
    out: Annotated[Path | None, typer.Option(help="A file for JSON.")] = None,
) -> None:
    """Measure planning and delivery at growing numbers of subscribers."""
    top = LARGEST if five_million else largest
    sizes = [size for size in (*SIZES, LARGEST) if smallest <= size <= top]
    sizes = sizes if smallest in sizes else [smallest, *sizes]
    evenings, plans = asyncio.run(
        _measured(sizes, due=smallest // rounds, rounds=rounds)
    )
    console = Console(width=130)
    for name, plan in plans.items():
        console.print(
            f"[bold]{name}[/bold] at {sizes[-1]:,}\n{plan}\n", highlight=False
        )
    console.print(_table(evenings))
    if out is not None:
        out.write_text(json.dumps(evenings, indent=2) + "\n")
    if "schedule_due" not in plans["plan"] or "Seq Scan" in plans["plan"]:
        raise typer.Exit(1)


async def _measured(
    sizes: Sequence[int], *, due: int, rounds: int
) -> tuple[dict[int, list[Evening]], Mapping[str, str]]:
    async with postgres.throwaway(is_durable=True, tell=typer.echo) as server:
        trials = {size: await _filled(server, size) for size in sizes}
        evenings: dict[int, list[Evening]] = {size: [] for size in sizes}
        plans: Mapping[str, str] = {}
        with progress() as bar:
            task = bar.add_task("Evenings", total=rounds * len(sizes))
            for turn in range(rounds):
                for size in random.sample(sizes, len(sizes)):
                    people = await crowd.make_due(
                        trials[size].url, one_in=size // due, turn=turn
                    )
                    if size == sizes[-1]:
                        plans = await _plans(trials[size].url)
                    evening = await asyncio.to_thread(_evening, trials[size], people)
                    evenings[size].append(evening)
                    bar.advance(task)
        return evenings, plans


async def _filled(server: str, size: int) -> Trial:
    """A database with so many people who have a past."""
    name = f"people_{size}"
    connection = await crowd.connected(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    await migrate.upgrade(url)
    trial = Trial(url=url, keys=new_keys(name="1"))
    async with trial.opened() as parts:
        await upkeep(parts.store, now=parts.clock.now())
        with progress() as bar:
            task = bar.add_task(f"Inventing {size:,} with a past", total=size)
            await crowd.fill(
                parts, url, size, tell=lambda more: bar.advance(task, more)
            )
    return trial


def _evening(trial: Trial, people: int) -> Evening:
    """What one evening took a worker of its own."""
    with sink() as relay:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.scale.evening", str(people)],
            env=trial.environment(port=relay.port, connections=CONNECTIONS),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise SystemExit(done.stderr[-2000:])
    evening: Evening = json.loads(done.stdout)
    if evening["sent"] != people:
        raise SystemExit(f"{evening['sent']} of {people} mails were sent")
    return evening


async def _plans(url: str) -> Mapping[str, str]:
    """How PostgreSQL runs the two queries that look for what is due."""
    bound = {
        "now": SystemClock().now(),
        "lease": timedelta(minutes=1),
        "limit": PLAN_AT_ONCE,
        "worker": "",
    }
    connection = await crowd.connected(url)
    plans = {}
    for name, statement in (
        ("plan", subscribers_sql.DUE),
        ("claim", outbox_sql.CLAIM[Lane.EVENING]),
    ):
        compiled: Any = statement.compile(dialect=dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's
        values = [bound[key] for key in compiled.positiontup]
        rows = await connection.fetch(f"EXPLAIN {compiled.string}", *values)
        plans[name] = "\n".join(row[0] for row in rows)
    await connection.close()
    return plans


def _table(evenings: Mapping[int, Sequence[Evening]]) -> Table:
    table = Table(title="CPU ms for one mail, median evening")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    first = sum(_median(evenings[min(evenings)], cost) for cost in COSTS)
    for size, found in evenings.items():
        costs = [_median(found, cost) for cost in COSTS]
        table.add_row(
            f"{size:,}",
            *(f"{cost:.3f}" for cost in costs),
            f"{sum(costs):.3f}",
            f"{sum(costs) / first:.2f}",
            f"{_median(found, 'messages_per_second'):,.0f}",
            f"{max(evening['worker_peak_rss_mb'] for evening in found):.0f}",
        )
    return table


def _median(evenings: Sequence[Evening], name: str) -> float:
    return statistics.median(float(evening[name]) for evening in evenings)


if __name__ == "__main__":
    typer.run(main)
