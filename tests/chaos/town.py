"""A town of subscribers with all that mails them: PostgreSQL, workers, a relay.

folder/
  clock             the seconds that the evening is ahead of the machine
  ledger            what the relay took, by itself
  certificate.pem key.pem
  postgres/ ...     the data (see service.embedded.cluster)
  errors.log        what the processes said on standard error
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from urllib.parse import unquote

import asyncpg

from service.domain.night import slot
from service.domain.outbox import State
from service.domain.subscriber import Person
from service.domain.tokens import Links, Purpose
from service.embedded.cluster import Cluster
from service.embedded.postgres import SYSTEM_DIRECTORY
from service.embedded.programs import account_for, find, installed
from service.embedded.sharing import FileLock
from service.flows.preferences import unsubscribe
from service.flows.upkeep import upkeep
from service.settings import keys, new_keys, read
from service.store import migrate
from service.store.engine import Store, opened
from service.store.sealing import Sealer
from tests.builders import TODAY, answers, evening, subscriber
from tests.chaos.clock import MovedClock, moved_clock
from tests.chaos.processes import Speaker
from tests.chaos.relay import HOST, NO_SUCH_USER
from tests.chaos.verdict import Record

WORKERS = 3
CONNECTIONS = 3
LEASE_SECONDS = 4
#: Longer than a lease: for an answer that is held back, and for a worker that sleeps.
HOLD_SECONDS = SLEEP_SECONDS = 6
#: No word from the relay for so long: see what everybody is waiting for.
SILENCE_SECONDS = 1
#: A mail whose chosen time is seven; a few minutes later it is due for everybody.
SEVEN, STARTS = 19 * 60, time(19, 4, 30)
#: Chosen so early that its deadline is two minutes after the start.
EARLY = 16 * 60 + 36
DOMAINS = 40
STEP = timedelta(seconds=15)
PATIENCE_SECONDS = 60

OPEN = """
    SELECT count(*) FILTER (WHERE state = 'due') AS due,
        count(*) FILTER (WHERE state IN ('claimed', 'sending')) AS in_hand,
        max(not_before) FILTER (WHERE state = 'due') AS last
    FROM outbox
"""
UNPLANNED = "SELECT count(*) FROM schedule WHERE next_due_at <= $1"
ROWS = "SELECT subscriber_id, night, state, reason FROM outbox WHERE night = $1"
FORGOTTEN = """
    SELECT id FROM subscriber
    WHERE status = 'active' AND id NOT IN (
        SELECT subscriber_id FROM outbox WHERE night = $1
    )
"""
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'eventide'"


class Worker:
    """One process of a worker, which may be put to sleep."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self._wakes_at = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether it is in the middle of things."""
        is_begun = self.speaker.words["at work"] > 0
        return self.speaker.is_alive and is_begun and not self._wakes_at

    def sleep(self) -> None:
        """Stop it, as a virtual machine is stopped, until its leases have ended."""
        self.speaker.send(signal.SIGSTOP)
        self._wakes_at = asyncio.get_running_loop().time() + SLEEP_SECONDS

    def wake(self) -> None:
        """Let it go on if it slept long enough; harmless to one that is awake."""
        if asyncio.get_running_loop().time() > self._wakes_at:
            self.speaker.send(signal.SIGCONT)
            self._wakes_at = 0.0


