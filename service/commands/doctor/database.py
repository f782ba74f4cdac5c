"""The database and its schema, the keys against what they sealed, and tonight."""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from service import app as composition
from service.commands.doctor import rows, strangers, tonight
from service.commands.doctor.patient import Patient, failed, skew
from service.domain.audit import NoMark
from service.domain.clock import ahead
from service.domain.errors import Misconfigured, ServiceError
from service.domain.finding import Sheet
from service.embedded import postgres
from service.flows import audit
from service.store import engine
from service.store.engine import Store
from service.store.figures import Suppressed
from service.store.trouble import OLDEST_SERVER
from service.store.vitals import Replication, Vitals, vitals

#: The part of a disk that is left; a database without room stops.
FEW, TOO_FEW = 0.10, 0.02
GIGABYTE = 1e9
PROMISE = "EVENTIDE_DATABASE__REPLICATION=synchronous"
ATTACH = (
    "Attach the standby that synchronous_standby_names names (docs/availability.md)"
)
TONIGHT = "tonight"
DETECTED = "detected, not prevented: our own role owns it"


async def look(sheet: Sheet, patient: Patient) -> None:
    """All that can be asked of the database; the rest is not known without it."""
    settings = patient.settings
    if not settings.database.url:
        home = postgres.data_directory(settings.database.dir)
        disk(sheet, home, _free(home))
    try:
        async with composition.database(settings) as url:
            await _asked(sheet, patient, url)
    except ServiceError as error:
        failed(sheet, "reachable", error, remedy="Look at its log, and try again")
        _unknown(sheet, "the database could not be asked", "Mend the database first")


