"""`eventide audit`: whether anybody altered the log of the operators' acts."""

import asyncio
from typing import Annotated

import typer

from service import app as composition
from service.commands.operator import me
from service.domain.audit import NoMark, Reading
from service.domain.errors import Misconfigured
from service.flows import audit

#: Why there is none, and what to do.
REMEDY = "set EVENTIDE_DATABASE__STATE_DIR (docs/console.md)"

app = typer.Typer(help="The log of the operators' acts.", no_args_is_help=True)


@app.command()
def verify(
    *,
    known: Annotated[
        str, typer.Option(help="NUMBER:DIGEST of an entry in the service's log.")
    ] = "",
) -> None:
    """Read the whole audit log and see that no entry was altered, removed or put in.

    That nothing was cut off or put back is seen by the marks in the database and in the
    state directory. --known looks for one more entry, that the service's own log speaks
    of (action=audit).
    """
    found, is_there = asyncio.run(_verified(*_anchor(known)))
    if found.problem:
        raise _broken(found.problem)
    if not is_there:
        raise _broken(f"it has no entry {known}")
    typer.echo(f"{found.entries} entries, none altered")
    typer.echo(f"head {found.entries}:{found.head.hex()}")
    if found.outside is NoMark.ABSENT:
        typer.echo(f"No mark outside the database: {REMEDY}", err=True)


@app.command()
def anchor(
    *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Take the log as it is for the right one from now on, where you know why it differs.

    After a failover that lost seconds, a copy of the disk that was put back, or a lost
    state directory. `eventide restore` does it by itself. It is an entry of the log.
    """
    found, _ = asyncio.run(_verified(0, b""))
    typer.echo(found.problem or "Nothing is wrong with it.")
    if not yes:
        typer.confirm("Take it as it is?", abort=True)
    asyncio.run(_anchored())
    typer.echo("It is anchored anew.")


async def _anchored() -> None:
    async with composition.records() as store:
        await audit.anchor(store, by=me(), now=await store.now())


async def _verified(number: int, digest: bytes) -> tuple[Reading, bool]:
    async with composition.records() as store:
        found = await audit.verify(store)
        return found, not number or await audit.has(store, number, digest)


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
