"""Lets npm's mailparser read random reminders, and compares with what Jinja wrote.

Needs Node and the package, which stays out of this repository:

    mkdir /tmp/referee && cd /tmp/referee && npm install --no-save mailparser

Then, here: `.venv/bin/python -m benchmarks.referees.mailparser /tmp/referee`
"""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.progress import track

from service import app as composition
from service.domain.records import parse_answers
from service.domain.risk import (
    CAUSES,
    CONDITIONS,
    DRINKING,
    FRESH_NIGHTS,
    MEDICINES,
    Answers,
    Stretching,
)
from service.flows.preview import ADDRESS, draft
from service.mail.letters import Written

SCRIPT = Path(__file__).with_suffix(".mjs")
FIRST_NIGHT = date(2026, 11, 23)


def main(
    modules: Annotated[Path, typer.Argument(help="Where mailparser is installed.")],
    count: Annotated[int, typer.Option(min=1, help="So many reminders.")] = 2000,
    seed: Annotated[int, typer.Option(help="Another one draws other people.")] = 1,
) -> None:
    """Say how many reminders were read, and how many not as they were meant."""
    # The same reminders for the same seed; nothing here is secret.
    chance = random.Random(seed)  # noqa: S311
    with TemporaryDirectory() as folder:
        letters = _letters(chance)
        meant = [next(letters) for _ in track(range(count), "Writing", transient=True)]
        for number, letter in enumerate(meant):
            Path(folder, f"{number:08}.eml").write_bytes(letter.data)
        found = _read(Path(folder), modules)
    wrong = [n for n, letter in enumerate(meant) if found[n] != _as_meant(letter)]
    typer.echo(f"mailparser read {len(found)} reminders, {len(wrong)} of them wrongly")
    for number in wrong[:3]:
        typer.echo(meant[number].data.decode())
    sys.exit(bool(wrong))


def _letters(chance: random.Random) -> Iterator[Written]:
    """Reminders of one night each, for people of all kinds."""
    studio = composition.studio()
    library = studio.library
    countries = [*library.countries_by_code, "XX"]
    while True:
        night = FIRST_NIGHT + timedelta(days=chance.randrange(400))
        yield draft(
            library,
            studio.letters,
            _answers(chance, countries, night),
            (),
            language=chance.choice(library.languages),
            night=night,
        ).letter


def _answers(chance: random.Random, countries: list[str], night: date) -> Answers:
    def few(words: Sequence[str]) -> list[str]:
        return chance.sample(words, chance.randrange(4))

    said = {
        "causes": few(CAUSES),
        "conditions": chance.choice([None, few(CONDITIONS)]),
        "pregnancy": chance.choice(["no", "no", "pregnant", "trying", "unknown"]),
        "medicines": chance.choice([None, few(MEDICINES)]),
        "alcohol": chance.choice(DRINKING),
        "severe": chance.choice([None, True, False]),
        "country": chance.choice(countries),
        "stretching": chance.choice([None, *Stretching]),
    }
    age = chance.choice([0, 0, FRESH_NIGHTS + 1])
    return parse_answers(said, answered_on=night - timedelta(days=age))


def _read(folder: Path, modules: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        [shutil.which("node") or "node", SCRIPT, folder],
        cwd=modules,
        check=True,
        stdout=subprocess.PIPE,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _as_meant(letter: Written) -> dict[str, object]:
    unsubscribe = letter.text.partition("\nUnsubscribe:\n")[2].partition("\n")[0]
    return {
        "subject": "Your evening tip",
        "to": ADDRESS,
        "html": letter.html,
        "text": letter.text,
        "unsubscribe": f"List-Unsubscribe: <{unsubscribe}>",
        "post": "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    }


if __name__ == "__main__":
    typer.run(main)
