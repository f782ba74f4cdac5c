"""`eventide bounces`: what came back and could not be used, for the operator to read."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from service import app as composition
from service.flows.bounces import kept
from service.store.feedback import Kept


def bounces(
    out: Annotated[
        Path | None, typer.Option(help="Folder to write the messages to.")
    ] = None,
) -> None:
    """List the mails that came back and changed nothing, and say why not."""
    found = asyncio.run(_kept())
    if not found:
        typer.echo("Nothing is kept")
    for mail in found:
        name = f"{mail.digest.hex()[:12]}.eml"
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(mail.raw)
        typer.echo(f"{mail.received_at:%Y-%m-%d %H:%M}  {name}  {mail.why}")


async def _kept() -> tuple[Kept, ...]:
    async with composition.records() as store:
        return await kept(store)
