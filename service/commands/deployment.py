"""`eventide pause`, `resume` and `adopt`: whether this database sends."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from service import app as composition
from service.commands.operator import me
from service.flows import deployment
from service.flows.deployment import Adopted
from service.store.deployment import Standing
from service.store.engine import Store

SAYS = {
    Standing.SENDS: "This database sends.",
    Standing.PAUSED: "Paused: nothing is sent before `eventide resume`.",
    Standing.FENCED: "This database is a copy: nothing is sent before `eventide adopt`.",
    Standing.PROMOTED: "Promoted: no reminder is sent before `eventide adopt`.",
    Standing.ALONE: (
        "No reminder is sent: EVENTIDE_DATABASE__REPLICATION says synchronous, and no"
        " commit waits for a standby."
    ),
}
ASKS = {
    Standing.FENCED: "Is it stopped, and is this one to send?",
    Standing.PROMOTED: "Was it stopped by then, and is this one to send?",
    Standing.ALONE: "Is no standby left that could be promoted?",
}


def pause() -> None:
    """Send nothing from now on, from any worker; planning goes on.

    What a worker holds already goes out. Reminders that wait are dropped when their
    evening is over.
    """
    asyncio.run(_pause())


def resume() -> None:
    """Send again; what waits and is not too late goes out at once."""
    asyncio.run(_resume())


def adopt(
    *,
    nothing_was_sent: Annotated[
        bool,
        typer.Option(
            "--nothing-was-sent",
            help="The one before has sent nothing since the backup was begun.",
        ),
    ] = False,
    until: Annotated[
        datetime | None,
        typer.Option(
            help="The one before a promotion went on sending until then (UTC).",
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Make this restored copy or promoted server the one that sends from now on.

    Whoever may have had tonight's reminder from the one before gets none from here: on
    a copy all who are due by now, on a promoted server those of the seconds that were
    not replicated. Unless you know that it sent nothing more.
    """
    asyncio.run(_adopt(is_nothing_sent=nothing_was_sent, until=until, is_sure=yes))


async def _pause() -> None:
    async with composition.records() as store:
        await deployment.pause(store, by=me(), now=await store.now())
        typer.echo(SAYS[await deployment.standing(store)])


async def _resume() -> None:
    async with composition.records() as store:
        await deployment.resume(store, by=me(), now=await store.now())
        typer.echo(SAYS[await deployment.standing(store)])


async def _adopt(
    *, is_nothing_sent: bool, until: datetime | None, is_sure: bool
) -> None:
    async with composition.records() as store:
        now = await store.now()
        standing = await deployment.look(store, now=now)
        if standing in (Standing.SENDS, Standing.PAUSED):
            typer.echo("Nothing to do: this database is the one that sends already.")
            return
        typer.echo(await _situation(store, standing))
        if not is_sure:
            typer.confirm(ASKS[standing], abort=True)
        done = await deployment.adopt(
            store,
            is_nothing_sent=is_nothing_sent,
            until=until and until.replace(tzinfo=UTC),
            by=me(),
            now=now,
        )
        for line in _told(done):
            typer.echo(line)
        typer.echo(SAYS[await deployment.standing(store)])


async def _situation(store: Store, standing: Standing) -> str:
    if standing is Standing.PROMOTED:
        lost = await deployment.lost_seconds(store)
        before, since = lost.timelines
        begin = f"{lost.since:%Y-%m-%d %H:%M:%S}" if lost.since else "an unknown time"
        return (
            f"This server was promoted: it writes timeline {since}, and the one that sent"
            f" timeline {before}. What that one did between {begin} and"
            f" {lost.until:%Y-%m-%d %H:%M:%S} UTC is not known here."
        )
    if standing is Standing.ALONE:
        return (
            "It was promised that every commit waits for a standby, and none does."
            " Adopting takes the promise back."
        )
    last = await deployment.last_sent_at(store)
    seen = f"{last:%Y-%m-%d %H:%M} UTC" if last else "not in its last nights"
    return f"The database that this is a copy of last sent a mail: {seen}."


def _told(done: Adopted) -> Iterator[str]:
    yield (
        f"Held back, as they may have been sent before: {len(done.waited)} reminders"
        f" that waited, and {len(done.due)} that were due."
    )
    if people := sorted({*done.waited, *done.due}):
        yield f"Of the subscribers {', '.join(map(str, people))}."
