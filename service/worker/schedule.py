"""The ticks of a worker. APScheduler keeps the time; what is due is always a query.

APScheduler decides by the machine's clock which jobs are due. Set back an hour, that
would stop every tick for an hour: so it is given a zone in which it is always the event
loop's time, and a trigger that counts in it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from service.domain.errors import ServiceError, VisitorError
from service.worker.health import Health
from service.worker.tick import Tick

log = structlog.get_logger()


class Schedule:
    """Runs ticks, never two of one name at a time, until it is drained.

    `stop` is set when that begins: a tick at work then comes to its end.
    """

    def __init__(
        self, ticks: Sequence[Tick], stop: asyncio.Event, health: Health
    ) -> None:
        """Keep the ticks; `running` starts them."""
        self._ticks = ticks
        self._stop = stop
        self._health = health
        self._at_work: set[asyncio.Task[object]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tick inside the block; on leaving, let the work in hand finish first.

        APScheduler's own shutdown cancels running coroutines, and an SMTP
        conversation that is cut off is a message whose fate nobody knows.
        """
        # It reports through the listener below; its own log lines would say it twice.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        scheduler = AsyncIOScheduler(timezone=_LoopTime())
        scheduler.add_listener(report, EVENT_JOB_ERROR)
        for tick in self._ticks:
            scheduler.add_job(
                self._run,
                _Every(timedelta(seconds=tick.every_seconds)),
                args=[tick],
                id=tick.name,
                coalesce=True,
                max_instances=1,
                # However late, it is worth its while; and lateness would be judged by
                # the machine's clock. `Health` tells of a tick that is late.
                misfire_grace_time=None,
            )
        scheduler.start()
        try:
            yield
        finally:
            self._stop.set()
            scheduler.pause()
            await asyncio.gather(*self._at_work, return_exceptions=True)
            scheduler.shutdown(wait=False)

    async def _run(self, tick: Tick) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine job always runs in a task
        self._at_work.add(task)
        try:
            is_more = True
            while is_more and not self._stop.is_set():
                with self._health.watched(tick):
                    is_more = await tick.work()
        finally:
            self._at_work.discard(task)


class _LoopTime(tzinfo):
    """A zone whose time of day is the event loop's, whatever the machine's clock shows.

    `datetime.now(zone)` asks the zone what the time is there: `fromutc`.
    """

    def fromutc(self, _: datetime) -> datetime:
        began = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=self)
        return began + timedelta(seconds=asyncio.get_running_loop().time())

    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta()

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str:
        return "event loop"


class _Every(BaseTrigger):  # type: ignore[misc]  # it has no types
    """Fires every so often, counted from the time before."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        return (previous or now) + self._interval


def report(event: JobExecutionEvent) -> None:
    """One line for a tick that broke; the next one goes on."""
    log.error(
        "tick failed",
        action="tick",
        tick=event.job_id,
        error=_words(event.exception),
    )


def _words(error: BaseException | None) -> str:
    """What went wrong; of an error that is not ours only its type.

    The words of others, and those for visitors, can hold what somebody answered.
    """
    is_ours = isinstance(error, ServiceError) and not isinstance(error, VisitorError)
    return str(error) if is_ours else type(error).__name__