@dataclass(kw_only=True)
class Town:
    """All of it, while it runs."""

    folder: Path
    cluster: Cluster
    socket: str
    store: Store
    links: Links
    clock: MovedClock
    settings: dict[str, str]
    relay: Speaker
    random: Random
    workers: list[Worker] = field(default_factory=list)
    people: dict[int, str] = field(default_factory=dict)
    record: Record = field(default_factory=Record)

    # --- People -------------------------------------------------------------

    async def settle(self, people: int) -> None:
        """So many people whose first evening is TODAY."""
        now = self.clock.now()
        for _ in range(people):
            async with self.store.transaction() as tx:
                number = await tx.signups.new_id()
                name = NO_SUCH_USER if number % 50 == 0 else "person"
                address = f"{name}{number}@d{number % DOMAINS}.example"
                place = evening("Etc/UTC", EARLY if number % 25 == 1 else SEVEN)
                one = subscriber(
                    number,
                    person=Person(address=address, answers=answers()),
                    evening=place,
                )
                due_at = slot(place, TODAY, subscriber_id=number).due_at
                await tx.subscribers.add(one, next_due_at=due_at, now=now)
            self.people[number] = address

    async def somebody_leaves(self) -> None:
        """One person follows the link to unsubscribe, wherever their mail is."""
        who = self.random.choice(list(self.people))
        token = self.links.token(Purpose.UNSUBSCRIBE, who, now=self.clock.now())
        await unsubscribe(self.store, self.links, token, now=self.clock.now())

    # --- The evening --------------------------------------------------------

    def begin(self, night: date) -> None:
        """Let it be the evening of that night, with everybody's mail due."""
        self.clock.move_to(datetime.combine(night, STARTS, tzinfo=UTC))

    async def is_over(self) -> bool:
        """Whether everybody was planned and every message has come to its end."""
        (planned,) = await self.ask(UNPLANNED, self.clock.now())
        (rows,) = await self.ask(OPEN)
        return planned["count"] == rows["due"] == rows["in_hand"] == 0

    async def note(self, night: date) -> None:
        """Write down where the messages of that night stand, and who has none."""
        for row in await self.ask(ROWS, night):
            key = (self.people[row["subscriber_id"]], row["night"])
            self.record.rows[key] = State(row["state"])
            self.record.orphans += row["reason"] == "worker lost"
        forgotten = await self.ask(FORGOTTEN, night)
        self.record.forgotten += [(self.people[row["id"]], night) for row in forgotten]

    async def moment(self, steps: int) -> None:
        """Until the relay has said so many words more, or nobody speaks any more."""
        end = self.relay.words.total() + steps
        is_lively = await self.relay.says(end, within=SILENCE_SECONDS)
        if not is_lively:
            await self.go_on()
        await self.revive()

    async def go_on(self) -> None:
        """What any worker's tick does; and what is waited for, let it come.

        Leases are counted by the database's clock, so that none of them ends by this.
        """
        now = self.clock.now()
        await upkeep(self.store, now=now)
        (rows,) = await self.ask(OPEN)
        self.clock.move_to(max(rows["last"] or now, now + STEP))

    # --- Workers ------------------------------------------------------------

    async def revive(self) -> None:
        """Start every worker that is gone, and wake those that slept long enough."""
        for number, worker in enumerate(self.workers):
            worker.wake()
            if not worker.speaker.is_alive:
                self.workers[number] = await self.hire(number)

    async def hire(self, number: int) -> Worker:
        """A worker process; the first of them speaks TLS."""
        tls = {"EVENTIDE_SMTP__TLS": "none" if number else "starttls"}
        speaker = await Speaker.start(
            "tests.chaos.worker",
            self.folder / "clock",
            env=os.environ | self.settings | tls,
            errors=self.folder / "errors.log",
        )
        return Worker(speaker)

    async def one_at_work(self) -> Worker:
        """A worker that is in the middle of things."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (ready := [w for w in self.workers if w.is_ready]):
                await self.moment(5)
        return self.random.choice(ready)

    async def close(self) -> tuple[int, ...]:
        """Ask all who work to stop, the relay last; the workers' exit codes."""
        await self.one_at_work()
        at_work = [worker.speaker for worker in self.workers if worker.is_ready]
        exits = await asyncio.gather(*(each.end(signal.SIGTERM) for each in at_work))
        await self.relay.end(signal.SIGTERM)
        return tuple(exits)

    # --- The database -------------------------------------------------------

    async def connected(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            user="eventide", database="eventide", host=self.socket
        )

    async def ask(self, statement: str, *values: object) -> list[asyncpg.Record]:
        connection = await self.connected()
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement, *values)
        finally:
            await connection.close()
        return found

    async def restart_database(self, number: signal.Signals) -> None:
        """Kill PostgreSQL with a signal to its first process, and start it anew."""
        first = (self.cluster.data / "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(first), number)
        with FileLock(self.cluster.home / "server.lock") as alive:
            assert await alive.take_within(PATIENCE_SECONDS)
        await self.cluster.ensure_running()

    async def crash_database(self) -> None:
        """Kill one of PostgreSQL's processes that serve workers; it recovers alone."""
        noticed = asyncio.Event()
        witness = await self.connected()
        witness.add_termination_listener(lambda _: noticed.set())
        victim = self.random.choice([row["pid"] for row in await self.ask(BACKENDS)])
        os.kill(victim, signal.SIGKILL)
        await noticed.wait()
        await self.cluster.ensure_running()


@asynccontextmanager
async def town(*, seed: str, people: int) -> AsyncIterator[Town]:
    """A town with its people and workers, half an hour before TODAY's evening."""
    async with _grounds() as (folder, cluster):
        url = await cluster.ensure_running()
        await migrate.upgrade(url)
        clock = moved_clock(
            folder / "clock", to=datetime.combine(TODAY, time(18, 30), tzinfo=UTC)
        )
        _certify(folder)
        relay = await Speaker.start(
            "tests.chaos.relay",
            *(folder, seed, str(HOLD_SECONDS)),
            env=os.environ,
            errors=folder / "errors.log",
        )
        assert await relay.says(1, within=PATIENCE_SECONDS)
        (port,) = relay.words
        settings = _settings(url, port, folder)
        found = keys(read(settings).secrets)
        sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
        async with opened(url, sealer) as store:
            await upkeep(store, now=clock.now())
            here = Town(
                folder=folder,
                cluster=cluster,
                socket=unquote(url.partition("?host=")[2]),
                store=store,
                links=Links(keys=found.link, base_url="http://eventide.example"),
                clock=clock,
                settings=settings,
                relay=relay,
                random=Random(seed),  # noqa: S311 - a run can be repeated
            )
            await here.settle(people)
            here.workers = [await here.hire(number) for number in range(WORKERS)]
            try:
                yield here
            finally:
                everyone = (*(worker.speaker for worker in here.workers), relay)
                await asyncio.gather(*(each.end(signal.SIGKILL) for each in everyone))


def _settings(url: str, port: str, folder: Path) -> dict[str, str]:
    return {
        "EVENTIDE_DATABASE__URL": url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "EVENTIDE_SMTP__HOST": HOST,
        "EVENTIDE_SMTP__PORT": port,
        "EVENTIDE_SMTP__HOSTNAME": "localhost",
        "EVENTIDE_SMTP__CONNECTIONS": str(CONNECTIONS),
        "EVENTIDE_SCHEDULE__TICK_SECONDS": "0.2",
        "EVENTIDE_SCHEDULE__LEASE_SECONDS": str(LEASE_SECONDS),
        "SSL_CERT_FILE": str(folder / "certificate.pem"),
    }


@asynccontextmanager
async def _grounds() -> AsyncIterator[tuple[Path, Cluster]]:
    """A folder of its own that PostgreSQL's user can reach, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="eventide-chaos-"))
    await asyncio.to_thread(folder.chmod, 0o711)
    account = account_for(folder / "postgres", uid=os.geteuid())
    programs = await find(account, site=installed(), copies=SYSTEM_DIRECTORY)
    cluster = Cluster(
        home=folder, programs=programs, is_durable=True, tell=lambda _: None
    )
    try:
        yield folder, cluster
    finally:
        await cluster.stop()
        shutil.rmtree(folder)


def _certify(folder: Path) -> None:
    """A certificate for the relay that signs itself."""
    order = "openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=relay"
    subprocess.run(
        [
            *order.split(),
            *("-addext", f"subjectAltName=IP:{HOST}"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