def _free(folder: Path) -> float:
    """The part of the disk below the folder, or where it would be, that is free."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    usage = shutil.disk_usage(there)
    return usage.free / usage.total


def disk(sheet: Sheet, folder: Path, free: float) -> None:
    """How much of the disk below the embedded database is `free`, from 0 to 1."""
    says = f"{free:.0%} of the disk with {folder} is free"
    remedy = "Make room there, or move EVENTIDE_DATABASE__DIR to a larger disk"
    if free < TOO_FEW:
        sheet.fault("disk", says, remedy)
    elif free < FEW:
        sheet.warning("disk", says, remedy)
    else:
        sheet.ok("disk", says)


async def _asked(sheet: Sheet, patient: Patient, url: str) -> None:
    before = patient.clock.now()
    found = await vitals(url)
    after = patient.clock.now()
    sheet.ok("reachable", f"{found.place} lets us in")
    release(sheet, found.version)
    skew(sheet, "clock", ahead(found.now, before=before, after=after), "the database")
    size = f"{found.size / GIGABYTE:,.2f} GB"
    is_own = not patient.settings.database.url
    sheet.ok("size", size if is_own else f"{size}; its disk cannot be seen from here")
    replication(
        sheet,
        found.replication,
        is_promised=patient.settings.database.is_promised,
    )
    if _schema(sheet, found):
        await _records(sheet, patient, url)
    else:
        why = "the tables are not those of this release"
        _unknown(sheet, why, "Mend the schema first")


def release(sheet: Sheet, version: int) -> None:
    """Whether a server with this `server_version_num` has what we use."""
    says = f"PostgreSQL {version // 10000}.{version % 10000}"
    if version < OLDEST_SERVER:
        oldest = f"Use PostgreSQL {OLDEST_SERVER // 10000} or newer"
        sheet.fault("release", says, oldest)
    else:
        sheet.ok("release", says)


def replication(sheet: Sheet, found: Replication, *, is_promised: bool) -> None:
    """Whether commits wait for a standby, and whether they do where it `is_promised`."""
    many = f"{found.standbys} standby{'s' * (found.standbys != 1)}"
    if found.is_standby:
        says = "this is a standby: nothing can be written to it"
        sheet.fault("replication", says, "Name the primary, or the address of both")
    elif found.is_synchronous and found.waited_for:
        says = f"synchronous: every commit waits for {found.waited_for} of {many}"
        unsaid = "" if is_promised else f", though {PROMISE} does not say so"
        sheet.ok("replication", says + unsaid)
    elif found.is_synchronous and found.unseen:
        says = f"synchronous, with {many}; which are waited for cannot be seen"
        sheet.warning("replication", says, "GRANT pg_monitor TO our user")
    elif found.is_synchronous:
        says = f"synchronous, and of {many} none is waited for: every commit hangs"
        sheet.fault("replication", says, ATTACH)
    elif is_promised:
        says = f"no commit waits for a standby, though {PROMISE}: reminders wait"
        sheet.fault("replication", says, ATTACH)
    elif found.standbys:
        sheet.ok("replication", f"asynchronous: {many}, which may lag")
    else:
        sheet.ok("replication", "alone: no standby is connected")


def _schema(sheet: Sheet, found: Vitals) -> bool:
    """Whether the tables are those of this release."""
    if found.pending is None:
        says = f"at {found.revision}, made by a newer release"
        sheet.fault("schema", says, "Install that release: this one is older")
    elif found.pending:
        says = f"at {found.revision or 'nothing'}, still to come: "
        says += ", ".join(found.pending)
        sheet.fault("schema", says, "Run `eventide migrate`")
    else:
        sheet.ok("schema", f"at {found.revision}, that of this release")
    return found.pending == ()


async def _records(sheet: Sheet, patient: Patient, url: str) -> None:
    try:
        keys = composition.keys(patient.settings)
    except Misconfigured as error:
        _unknown(sheet, "the records cannot be read without keys", error.remedy)
        return
    promised = patient.settings.database.is_promised
    state = composition.state(patient.settings)
    sealer = composition.sealer(keys)
    async with engine.opened(url, sealer, is_promised=promised, state=state) as store:
        now = patient.clock.now()
        await _clock(sheet, store)
        await _audit(sheet, store)
        await _keys_fit(sheet, store, now=now)
        await rows.look(sheet, store, keys)
        await tonight.look(sheet.beside(TONIGHT), store, now=now)
        is_public = patient.is_public
        await strangers.look(sheet.beside(TONIGHT), store, is_public=is_public, now=now)


async def _clock(sheet: Sheet, store: Store) -> None:
    """Whether what this database says of the time is believed, and is the true one."""
    async with store.transaction() as tx:
        told = await tx.timekeeping.read()
    if told.is_held:
        says = "it stepped: nothing is planned, sent or given up until it is believed"
        sheet.fault("clock steps", says, "See docs/runbook/clock-stepped.md")
    elif told.is_shifted:
        says = "it is a demo's, which can be moved"
        sheet.fault("clock steps", says, "Use a database in which no demo was run")
    else:
        sheet.ok("clock steps", "it is believed")


async def _audit(sheet: Sheet, store: Store) -> None:
    """Whether the log of the operators' acts is whole, and who could change it."""
    found = await audit.verify(store)
    if found.problem:
        remedy = "Compare it with a backup and the service's log (docs/console.md)"
        sheet.fault("audit log", found.problem, remedy)
        return
    is_guarded = await audit.is_guarded(store)
    says = f"{found.entries:,} entries, none altered; a change would be "
    says += "prevented: another role owns it" if is_guarded else DETECTED
    if found.entries and found.outside is NoMark.ABSENT:
        says += ". No mark is kept outside the database, so one put back is not seen"
        remedy = "Set EVENTIDE_DATABASE__STATE_DIR; the next entry writes the mark"
        sheet.warning("audit log", says, remedy)
    else:
        sheet.ok("audit log", says)


async def _keys_fit(sheet: Sheet, store: Store, *, now: datetime) -> None:
    try:
        async with store.transaction() as tx:
            opened = await tx.checkup.try_keys()
            suppressed = await tx.figures.suppressed(now=now)
    except Misconfigured as error:
        sheet.fault("keys fit", error.what, error.remedy)
        return
    if opened:
        sheet.ok("keys fit", f"they open what was sealed ({opened} people tried)")
    else:
        sheet.ok("keys fit", "nobody has joined, so there is nothing to open")
    sheet.ok("suppression", _counted(suppressed))


def _counted(suppressed: Sequence[Suppressed]) -> str:
    says = f"{sum(one.addresses for one in suppressed):,} addresses get no mail"
    reasons = (f"{one.addresses:,} {one.reason}" for one in suppressed)
    return f"{says}: {', '.join(reasons)}" if suppressed else says


def _unknown(sheet: Sheet, why: str, remedy: str) -> None:
    """What cannot be looked at is said to be unknown, never ok."""
    sheet.warning("keys fit", f"not known: {why}", remedy)
    sheet.beside(TONIGHT).warning("workers, backlog", f"not known: {why}", remedy)
