"""`eventide check`: whether the service can do its work, and how tonight goes."""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum

import typer

from service import app as composition
from service.clock import SystemClock
from service.content.catalogue import load
from service.domain.breaker import AWAY
from service.domain.errors import ServiceError, TryLater
from service.domain.outbox import State
from service.flows.crew import outlook
from service.mail.smtp import Mailer
from service.settings import ContentSettings, RelaySettings


class Grade(StrEnum):
    """How good a finding is; any fault makes the exit code 1."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


#: What was looked at, how it is, and what to say; the remedy where there is one.
Findings = AsyncIterator[tuple[str, Grade, str]]


def check() -> None:
    """Look at settings, tips, relays, database and tonight; exit code 1 for a fault."""
    if Grade.FAULT in asyncio.run(_told()):
        raise typer.Exit(1)


async def _told() -> set[Grade]:
    """Every finding, printed as it is made."""
    met: set[Grade] = set()
    settings = composition.settings()
    smtp = settings.smtp
    for what, findings in (
        ("tips", _tips(settings.content)),
        *(("relay", _relay(each)) for each in (smtp, *smtp.others)),
        ("database", _database()),
    ):
        try:
            async for finding in findings:
                met.add(_printed(*finding))
        except ServiceError as error:
            met.add(_printed(what, Grade.FAULT, str(error)))
    return met


def _printed(what: str, grade: Grade, says: str) -> Grade:
    typer.echo(f"{grade:<8} {what:<9} {says}")
    return grade


async def _tips(content: ContentSettings) -> Findings:
    library = load(content.config, content.templates, today=SystemClock().now().date())
    reviews = library.review_summary
    says = f"{reviews.reviewed} of {reviews.tips} tips are reviewed by a clinician"
    is_done = reviews.reviewed == reviews.tips
    yield "tips", (Grade.OK if is_done else Grade.WARNING), says


async def _relay(settings: RelaySettings) -> Findings:
    async with Mailer(settings, clock=SystemClock()) as mailer:
        try:
            await mailer.probe()
        except TryLater as error:
            yield "relay", Grade.FAULT, f"{error}. {AWAY.remedy}"
        else:
            yield "relay", Grade.OK, f"{settings.host}:{settings.port} lets us in"


async def _database() -> Findings:
    async with composition.records() as store:
        evening = await outlook(store, now=SystemClock().now())
    says = "the database answers and has the schema of this release"
    yield "database", Grade.OK, says
    workers, ahead = evening.crew.workers, evening.forecast
    if workers:
        yield "tonight", Grade.OK, f"workers alive: {workers}"
    else:
        says = "no worker is alive: start one with `eventide worker`"
        yield "tonight", Grade.WARNING, says
    yield "tonight", (Grade.WARNING if ahead.too_late else Grade.OK), str(ahead)
    for one in evening.not_sent:
        is_wish = one.state is State.SUPPRESSED
        says = f"{one.messages:,} {one.state} since yesterday: {one.reason}"
        yield "tonight", (Grade.OK if is_wish else Grade.WARNING), says
