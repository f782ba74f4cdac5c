"""`/metrics` for Prometheus: how the evening goes. No address, no answer, no person."""

import asyncio
from datetime import datetime, timedelta

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from service.domain.errors import ServiceError
from service.flows import census, limits, refusals
from service.flows.crew import outlook
from service.store import migrate
from service.store.census import Count
from service.store.engine import ANSWER_SECONDS, Store
from service.web.gauges import Gauges
from service.web.site import Site

#: However often it is scraped, the database is asked only so often, and everybody is
#: counted only so often.
FRESH = timedelta(seconds=10)
COUNTED_FRESH = timedelta(minutes=5)
#: Where counting everybody takes longer, an answer does without, or with what was kept.
COUNT_SECONDS = 1


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
        self._headcount = _Headcount(site.store)

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
            count = await self._headcount.get(now=now)
            if count:
                gauges.everybody(count)
        gauges.database(is_up=is_up, schema=migrate.head())
        return gauges.exposition()

    async def _ask(self, gauges: Gauges, now: datetime) -> None:
        """What is quickly answered, whatever there is."""
        store = self._site.store
        evening = await outlook(store, now=now)
        standing, waits = await census.waits(store, now=now)
        gauges.evening(evening)
        gauges.waits(standing, waits, queued=evening.waiting)
        gauges.pressure(await limits.pressure(store, now=now))
        gauges.held((await refusals.standing(store, now=now)).held)


class _Headcount:
    """Everybody, counted aside by one at a time: it may take longer than an answer may."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._begun_at: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        self._count: Count | None = None

    async def get(self, *, now: datetime) -> Count | None:
        """The newest count, None before the first is done or after one that failed."""
        if self._task is None and (
            self._begun_at is None or now - self._begun_at >= COUNTED_FRESH
        ):
            self._begun_at = now
            self._task = asyncio.create_task(self._renew(now))
        if self._task:
            done, _ = await asyncio.wait({self._task}, timeout=COUNT_SECONDS)
            if done:
                self._task = None
        return self._count

    async def _renew(self, now: datetime) -> None:
        try:
            self._count = await census.count(self._store, now=now)
        except ServiceError:
            # Figures that grow old unnoticed are worse than none.
            self._count = None
