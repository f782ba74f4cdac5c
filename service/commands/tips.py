"""`eventide tips`: lint the catalogue, list what may be said to a profile."""

import json
from pathlib import Path
from typing import Annotated

import typer

from service import app as composition
from service.clock import SystemClock
from service.commands.profile import read_profile
from service.content.catalogue import check as check_catalogue
from service.content.catalogue import load
from service.domain.risk import assess
from service.domain.safety import allow

app = typer.Typer(help="The catalogue of tips.", no_args_is_help=True)


@app.command()
def check() -> None:
    """Lint the whole catalogue: rules, words, sources, reading grade, reviews."""
    content = composition.settings().content
    today = SystemClock().now().date()
    report = check_catalogue(content.config, content.templates, today=today)
    for line in (*report.warnings, *report.faults):
        typer.echo(str(line), err=True)
    if report.faults:
        number = len(report.faults)
        typer.echo(f"{number} {'fault' if number == 1 else 'faults'}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{report.tips} tips, no faults")


@app.command()
def eligible(
    profile: Annotated[Path, typer.Option(help="A profile file (JSON).")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list of ids.")
    ] = False,
) -> None:
    """List every tip that may be said to this profile, answered as of today."""
    content = composition.settings().content
    today = SystemClock().now().date()
    library = load(content.config, content.templates, today=today)
    answers = read_profile(profile, library, answered_on=today)
    found = assess(answers, library.catalogue.questionnaire, night=today)
    allowed = allow(found, library.catalogue)
    if as_json:
        typer.echo(json.dumps([tip.id for tip in allowed.tips]))
        return
    for tip in allowed.tips:
        country = answers.country
        words = library.words(tip.id, language="en", country=country)
        typer.echo(f"{tip.id:6}{tip.theme:12}{words}")
    for refused in allowed.refused:
        typer.echo(f"{refused.tip:6}not said    {refused.why}")
