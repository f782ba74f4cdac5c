"""`eventide check`: the doctor, who looks at everything and says how to mend it."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service import app as composition
from service.clock import SystemClock
from service.commands.doctor.examination import areas, examined
from service.commands.doctor.patient import Patient
from service.commands.people import progress
from service.domain.errors import Misconfigured
from service.domain.finding import Finding, Grade, Sheet

LOOKS = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.FAULT: "bold red"}
#: Below this width what was looked at stands above what was found.
NARROW = 90


def check(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list for programs.")
    ] = False,
    nameserver: Annotated[
        str,
        typer.Option(help="Ask this one (ADDRESS or ADDRESS:PORT), not the system's."),
    ] = "",
) -> None:
    """Look at everything the service needs, and say how to mend what is wrong.

    Exit code 1 for a fault, 0 for none. docs/check.md tells what each line means.
    """
    say = _tell if as_json else _show
    raise typer.Exit(_said(asyncio.run(_findings(nameserver)), say))


async def _findings(nameserver: str) -> tuple[Finding, ...]:
    try:
        settings = composition.settings()
    except Misconfigured as error:
        sheet = Sheet("settings")
        sheet.fault("readable", f"{error.where}: {error.what}", error.remedy)
        return tuple(sheet.findings)
    patient = Patient(settings=settings, clock=SystemClock(), nameserver=nameserver)
    every = areas(patient)
    with progress() as bar:
        task = bar.add_task("Looking", total=len(every))
        return await examined(patient, every, done=lambda: bar.advance(task))


def _said(
    findings: tuple[Finding, ...], say: Callable[[tuple[Finding, ...]], None]
) -> int:
    """The exit code, once it is said what was found."""
    say(findings)
    return int(any(each.grade is Grade.FAULT for each in findings))


def _tell(findings: tuple[Finding, ...]) -> None:
    typer.echo(json.dumps([asdict(each) for each in findings], indent=2))


def _show(findings: tuple[Finding, ...]) -> None:
    console = Console()
    is_narrow = console.width < NARROW
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_header=False)
    table.add_column(no_wrap=True)
    if not is_narrow:
        table.add_column(style="bold", no_wrap=True)
        table.add_column(max_width=34)
    table.add_column(overflow="fold")
    for area, each_of_it in groupby(findings, key=lambda each: each.area):
        for number, each in enumerate(each_of_it):
            grade = Text(each.grade, style=LOOKS[each.grade])
            found = Text(each.finding)
            if each.remedy:
                found.append(f"\n-> {each.remedy}", style="italic")
            if is_narrow:
                head = Text(f"{area}: {each.check}\n", style="bold")
                table.add_row(grade, head + found)
            else:
                table.add_row(grade, "" if number else area, each.check, found)
        table.add_section()
    console.print(table)
    console.print(_summary(findings))


def _summary(findings: tuple[Finding, ...]) -> Text:
    found = Counter(each.grade for each in findings)
    worst = next(grade for grade in reversed(Grade) if found[grade])
    says = f"{_counted(found[Grade.FAULT], 'fault')}, "
    says += f"{_counted(found[Grade.WARNING], 'warning')}, {found[Grade.OK]} ok"
    return Text(says, style=LOOKS[worst])


def _counted(many: int, what: str) -> str:
    return f"{many} {what}{'' if many == 1 else 's'}"
