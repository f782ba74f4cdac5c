"""`eventide import` and `export`: many people at once, in and out."""

import asyncio
import codecs
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from service import app as composition
from service.app import Service
from service.commands.operator import me
from service.commands.people import progress, progress_of_bytes
from service.commands.roster import NeedsCare, Refused, Row, rows
from service.commands.tabular import new_table
from service.domain import pace
from service.domain.errors import Misconfigured, TryLater
from service.domain.records import KEYS, answers_to_json
from service.domain.requests import SignUp
from service.domain.subscriber import Person, Subscriber
from service.flows import enrol as enrolling
from service.flows import export as exporting
from service.flows.enrol import Outcome
from service.settings import SmtpSettings

#: Characters; a slip of the keyboard is shorter.
LEAST_EVIDENCE = 12
#: A database that starts again is back within these.
WAITS = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=20))
REPORT = ("row", "outcome", "why")
KNOWN = (
    "id", "address", "status", "started_on", "zone", "zone_confirmed", "time",
    "frequency", "language",
)  # fmt: skip
COLUMNS = (*KNOWN, *KEYS)
FORMATS = (".csv", ".jsonl")
UTF_8 = codecs.getwriter("utf-8")
REFUSED, NEEDS_CARE = "refused", "needs care"
MEANS = {
    Outcome.INVITED: "get a mail to confirm by",
    Outcome.ACTIVE: "are subscribers now",
    Outcome.KNOWN: "are subscribers already, untouched",
    Outcome.WAITING: "were asked to confirm before, untouched",
    Outcome.SUPPRESSED: "asked for no mail, or cannot get any, untouched",
    REFUSED: "cannot be taken as they are: see the report",
    NEEDS_CARE: "should see somebody first: see the report",
}
PLAIN = (
    "{file} holds addresses and health answers in plain words. It is for your eyes"
    " only: keep it so, and delete it when you are done."
)


