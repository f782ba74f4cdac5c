"""`eventide preview`, `night`, `explain`: what a mail says, when it comes, and why."""

import asyncio
import json
import re
from datetime import date as date_type
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from service import app as composition
from service.commands.operator import me
from service.commands.profile import read_profile
from service.content.zones import every_zone
from service.domain.errors import Misconfigured
from service.domain.night import Clock, instant
from service.domain.risk import FRESH_NIGHTS
from service.domain.tonight import History
from service.flows.explain import Explanation, shown
from service.flows.preview import Draft
from service.flows.preview import draft as draft_of

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="YYYY-MM-DD.")]
#: Years that every zone's clock and the calendar can work with.
YEARS = range(1970, 2101)
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def preview(
    profile: Annotated[Path, typer.Option(help="A profile file (JSON).")],
    night: Day,
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    *,
    language: Annotated[str, typer.Option(help="Language of the words.")] = "en",
    nights: Annotated[int, typer.Option(min=1, help="So many nights in a row.")] = 1,
    stale: Annotated[
        bool, typer.Option("--stale", help="Take the answers as long out of date.")
    ] = False,
) -> None:
    """Write the reminder that a profile would get, and the choice behind it.

    Needs no database. With --nights each night has its own folder, and the history
    that the nights before it made.
    """
    studio = composition.studio()
    if language not in studio.library.languages:
        raise Misconfigured(
            what=f"there are no words in '{language}'",
            where="--language",
            remedy=f"Use one of {', '.join(studio.library.languages)}",
        )
    first = _within_reach(night)
    _within_reach(night + timedelta(days=nights))
    history: History = ()
    days = [first + timedelta(days=n) for n in range(nights)]
    for day in track(days, "Writing", disable=nights == 1, transient=True):
        age = timedelta(days=FRESH_NIGHTS + 1 if stale else 0)
        draft = draft_of(
            studio.library,
            studio.letters,
            read_profile(profile, studio.library, answered_on=day - age),
            history,
            language=language,
            night=day,
        )
        history = draft.history
        _write(draft, out / day.isoformat() if nights > 1 else out)
    typer.echo(f"{nights} {'night' if nights == 1 else 'nights'} in {out}")


def night(
    zone: Annotated[str, typer.Option(help="IANA zone, such as Europe/London.")],
    at: Annotated[str, typer.Option(help="Local time, HH:MM.")],
    date: Day,
) -> None:
    """Print the UTC instant of a local time, and gap or fold where one was met."""
    time = TIME_OF_DAY.fullmatch(at)
    if time is None:
        raise Misconfigured(
            what=f"'{at}' is not a time of day",
            where="--at",
            remedy="Write it as HH:MM, from 00:00 to 23:59",
        )
    if zone not in every_zone():
        raise Misconfigured(
            what=f"'{zone}' is not a time zone",
            where="--zone",
            remedy="Use an IANA name such as Europe/London or America/New_York",
        )
    found = instant(zone, _within_reach(date), int(time[1]) * 60 + int(time[2]))
    word = "" if found.clock is Clock.EXACT else f" {found.clock}"
    typer.echo(found.at.strftime("%Y-%m-%dT%H:%M:%SZ") + word)


def explain(
    subscriber: Annotated[int, typer.Option(help="Id of the subscriber.")],
    night: Day,
) -> None:
    """Print why that night's mail said what it said, or why there was none."""

    async def ask() -> Explanation:
        async with composition.records() as store:
            day, now = _within_reach(night), await store.now()
            return await shown(store, subscriber, day, by=me(), now=now)

    found = asyncio.run(ask())
    typer.echo(found.outcome)
    if found.choice is None:
        return
    typer.echo(f"catalogue {found.catalogue_version}")
    for tip in found.choice["tips"]:
        chance = f"{tip['propensity']:.3f}"
        typer.echo(f"{tip['id']:6}{tip['role']:8}{chance:8}{tip['reason']}")
    typer.echo("rules " + (", ".join(found.choice["rules"]) or "none"))
    # Nights of the release before this one do not say it.
    if found.choice.get("asks"):
        typer.echo(f"asks {found.choice['asks']}")


def _within_reach(day: datetime) -> date_type:
    if day.year not in YEARS:
        raise Misconfigured(
            what=f"{day.year} is out of reach",
            where="the date",
            remedy=f"Use a year from {YEARS.start} to {YEARS.stop - 1}",
        )
    return day.date()


def _write(draft: Draft, folder: Path) -> None:
    choice = json.dumps(draft.choice, indent=2) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "reminder.eml").write_bytes(draft.letter.data)
        (folder / "reminder.html").write_text(draft.letter.html, encoding="utf-8")
        (folder / "reminder.txt").write_text(draft.letter.text, encoding="utf-8")
        (folder / "choice.json").write_text(choice, encoding="utf-8")
    except OSError as error:
        raise Misconfigured(
            what=f"cannot be written to ({error.strerror})",
            where=str(folder),
            remedy="Name a folder of your own with --out",
        ) from error
