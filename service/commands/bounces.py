"""`eventide bounces`: what came back and could not be used, for the operator to read."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from service import app as composition
from service.clock import SystemClock
from service.commands.operator import me
from service.domain.errors import Misconfigured
from service.embedded.archive import own_file
from service.flows.bounces import kept, taken_out
from service.store.feedback import Kept


def bounces(
    out: Annotated[
        Path | None, typer.Option(help="Folder to write the messages to.")
    ] = None,
) -> None:
    """List the mails that came back and changed nothing, and say why not."""
    found = asyncio.run(_kept(is_read=out is not None))
    if not found:
        typer.echo("Nothing is kept")
    for mail in found:
        name = f"{mail.digest.hex()[:12]}.eml"
        if out is not None:
            _write(out / name, mail.raw)
        typer.echo(f"{mail.received_at:%Y-%m-%d %H:%M}  {name}  {mail.why}")


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
        return await taken_out(store, by=me(), now=SystemClock().now())
