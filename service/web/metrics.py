"""`/metrics` for Prometheus: how the evening goes. No address, no answer, no person."""

import asyncio
from datetime import datetime, timedelta

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from service.domain.errors import ServiceError
from service.flows import census
from service.flows.crew import outlook
from service.store import migrate
from service.store.census import Count
from service.store.engine import ANSWER_SECONDS
from service.web.gauges import Gauges
from service.web.site import Site

#: However often it is scraped, the database is asked only so often, and everybody is
#: counted only so often.
FRESH = timedelta(seconds=10)
COUNTED_FRESH = timedelta(minutes=5)


def routes(site: Site) -> APIRouter:
    """The one page. It answers while the database is away, and says that it is."""
    router = APIRouter()
    board = _Board(site)

    async def metrics(_: Request) -> Response:
        text = await board.text() + site.figures.exposition()
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    router.add_route("/metrics", metrics, methods=["GET"])
    return router


class _Board:
    """The newest figures of the database, kept for a moment."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._turn = asyncio.Lock()
        self._read_at: datetime | None = None
        self._text = b""
        self._counted: tuple[datetime, Count] | None = None

    async def text(self) -> bytes:
        async with self._turn:
            now = self._site.clock.now()
            if self._read_at is None or now - self._read_at >= FRESH:
                self._text, self._read_at = await self._read(now), now
            return self._text

    async def _read(self, now: datetime) -> bytes:
        gauges = Gauges()
        gauges.catalogue(self._site.library, now=now)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._ask(gauges, now)
        except (ServiceError, TimeoutError):
            is_up = False
        else:
            is_up = True
        gauges.database(is_up=is_up, schema=migrate.head())
        return gauges.exposition()

    async def _ask(self, gauges: Gauges, now: datetime) -> None:
        store = self._site.store
        evening = await outlook(store, now=now)
        standing, waits = await census.waits(store, now=now)
        gauges.evening(evening)
        gauges.waits(standing, waits, queued=evening.waiting)
        if self._counted is None or now - self._counted[0] >= COUNTED_FRESH:
            self._counted = now, await census.count(store, now=now)
        gauges.everybody(self._counted[1])
