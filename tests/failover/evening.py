"""An evening with mail that is due second by second, and the workers that send it."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import cast

from aiosmtpd.smtp import SMTP

from service.clock import SystemClock
from service.domain.night import night_at, slot
from service.domain.outbox import State
from service.domain.subscriber import Evening, Subscriber
from service.flows.upkeep import upkeep
from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import Store, opened
from service.store.sealing import Sealer
from tests.builders import evening, subscriber
from tests.chaos.town import UNMEASURED
from tests.failover.line import HOST
from tests.failover.pair import STANDBY, Pair, pair
from tests.worker.conftest import Relay

WORKERS, CONNECTIONS = 2, 5
#: Longer than a failover takes, on a busy machine too.
LEASE_SECONDS = 20
#: How long the relay takes over a mail, so that some are on the wire at any moment.
SECONDS_A_MAIL = 0.05
PATIENCE_SECONDS = 120
EVENTIDE = Path(sys.executable).with_name("eventide")
WORD = "SELECT replication FROM deployment"
ALIVE = "SELECT count(*) FROM worker"
SEEN_AT = "SELECT seen_at FROM deployment"
LEFT = """
    SELECT (SELECT count(*) FROM schedule WHERE next_due_at <= $1)
        + (SELECT count(*) FROM outbox WHERE state IN ('due', 'claimed', 'sending'))
"""
ENDS = "SELECT subscriber_id, state FROM outbox"


class SlowRelay(Relay):
    """Accepts everything, in its own time."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await asyncio.sleep(SECONDS_A_MAIL)
        return await super().handle_DATA(server, session, envelope)


@dataclass(kw_only=True)
class Town:
    """Two servers, workers and a relay; `due_at` says when whose reminder is due."""

    servers: Pair
    store: Store
    settings: dict[str, str]
    relay: SlowRelay
    random: Random
    workers: list[asyncio.subprocess.Process] = field(default_factory=list)
    due_at: dict[int, datetime] = field(default_factory=dict)
    last_number: int = 0

    # --- People -------------------------------------------------------------

    async def settle(self, people: int, *, within: timedelta) -> None:
        """So many more people, whose reminders are due at moments of that time."""
        begin = SystemClock().now() + timedelta(seconds=1)
        async with self.store.transaction() as tx:
            for who, due_at in islice(self._candidates(begin, within), people):
                await tx.subscribers.add(who, next_due_at=due_at, now=begin)
                self.due_at[who.id] = due_at

    def _candidates(
        self, begin: datetime, within: timedelta
    ) -> Iterator[tuple[Subscriber, datetime]]:
        """People of one minute or another whose reminder happens to be due then."""
        while True:
            self.last_number += 1
            for place in places(begin):
                night = night_at(place.zone, now=begin)
                due_at = slot(place, night, subscriber_id=self.last_number).due_at
                if begin <= due_at < begin + within:
                    who = subscriber(self.last_number, evening=place, started_on=night)
                    yield who, due_at

    def mails(self, number: int) -> int:
        """How many this person got."""
        return self.relay.accepted[f"person{number}@example.org"]

    # --- Workers ------------------------------------------------------------

    async def hire(self) -> None:
        """Start the workers, and return when they are at work, the word given."""
        with (self.servers.folder / "errors.log").open("ab") as log:
            self.workers = [
                await asyncio.create_subprocess_exec(
                    EVENTIDE, "worker", env=UNMEASURED | self.settings, stderr=log
                )
                for _ in range(WORKERS)
            ]
        await self.until(ALIVE, WORKERS)
        if self.servers.names:
            await self.until(WORD, "synchronous")

    async def dismiss(self) -> list[int]:
        """Ask the workers to stop; how each of them ended."""
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        return [await worker.wait() for worker in self.workers]

    async def adopt(self) -> tuple[int, ...]:
        """Run `eventide adopt`; the numbers of those whom it names."""
        process = await asyncio.create_subprocess_exec(
            EVENTIDE,
            *("adopt", "--yes"),
            env=UNMEASURED | self.settings,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        named = re.search(r"^Of the subscribers (.*)\.$", out.decode(), re.MULTILINE)
        return tuple(map(int, named[1].split(", "))) if named else ()

    # --- The evening --------------------------------------------------------

    async def until(self, question: str, answer: object) -> None:
        """Return when the primary answers so."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while [row[0] for row in await self.servers.ask(question)] != [answer]:
                pass

    async def seen_at(self) -> datetime:
        """When a worker saw that the primary was promoted, once one does."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := (await self.servers.ask(SEEN_AT))[0]["seen_at"]):
                pass
        return cast("datetime", found)

    async def until_all_is_settled(self) -> None:
        """Return when everybody was planned, and every reminder came to its end."""
        last = max(self.due_at.values())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.servers.ask(LEFT, last))[0][0]:
                # What a worker's tick does every half minute, for leases that ended.
                await upkeep(self.store, now=SystemClock().now())

    async def ends(self) -> dict[int, State]:
        """What became of whose reminder, as far as it was planned."""
        return {who: State(state) for who, state in await self.servers.ask(ENDS)}


def places(now: datetime) -> list[Evening]:
    """Evenings of the minutes around now, where it is between eight and nine."""
    offset = (20 - now.hour + 9) % 24 - 9
    zone = f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"
    minutes = [20 * 60 + now.minute + before for before in range(-5, 2)]
    return [evening(zone, minute, is_zone_confirmed=True) for minute in minutes]


@asynccontextmanager
async def town(
    *, seed: str, is_synchronous: bool, is_durable: bool
) -> AsyncIterator[Town]:
    """A town on a pair of servers; its workers are gone at the end."""
    relay = SlowRelay()
    mail = await asyncio.get_running_loop().create_server(
        lambda: SMTP(relay, hostname="relay", enable_SMTPUTF8=True), HOST, 0
    )
    relay.port = mail.sockets[0].getsockname()[1]
    names = STANDBY if is_synchronous else ""
    async with mail, pair(names=names, is_durable=is_durable) as servers:
        settings = _settings(servers, relay, is_synchronous=is_synchronous)
        found = keys(read(settings).secrets)
        sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
        async with opened(servers.url, sealer, rested=0) as store:
            await upkeep(store, now=SystemClock().now())
            made = Town(
                servers=servers,
                store=store,
                settings=settings,
                relay=relay,
                random=Random(seed),  # noqa: S311 - a run can be repeated
            )
            try:
                await made.hire()
                yield made
            finally:
                for worker in made.workers:
                    with suppress(ProcessLookupError):
                        worker.kill()
                    await worker.wait()


def _settings(
    servers: Pair, relay: SlowRelay, *, is_synchronous: bool
) -> dict[str, str]:
    return {
        "EVENTIDE_DATABASE__URL": servers.url,
        "EVENTIDE_DATABASE__REPLICATION": (
            "synchronous" if is_synchronous else "asynchronous"
        ),
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "EVENTIDE_SMTP__HOST": HOST,
        "EVENTIDE_SMTP__PORT": str(relay.port),
        "EVENTIDE_SMTP__TLS": "none",
        "EVENTIDE_SMTP__HOSTNAME": "localhost",
        "EVENTIDE_SMTP__CONNECTIONS": str(CONNECTIONS),
        "EVENTIDE_SCHEDULE__TICK_SECONDS": "0.2",
        "EVENTIDE_SCHEDULE__LEASE_SECONDS": str(LEASE_SECONDS),
    }
