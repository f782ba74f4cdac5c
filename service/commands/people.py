"""`eventide seed`: invented subscribers to try the service with."""

import asyncio
from datetime import datetime
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TimeRemainingColumn,
)

from service import app as composition
from service.app import Service
from service.content.zones import known_zones
from service.domain.synthetic import crowd
from service.flows import seed as seeding

#: Invented in one transaction.
AT_ONCE = 5000


def seed(
    subscribers: Annotated[int, typer.Option(min=1, help="How many to invent.")],
    *,
    due_now: Annotated[
        bool, typer.Option("--due-now", help="Their reminder may be sent at once.")
    ] = False,
) -> None:
    """Add invented subscribers, in zones where it is evening now.

    Refused on a database that has real ones. Mail to the invented arrives nowhere.
    """
    asyncio.run(_seed(subscribers, due_now=due_now))


def progress() -> Progress:
    """A bar on standard error that is gone when it is done; none in a log file."""
    return _bar(MofNCompleteColumn())


def progress_of_bytes() -> Progress:
    """The same for what is counted in bytes."""
    return _bar(DownloadColumn())


def _bar(count: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(
        "{task.description}",
        BarColumn(),
        count,
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


async def _seed(subscribers: int, *, due_now: bool) -> None:
    async with composition.service(composition.settings()) as parts:
        now = parts.clock.now()
        await invent(parts, subscribers, due_now=due_now, now=now)
    typer.echo(f"Invented subscribers added: {subscribers}")


async def invent(
    parts: Service, subscribers: int, *, due_now: bool, now: datetime
) -> None:
    """Add invented subscribers while a bar moves. Raises Misconfigured."""
    with progress() as bar:
        bar.add_task("Looking for real people", total=None)
        await seeding.insist_on_rehearsal(parts.store)
    here = crowd(known_zones(), parts.library.countries_by_code, now=now)
    invent = partial(here.newcomer_due if due_now else here.newcomer, now=now)
    with progress() as bar:
        task = bar.add_task("Inventing subscribers", total=subscribers)
        for first in range(0, subscribers, AT_ONCE):
            count = min(AT_ONCE, subscribers - first)
            await seeding.seed(parts.store, invent, count=count, now=now)
            bar.advance(task, count)
