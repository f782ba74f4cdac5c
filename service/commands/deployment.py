"""`eventide pause`, `resume` and `adopt`: whether this database sends."""

import asyncio
from typing import Annotated

import typer

from service import app as composition
from service.clock import SystemClock
from service.commands.operator import me
from service.flows import deployment
from service.flows.deployment import Adopted
from service.store.deployment import Standing

SAYS = {
    Standing.SENDS: "This database sends.",
    Standing.PAUSED: "Paused: nothing is sent before `eventide resume`.",
    Standing.FENCED: "This database is a copy: nothing is sent before `eventide adopt`.",
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
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Make this restored copy the database that sends from now on.

    Whoever is due at this moment gets no reminder tonight, as they may have had it
    from the database before; unless you know that it sent nothing more.
    """
    asyncio.run(_adopt(is_nothing_sent=nothing_was_sent, is_sure=yes))


async def _pause() -> None:
    async with composition.records() as store:
        await deployment.pause(store, by=me(), now=SystemClock().now())
        typer.echo(SAYS[await deployment.standing(store)])


async def _resume() -> None:
    async with composition.records() as store:
        await deployment.resume(store, by=me(), now=SystemClock().now())
        typer.echo(SAYS[await deployment.standing(store)])


async def _adopt(*, is_nothing_sent: bool, is_sure: bool) -> None:
    async with composition.records() as store:
        if await deployment.standing(store) is not Standing.FENCED:
            typer.echo("Nothing to do: this database is the one that sends already.")
            return
        last = await deployment.last_sent_at(store)
        seen = f"{last:%Y-%m-%d %H:%M} UTC" if last else "not in its last nights"
        typer.echo(f"The database that this is a copy of last sent a mail: {seen}.")
        if not is_sure:
            typer.confirm("Is it stopped, and is this one to send?", abort=True)
        done = await deployment.adopt(
            store, is_nothing_sent=is_nothing_sent, by=me(), now=SystemClock().now()
        )
        typer.echo(_told(done))
        typer.echo(SAYS[await deployment.standing(store)])


def _told(done: Adopted) -> str:
    return (
        f"Held back, as they may have been sent before: {done.messages} reminders"
        f" that waited, and {done.people} that were due."
    )
