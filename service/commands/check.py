"""`eventide check`: whether the service can do its work, and how tonight goes."""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum

import typer

from service import app as composition
from service.clock import SystemClock
from service.content.catalogue import load
from service.domain.errors import ServiceError
from service.flows.crew import tonight
from service.mail.relays import Relays
from service.settings import ContentSettings, SmtpSettings


class Verdict(StrEnum):
    """How a finding is; any fault makes the exit code 1."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


#: How it is, and what it says; the remedy where there is one.
Findings = AsyncIterator[tuple[Verdict, str]]


def check() -> None:
    """Look at settings, tips, relay, database and tonight; exit code 1 for a fault."""
    if Verdict.FAULT in asyncio.run(_told()):
        raise typer.Exit(1)


async def _told() -> set[Verdict]:
    """Every finding, printed as it is made."""
    met: set[Verdict] = set()
    settings = composition.settings()
    for what, findings in (
        ("tips", _tips(settings.content)),
        ("relay", _relay(settings.smtp)),
        ("tonight", _tonight()),
    ):
        try:
            async for verdict, says in findings:
                met.add(verdict)
                typer.echo(f"{verdict:<8} {what:<8} {says}")
        except ServiceError as error:
            met.add(Verdict.FAULT)
            typer.echo(f"{Verdict.FAULT:<8} {what:<8} {error}")
    return met


async def _tips(content: ContentSettings) -> Findings:
    library = load(content.config, content.templates, today=SystemClock().now().date())
    reviews = library.review_summary
    says = f"{reviews.reviewed} of {reviews.tips} tips are reviewed by a clinician"
    yield (Verdict.OK if reviews.reviewed == reviews.tips else Verdict.WARNING), says


async def _relay(smtp: SmtpSettings) -> Findings:
    async with Relays(smtp, clock=SystemClock()) as relays:
        await relays.probe()
    yield Verdict.OK, "it lets us in"


async def _tonight() -> Findings:
    async with composition.records() as store:
        evening = await tonight(store, now=SystemClock().now())
    yield Verdict.OK, "the database answers and has the schema of this release"
    crew, ahead = evening.crew, evening.forecast
    if crew.workers:
        yield Verdict.OK, f"workers alive: {crew.workers}"
    else:
        yield Verdict.WARNING, "no worker is alive: start one with `eventide worker`"
    yield (Verdict.WARNING if ahead.too_late else Verdict.OK), str(ahead)
    for one in evening.not_sent:
        yield (
            Verdict.WARNING,
            f"{one.messages:,} {one.state} since yesterday: {one.why}",
        )
