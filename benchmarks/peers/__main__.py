"""`python -m benchmarks.peers`: this service and its peers, one run after the other.

All send about 20 KB a mail to a fresh smtp-sink on this machine. The order is shuffled
in each round, so that what else the machine does meets everybody alike. The clock and
the CPU count from the moment a sender could begin until its last mail was taken.
"""

import json
import random
import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.peers import corpus, race
from benchmarks.peers.race import PEERS, Run, Sender
from service.commands.people import progress

ALL = 20
WIDTH = 130
HEADINGS = (
    "sender",
    "connections",
    "mails/s",
    "median",
    "to smtp-source",
    "ours is",
    "CPU ms/mail",
    "database",
    "RSS MB",
)
C, OURS, END_TO_END = "smtp-source (C)", "ours, without database", "ours, end to end"
SENDERS = (
    Sender(name=C, connections=1, is_slow=False, send=race.smtp_source),
    Sender(name=C, connections=ALL, is_slow=False, send=race.smtp_source),
    Sender(name=OURS, connections=1, is_slow=False, send=race.python("ours")),
    Sender(name=OURS, connections=ALL, is_slow=False, send=race.python("ours")),
    Sender(name=END_TO_END, connections=ALL, is_slow=False, send=race.end_to_end),
    Sender(
        name="nodemailer pool, raw",
        connections=ALL,
        is_slow=True,
        send=race.node("nodemailer_mail", "raw"),
    ),
    Sender(
        name="nodemailer pool, composing",
        connections=ALL,
        is_slow=True,
        send=race.node("nodemailer_mail", "compose"),
    ),
    Sender(
        name="aiosmtplib + EmailMessage",
        connections=ALL,
        is_slow=True,
        send=race.python("aiosmtplib_mail"),
    ),
    Sender(
        name="Django EmailMultiAlternatives",
        connections=ALL,
        is_slow=True,
        send=race.python("django_mail", peer=True),
    ),
    Sender(
        name="django-post_office (sqlite)",
        connections=ALL,
        is_slow=True,
        send=race.python("post_office_mail", peer=True),
    ),
)


def main(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="One short round, to see that it works.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    messages: Annotated[
        int, typer.Option(min=1, help="By a sender in one run; slow ones a fifth.")
    ] = 15_000,
    out: Annotated[Path | None, typer.Option(help="A file for JSON.")] = None,
) -> None:
    """Measure this service against its peers, on one machine, in one go."""
    if not (PEERS / "ready").exists() or shutil.which("node") is None:
        typer.echo("The peers are missing: have Node.js, and run `make peers`")
        raise typer.Exit(1)
    if quick:
        rounds, messages = 1, 1000
    with tempfile.TemporaryDirectory() as home:
        size = corpus.write(Path(home))
        runs = _race(Path(home), rounds=rounds, messages=messages)
    Console(width=WIDTH).print(_table(runs, size=size))
    if out is not None:
        out.write_text(json.dumps(_plain(runs), indent=2) + "\n")


def _race(
    folder: Path, *, rounds: int, messages: int
) -> Mapping[Sender, Sequence[Run]]:
    runs: dict[Sender, list[Run]] = {sender: [] for sender in SENDERS}
    with progress() as bar:
        task = bar.add_task("", total=rounds * len(SENDERS))
        for _ in range(rounds):
            for sender in random.sample(SENDERS, len(SENDERS)):
                bar.update(task, description=f"{sender.name} x{sender.connections}")
                count = messages // 5 if sender.is_slow else messages
                runs[sender].append(race.run(sender, folder, messages=count))
                bar.advance(task)
    return runs


def _table(runs: Mapping[Sender, Sequence[Run]], *, size: float) -> Table:
    table = Table(title=f"Mails of {size / 1000:.1f} KB to smtp-sink")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "sender" else "right")
    best = {(s.name, s.connections): _best(found) for s, found in runs.items()}
    for sender, found in runs.items():
        rate = _best(found)
        table.add_row(
            sender.name,
            str(sender.connections),
            f"{rate:,.0f}",
            f"{statistics.median(_rate(run) for run in found):,.0f}",
            f"{rate / best[C, sender.connections]:.2f}",
            f"{best[END_TO_END, ALL] / rate:.2f} x",
            f"{min(run.cpu_seconds / run.messages for run in found) * 1000:.3f}",
            _database(found),
            f"{max(run.peak_rss_mb for run in found):.0f}",
        )
    return table


def _database(runs: Sequence[Run]) -> str:
    costs = [
        run.database_cpu_seconds / run.messages
        for run in runs
        if run.database_cpu_seconds is not None
    ]
    return f"{min(costs) * 1000:.3f}" if costs else ""


def _best(runs: Sequence[Run]) -> float:
    return max(_rate(run) for run in runs)


def _rate(run: Run) -> float:
    return run.messages / run.seconds


def _plain(runs: Mapping[Sender, Sequence[Run]]) -> list[dict[str, object]]:
    return [
        {
            "sender": sender.name,
            "connections": sender.connections,
            "runs": [asdict(run) for run in found],
        }
        for sender, found in runs.items()
    ]


if __name__ == "__main__":
    typer.run(main)
