"""Real workers: processes of the installed command on one database and one relay."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest_asyncio
from aiosmtpd.smtp import SMTP

from service.clock import SystemClock
from service.domain.night import night_at
from service.flows.upkeep import upkeep
from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import Store, opened
from service.store.sealing import Sealer
from tests.builders import NOON, evening, subscriber
from tests.conftest import stop_clock

PATIENCE_SECONDS = 300
EVENTIDE = Path(sys.executable).with_name("eventide")


@dataclass
class Relay:
    """A relay that accepts everything and counts it by recipient."""

    port: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        async with self.news:
            self.accepted.update(envelope.rcpt_tos)
            self.news.notify_all()
        return "250 2.0.0 taken"

    async def has_taken(self, mails: int) -> None:
        """Return once it has taken so many; a test that waits too long has failed."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: self.accepted.total() >= mails)


@pytest_asyncio.fixture
async def relay() -> AsyncIterator[Relay]:
    counter = Relay()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(counter, hostname="relay", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    counter.port = server.sockets[0].getsockname()[1]
    async with server:
        yield counter


@dataclass(frozen=True, kw_only=True)
class Town:
    """Many people whose evening it is, and a way to start workers for them."""

    store: Store
    settings: dict[str, str]

    @property
    def database_url(self) -> str:
        return self.settings["EVENTIDE_DATABASE__URL"]

    async def settle(self, people: int, *, now: datetime) -> date:
        """So many subscribers for whom it is eight in the evening; returns the night."""
        offset = (20 - now.hour + 9) % 24 - 9
        zone = f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"
        place = evening(zone, 19 * 60, is_zone_confirmed=True)
        night = night_at(zone, now=now)
        async with self.store.transaction() as tx:
            for _ in range(people):
                one = subscriber(
                    await tx.signups.new_id(),
                    evening=place,
                    started_on=night,
                )
                due_at = now - timedelta(minutes=1)
                await tx.subscribers.add(one, next_due_at=due_at, now=now)
        return night

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A worker process; it is asked to stop at the end, and drains."""
        process = await asyncio.create_subprocess_exec(
            EVENTIDE,
            "worker",
            env={**os.environ, **self.settings},
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


@pytest_asyncio.fixture
async def store(store) -> Store:
    """An opened store on a fresh database in which it is NOON until a test moves it."""
    await stop_clock(store, NOON)
    return store


@pytest_asyncio.fixture
async def town(database_url, relay) -> AsyncIterator[Town]:
    settings = {
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "EVENTIDE_SMTP__HOST": "127.0.0.1",
        "EVENTIDE_SMTP__PORT": str(relay.port),
        "EVENTIDE_SMTP__TLS": "none",
        "EVENTIDE_SMTP__HOSTNAME": "localhost",
        "EVENTIDE_SCHEDULE__TICK_SECONDS": "0.2",
    }
    found = keys(read(settings).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened(database_url, sealer))
        await upkeep(store, now=SystemClock().now())
        yield Town(store=store, settings=settings)
