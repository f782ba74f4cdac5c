"""`eventide audit`: whether anybody altered the log of the operators' acts."""

import asyncio
from typing import Annotated

import typer

from service import app as composition
from service.domain.audit import Verification
from service.domain.errors import Misconfigured
from service.flows import audit

app = typer.Typer(help="The log of the operators' acts.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `audit` a group, however many commands it has."""


@app.command()
def verify(
    *,
    known: Annotated[
        str, typer.Option(help="NUMBER:DIGEST of an entry in the service's log.")
    ] = "",
) -> None:
    """Read the whole audit log and see that no entry was altered, removed or put in.

    Entries removed at the end leave the rest whole: name the newest one that the
    service's own log speaks of (action=audit) with --known.
    """
    verdict, is_there = asyncio.run(_verified(*_anchor(known)))
    if verdict.broken_at is not None:
        raise _broken(
            f"entry {verdict.broken_at} was altered, is missing or was put in"
        )
    if not is_there:
        raise _broken(f"it has no entry {known}")
    typer.echo(f"{verdict.entries} entries, none altered")
    typer.echo(f"head {verdict.entries}:{verdict.head.hex()}")


async def _verified(number: int, digest: bytes) -> tuple[Verification, bool]:
    async with composition.records() as store:
        verdict = await audit.verify(store)
        return verdict, not number or await audit.has(store, number, digest)


def _anchor(known: str) -> tuple[int, bytes]:
    """The number and digest to look for; 0 for none."""
    number, _, digest = known.partition(":")
    try:
        return int(number or 0), bytes.fromhex(digest)
    except ValueError:
        raise typer.BadParameter("is not NUMBER:DIGEST") from None


def _broken(what: str) -> Misconfigured:
    return Misconfigured(
        what=what,
        where="the audit log",
        remedy="Compare it with a backup and with the digests in the service's log "
        "(docs/console.md)",
    )
