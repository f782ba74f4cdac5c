"""`eventide backup` and `restore`: everything in one file, and the keys apart from it."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from service import app as composition
from service import keys as key_ring
from service.clock import SystemClock
from service.commands.deployment import SAYS
from service.commands.keyfile import default_keys, keep_keys, keys_in, put_into_place
from service.commands.operator import me
from service.commands.people import progress_of_bytes
from service.domain.audit import Act
from service.domain.errors import Misconfigured
from service.embedded import archive, tools
from service.embedded.archive import Archive, Manifest, Written
from service.embedded.copied import Contents, contents
from service.keys import Keys
from service.store import engine, migrate, proof
from service.store.deployment import MARK_AS_COPY, Standing
from service.store.engine import Store
from service.store.inventory import LEFT_OUT, Snapshot
from service.store.trouble import environment_of, place

HERE = "this database"
EMPTY_ONE = "Restore into an empty database: make a new one, or drop this one first"


def backup(
    file: Annotated[Path, typer.Argument(help="The backup to make.")],
    *,
    keys: Annotated[
        Path | None, typer.Option(help="Where the keys go [default: FILE.keys].")
    ] = None,
) -> None:
    """Write the whole database into one file, and the keys that open it into another.

    The service may go on meanwhile. Without the keys the backup tells nobody anything:
    keep the two apart.
    """
    asyncio.run(_backup(file, keys or default_keys(file)))


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    *,
    keys: Annotated[
        Path | None,
        typer.Option(help="Its keys [default: FILE.keys, else those configured]."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check all of it, write nothing.")
    ] = False,
) -> None:
    """Bring a backup back into an empty database, all of it or nothing.

    The copy sends nothing before `eventide adopt`.
    """
    asyncio.run(_restore(file, keys or default_keys(file), is_drill=dry_run))


async def _backup(file: Path, keys_file: Path) -> None:
    settings = composition.settings()
    secrets = composition.secrets(settings)
    sealer = composition.sealer(key_ring.keys(secrets))
    async with (
        composition.database(settings) as url,
        engine.opened(url, sealer, state=composition.state(settings)) as store,
        store.transaction() as tx,
    ):
        snapshot = await tx.inventory.snapshot()
        if snapshot.schema is None:
            raise migrate.wrong_schema(None, where=place(url))
        keep_keys(keys_file, secrets)
        now = SystemClock().now()
        made = _written(file, url, snapshot, created_at=now)
        if snapshot.schema == migrate.head():
            async with store.transaction() as after:
                await after.audit.add(me(), Act.BACKED_UP, now=await store.now())
    _show(made)
    typer.echo(f"Kept in {file}; its keys are in {keys_file}. Keep the two apart.")


def _written(
    file: Path, url: str, snapshot: Snapshot, *, created_at: datetime
) -> Manifest:
    programs = tools.found(snapshot.release, job=f"PostgreSQL {snapshot.release}")

    def manifest(written: Written) -> Manifest:
        return Manifest(
            created_at=created_at.isoformat(timespec="seconds"),
            eventide=version("eventide"),
            schema=str(snapshot.schema),
            postgresql=snapshot.release,
            programs=programs.release,
            is_paused=snapshot.is_paused,
            rows=snapshot.rows,
            bytes=written.bytes,
            sha256=written.sha256,
        )

    with progress_of_bytes() as bar:
        task = bar.add_task("Writing", total=None)
        dump = partial(
            programs.dump,
            environment_of(url),
            snapshot=snapshot.id,
            without=LEFT_OUT,
            tell=partial(bar.advance, task),
        )
        return archive.write(file, dump, manifest)


async def _restore(file: Path, keys_file: Path, *, is_drill: bool) -> None:
    settings = composition.settings()
    with archive.opened(file) as found:
        manifest = found.manifest
        migrate.insist_on_known(manifest.schema, where=f"the backup {file}")
        programs = tools.found(manifest.programs, job="this backup")
        theirs = keys_in(keys_file, otherwise=partial(composition.secrets, settings))
        keys = key_ring.keys(theirs)
        _check(found, programs, keys, where=str(file))
        _show(manifest)
        if is_drill:
            typer.echo("All of it can be read. Nothing was written.")
            return
        async with (
            composition.database(settings) as url,
            engine.opened(
                url, composition.sealer(keys), state=composition.state(settings)
            ) as store,
        ):
            await _insist_on_room(store, where=place(url))
            await migrate.clear(url)
            await _loaded(found, programs, store, url)
    own_file = composition.own_key_file(settings)
    if own_file:
        put_into_place(own_file, theirs)
    elif not key_ring.keys(settings.secrets).do_for(keys):
        typer.echo(
            f"Other keys are configured here: put those of {keys_file} in place."
        )
    typer.echo(f"Restored. {SAYS[Standing.FENCED]}")


def _check(found: Archive, programs: tools.Tools, keys: Keys, *, where: str) -> None:
    """Return if nothing is missing and the keys open it. Raises Misconfigured."""
    size = found.manifest.bytes
    with progress_of_bytes() as bar:
        found.check(tell=partial(bar.advance, bar.add_task("Checking", total=size)))
        tell = partial(bar.advance, bar.add_task("Reading", total=size))
        with found.dump() as dump, programs.statements(dump, tell=tell) as lines:
            inside = contents(lines, sampled=proof.TABLE, by="key_id")
    _insist_on_rows(inside, found.manifest.rows, where=where)
    sealer = composition.sealer(keys)
    for row in inside.samples:
        proof.insist_on_keys(sealer, row, where=where)
    if not inside.samples:
        typer.echo("Nobody is in it, so the keys could not be tried.")


def _insist_on_rows(
    inside: Contents, expected: Mapping[str, int], *, where: str
) -> None:
    missing = [name for name, rows in expected.items() if inside.rows.get(name) != rows]
    if missing:
        raise Misconfigured(
            what=f"rows are missing in {', '.join(missing)}",
            where=where,
            remedy="Use another backup",
        )


async def _insist_on_room(store: Store, *, where: str) -> None:
    """Return if nothing is lost by a restore into it. Raises Misconfigured."""
    async with store.transaction() as tx:
        has_somebody = await tx.inventory.has_somebody()
        others = await tx.inventory.others()
    if has_somebody:
        raise Misconfigured(what="it is not empty", where=where, remedy=EMPTY_ONE)
    if others:
        raise Misconfigured(
            what=f"{others} connections of web or workers are open",
            where=where,
            remedy="Stop them, and restore again",
        )


async def _loaded(
    found: Archive, programs: tools.Tools, store: Store, url: str
) -> None:
    """The database made again, on this release's schema, and fenced."""
    async with store.transaction() as tx:
        release = await tx.inventory.release()
    with progress_of_bytes() as bar, found.dump() as dump:
        task = bar.add_task("Restoring", total=found.manifest.bytes)
        programs.load(
            dump,
            environment_of(url),
            release=release,
            last=MARK_AS_COPY,
            tell=partial(bar.advance, task),
        )
    await migrate.upgrade(url)
    await migrate.hand_over(url)
    async with store.transaction() as tx:
        await tx.deployment.fence(is_paused=found.manifest.is_paused)
        # The backup knows neither which links were ended since nor which were pressed.
        await tx.subscribers.end_everybodys_links()
        made, now = f"as of {found.manifest.created_at}", await store.now()
        # The marks of the database before it are ahead of this one.
        await tx.audit.anchor(now=now)
        await tx.audit.add(me(), Act.RESTORED, details=made, now=now)


def _show(manifest: Manifest) -> None:
    typer.echo(
        f"Made {manifest.created_at} by Eventide {manifest.eventide},"
        f" schema {manifest.schema}, PostgreSQL {manifest.postgresql}"
    )
    total: Counter[str] = Counter()
    for name, rows in manifest.rows.items():
        partition = migrate.PARTITION.fullmatch(name)
        total[partition[1] if partition else name] += rows
    for name, rows in sorted(total.items()):
        if name != "alembic_version":
            typer.echo(f"  {name:<12} {rows:>12,}")
