"""The ticks of a worker. APScheduler keeps the time; what is due is always a query."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from service.domain.errors import ServiceError, VisitorError
from service.worker.health import Health
from service.worker.tick import Tick

#: A tick that could not start in time is still worth its while this much later.
GRACE_SECONDS = 60

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
        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.add_listener(report, EVENT_JOB_MISSED | EVENT_JOB_ERROR)
        for tick in self._ticks:
            scheduler.add_job(
                self._run,
                "interval",
                args=[tick],
                id=tick.name,
                seconds=tick.every_seconds,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=GRACE_SECONDS,
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


def report(event: JobExecutionEvent) -> None:
    """One line for a tick that came too late or broke; the next one goes on."""
    if event.code == EVENT_JOB_MISSED:
        log.warning("tick missed", action="tick", tick=event.job_id)
    else:
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
