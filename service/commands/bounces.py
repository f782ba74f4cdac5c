"""`eventide bounces`: what came back and could not be used, and ends that are undone."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from service import app as composition
from service.commands.operator import me
from service.domain.errors import Misconfigured
from service.embedded.archive import own_file
from service.flows import refusals
from service.flows.bounces import kept, taken_out
from service.flows.refusals import Undo
from service.store.feedback import Kept

app = typer.Typer(invoke_without_command=True)
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d %H:%MZ"]


@app.callback()
def bounces(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write the messages to.")
    ] = None,
) -> None:
    """List the mails that came back and changed nothing, and say why not."""
    if context.invoked_subcommand:
        return
    found = asyncio.run(_kept(is_read=out is not None))
    if not found:
        typer.echo("Nothing is kept")
    for mail in found:
        name = f"{mail.digest.hex()[:12]}.eml"
        if out is not None:
            _write(out / name, mail.raw)
        typer.echo(f"{mail.received_at:%Y-%m-%d %H:%M}  {name}  {mail.why}")


@app.command()
def undo(
    since: Annotated[
        datetime, typer.Option(formats=FORMATS, help="From when on, UTC.")
    ],
    until: Annotated[datetime, typer.Option(formats=FORMATS, help="Before when, UTC.")],
    *,
    provider: Annotated[
        str, typer.Option(help="Only of this one: `gmail`, or a domain.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
) -> None:
    """Bring back those whose reminders ended because their mailbox refused them.

    Up to 14 days back. Who complained, stopped or was erased since is left out. Without
    --yes it only says who it would be.
    """
    span = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    found = asyncio.run(_undo(*span, at=provider.lower(), is_sure=yes))
    for one in found.ends:
        typer.echo(f"{one.people:>7,}  {one.verdict}  {one.provider}")
    typer.echo(f"People brought back: {found.people:,}" if yes else _ahead(found))


def _ahead(found: Undo) -> str:
    return (
        f"People to bring back: {found.people:,}. Nothing was changed: --yes does it."
    )


async def _undo(since: datetime, until: datetime, *, at: str, is_sure: bool) -> Undo:
    async with composition.records() as store:
        now = await store.now()
        if not is_sure:
            return await refusals.undoable(
                store, since=since, until=until, at=at, now=now
            )
        return await refusals.undo(
            store, since=since, until=until, at=at, by=me(), now=now
        )


def _write(path: Path, raw: bytes) -> None:
    """The message for its owner alone; one that was written before is the same."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            with own_file(path) as file:
                file.write(raw)
    except OSError as error:
        raise Misconfigured(
            what=f"cannot be written ({error.strerror})",
            where=str(path),
            remedy="Choose a folder that this user may write to",
        ) from error


async def _kept(*, is_read: bool) -> tuple[Kept, ...]:
    async with composition.records() as store:
        if not is_read:
            return await kept(store)
        return await taken_out(store, by=me(), now=await store.now())
