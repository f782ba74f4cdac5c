"""`/metrics` for Prometheus: how the evening goes. No address, no answer, no person."""

import asyncio
from datetime import datetime, timedelta

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.domain.errors import ServiceError
from service.flows.crew import Outlook, outlook
from service.web.site import Site

#: However often it is scraped, the database is asked only so often.
FRESH = timedelta(seconds=10)


def routes(site: Site) -> APIRouter:
    """The one page; 503 while the database is away."""
    router = APIRouter()
    board = _Board(site)

    async def metrics(_: Request) -> Response:
        try:
            return Response(await board.text(), media_type=CONTENT_TYPE_LATEST)
        except ServiceError:
            return PlainTextResponse("the database does not answer\n", 503)

    router.add_route("/metrics", metrics, methods=["GET"])
    return router


class _Board:
    """The newest figures, kept for a moment."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._turn = asyncio.Lock()
        self._read_at: datetime | None = None
        self._text = b""

    async def text(self) -> bytes:
        async with self._turn:
            now = self._site.clock.now()
            if self._read_at is None or now - self._read_at >= FRESH:
                evening = await outlook(self._site.store, now=now)
                self._text, self._read_at = _exposition(evening), now
            return self._text


def _exposition(evening: Outlook) -> bytes:
    registry = CollectorRegistry()
    ahead = evening.forecast

    def gauge(name: str, says: str, value: float) -> None:
        Gauge(f"eventide_{name}", says, registry=registry).set(value)

    gauge("workers", "Workers that are alive", evening.crew.workers)
    gauge("due_messages", "Reminders due now or in the next 12 hours", ahead.due)
    gauge("sending_rate", "Mails a second that can be sent", ahead.per_second)
    gauge(
        "too_late_messages", "Reminders that would miss their deadline", ahead.too_late
    )
    if ahead.done_at and ahead.deadline:
        gauge("done_timestamp_seconds", "When all is sent", ahead.done_at.timestamp())
        gauge(
            "deadline_timestamp_seconds",
            "The last deadline",
            ahead.deadline.timestamp(),
        )
    not_sent = Gauge(
        "eventide_not_sent_messages",
        "Messages since yesterday that were not sent, and why",
        ("state", "reason"),
        registry=registry,
    )
    for one in evening.not_sent:
        not_sent.labels(one.state.value, one.reason).set(one.messages)
    return generate_latest(registry)
