"""`eventide keys`: a fresh set of keys, and every sealed row under the newest of them."""

import asyncio
from collections.abc import Iterable

import typer
from rich.progress import Progress, TaskID

from service import app as composition
from service.clock import SystemClock
from service.commands.operator import me
from service.commands.people import progress
from service.domain.errors import Misconfigured
from service.flows import reseal as resealing
from service.flows.reseal import Outset
from service.keys import new_keys
from service.store.engine import Store
from service.store.resealing import Resealed, Sealed
from service.store.sealing import SETTING

#: Between two looks at what was in use, or seals with another key.
LOOK_SECONDS = 2.0

app = typer.Typer(invoke_without_command=True)


@app.callback()
def keys(context: typer.Context) -> None:
    """Print a fresh set of keys for EVENTIDE_SECRETS__KEYS. Keep them apart, backed up."""
    if context.invoked_subcommand is None:
        typer.echo(new_keys(name=SystemClock().now().strftime("%Y-%m")))


@app.command()
def reseal() -> None:
    """Seal every row anew that is under an older key, so that this key may go.

    The service may go on meanwhile. If it is interrupted, run it again: it goes on. It
    ends once no process seals with another key; restart those that it names.
    """
    asyncio.run(_reseal())


async def _reseal() -> None:
    async with composition.records() as store:
        with progress() as bar:
            rows, left = await _resealed(store, bar)
        current = await resealing.note(store, rows=rows, by=me())
    typer.echo(f"{rows:,} rows were sealed anew with seal.{current}.")
    if left:
        raise Misconfigured(
            what=f"rows do not open: {_told(left)}",
            where=SETTING,
            remedy="They stay as they are. Put their key back and run it again; if it "
            "is there they were altered, and only a backup has them",
        )
    typer.echo(
        "No row needs an older seal key: take those away, and keep them with the "
        "backups that were made before."
    )


async def _resealed(store: Store, bar: Progress) -> tuple[int, tuple[Sealed, ...]]:
    """How many rows were sealed anew, and which cannot be, once no other is left."""
    task = bar.add_task("Sealing")
    rows = 0
    while True:
        outset = await resealing.begin(store)
        walked = await _walked(store, outset, bar, task)
        rows += walked.rows
        if not outset.others:
            left = await resealing.left(store)
            if sum(each.rows for each in left) <= walked.unreadable:
                return rows, left
        await _alone(store, bar)


async def _walked(
    store: Store, outset: Outset, bar: Progress, task: TaskID
) -> Resealed:
    """What a walk through all tables did."""
    bar.reset(task, total=sum(each.pages for each in outset.stretches))
    rows = unreadable = 0
    for stretch in outset.stretches:
        done = await resealing.reseal(store, stretch)
        rows += done.rows
        unreadable += done.unreadable
        bar.advance(task, stretch.pages)
    return Resealed(rows=rows, unreadable=unreadable)


async def _alone(store: Store, bar: Progress) -> None:
    """Return when no process seals with another key; those that do are named once."""
    named: tuple[str, ...] = ()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        found = await resealing.others(store)
        if not found:
            return
        if found != named:
            bar.console.print(
                f"Waiting for processes that seal with another key: {', '.join(found)}. "
                "Restart them with the new keys.",
                highlight=False,
                soft_wrap=True,
            )
            named = found


def _told(rows: Iterable[Sealed]) -> str:
    return ", ".join(f"{one.rows:,} of {one.table} (seal.{one.key_id})" for one in rows)