def import_(
    file: Annotated[Path, typer.Argument(help="CSV: see docs/enrolment.md.")],
    *,
    consented_elsewhere: Annotated[
        str | None,
        typer.Option(
            metavar="EVIDENCE",
            help="They agreed to it elsewhere: where, when and in which words. They"
            " are subscribers at once.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Row by row [default: FILE.report.csv].")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
) -> None:
    """Enrol the people on a list; each one confirms by mail before anything is sent.

    A row that cannot be taken stops no other, and a list can be imported twice. The
    exit code is 1 where a row was refused.
    """
    told = report or file.with_name(f"{file.name}.report.csv")
    if told.resolve() == file.resolve():
        raise Misconfigured(
            what="is the list itself", where=str(told), remedy="Choose another --report"
        )
    evidence = "" if consented_elsewhere is None else _evidence(consented_elsewhere)
    counted = asyncio.run(_import(file, told, evidence, is_drill=dry_run))
    for outcome, means in MEANS.items():
        if counted[outcome]:
            typer.echo(f"{counted[outcome]:>9,} {means}")
    typer.echo(f"Row by row in {told}." + (" Nothing was written." if dry_run else ""))
    if counted[REFUSED]:
        raise typer.Exit(1)


def export(
    file: Annotated[Path, typer.Argument(help="Ends in .csv or .jsonl.")],
) -> None:
    """Write every subscriber with their answers into a file, in plain words."""
    if file.suffix not in FORMATS:
        raise Misconfigured(
            what="is neither .csv nor .jsonl",
            where=str(file),
            remedy="Choose the format by the end of the name",
        )
    asyncio.run(_export(file))


def _evidence(text: str) -> str:
    """What was said of where they agreed. An option that was taken for it is refused."""
    evidence = text.strip()
    if evidence.startswith("-") or len(evidence) < LEAST_EVIDENCE:
        raise Misconfigured(
            what=f"'{evidence}' is no evidence",
            where="--consented-elsewhere",
            remedy="Say where, when and in which words they agreed, and where the proof is",
        )
    return evidence


async def _import(
    file: Path, report: Path, evidence: str, *, is_drill: bool
) -> Counter[str]:
    counted: Counter[str] = Counter()
    async with (
        composition.service(composition.settings()) as parts,
        AsyncExitStack() as stack,
    ):
        now = parts.clock.now()
        every = _invite_every(parts.settings.smtp, now=now)
        countries = parts.library.countries_by_code
        with (
            rows(file, countries, now=now) as roster,
            new_table(report, REPORT, is_again=True) as tell,
            progress_of_bytes() as bar,
        ):
            noted = nullcontext() if is_drill else _noted(parts, counted, evidence)
            await stack.enter_async_context(noted)
            task = bar.add_task("Importing", total=roster.bytes)
            for line, row in roster.rows:
                mail_at = now + every * counted[Outcome.INVITED]
                act = partial(
                    _outcome, parts, row, evidence, mail_at=mail_at, is_drill=is_drill
                )
                outcome, why = await patiently(act, waits=WAITS)
                counted[outcome] += 1
                tell({"row": line, "outcome": outcome, "why": why})
                bar.update(task, completed=roster.read())
        if invited := counted[Outcome.INVITED]:
            last_at = now + every * (invited - 1)
            typer.echo(
                f"The last of these mails goes out {last_at:%Y-%m-%d %H:%M} UTC."
            )
    return counted


@asynccontextmanager
async def _noted(
    parts: Service, counted: Counter[str], evidence: str
) -> AsyncIterator[None]:
    """Say in the audit log that it begins, and in any case what was done."""
    consent = f"Consent: {evidence or 'asked for by mail'}"
    now, by = parts.clock.now(), me()
    await enrolling.note(parts.store, f"begun. {consent}", by=by, now=now)
    try:
        yield
    finally:
        told = ", ".join(f"{name}: {n}" for name, n in sorted(counted.items()))
        await enrolling.note(
            parts.store, f"{told or 'nobody'}. {consent}", by=by, now=now
        )


def _invite_every(smtp: SmtpSettings, *, now: datetime) -> timedelta:
    """As fast as the relays take them today, so that none waits until it is too old."""
    relays = (smtp, *smtp.others)
    today = now.date()
    return pace.invite_every(
        sum(pace.allowed(one.rate, one.warm_up, today=today) for one in relays)
    )


async def patiently(
    act: Callable[[], Awaitable[tuple[str, str]]], *, waits: Sequence[timedelta]
) -> tuple[str, str]:
    """What it returns, tried again after each of `waits`. Raises TryLater in the end.

    Only for what is safe to do twice: whether it was done is not known.
    """
    for wait in waits:
        try:
            return await act()
        except TryLater:
            await asyncio.sleep(wait.total_seconds())
    return await act()


async def _outcome(
    parts: Service, row: Row, evidence: str, *, mail_at: datetime, is_drill: bool
) -> tuple[str, str]:
    match row:
        case Refused(why=why):
            return REFUSED, why
        case NeedsCare(why=why):
            return NEEDS_CARE, why
        case SignUp():
            outcome = await (
                _foreseen(parts, row, evidence)
                if is_drill
                else _taken(parts, row, evidence, mail_at=mail_at)
            )
            return outcome, MEANS[outcome]


async def _foreseen(parts: Service, row: SignUp, evidence: str) -> Outcome:
    now = parts.clock.now()
    before = await enrolling.met_before(parts.store, row.address, now=now)
    return before or (Outcome.ACTIVE if evidence else Outcome.INVITED)


async def _taken(
    parts: Service, row: SignUp, evidence: str, *, mail_at: datetime
) -> Outcome:
    person = Person(address=row.address, answers=row.answers)
    now, language = parts.clock.now(), row.language
    if evidence:
        return await enrolling.enrol(
            parts.store,
            person,
            row.evening,
            language=language,
            evidence=evidence,
            now=now,
        )
    return await enrolling.invite(
        parts.store, person, row.evening, language=language, mail_at=mail_at, now=now
    )


async def _export(file: Path) -> None:
    async with composition.records() as store:
        total = await exporting.count(store)
        with progress() as bar, new_table(file, COLUMNS) as write:
            task = bar.add_task("Exporting", total=total)

            def written(subscriber: Subscriber) -> None:
                write(_record(subscriber))
                bar.advance(task)

            exported = await exporting.export(
                store, written, by=me(), now=await store.now()
            )
    typer.echo(f"Exported subscribers: {exported:,}")
    typer.echo(PLAIN.format(file=file), err=True)


def _record(subscriber: Subscriber) -> dict[str, object]:
    evening = subscriber.evening
    known = (
        subscriber.id,
        subscriber.person.address,
        subscriber.status,
        subscriber.started_on.isoformat(),
        evening.zone,
        evening.is_zone_confirmed,
        f"{evening.minute // 60:02}:{evening.minute % 60:02}",
        evening.frequency,
        subscriber.language,
    )
    answers = answers_to_json(subscriber.person.answers)
    return {**dict(zip(KNOWN, known, strict=True)), **answers}
