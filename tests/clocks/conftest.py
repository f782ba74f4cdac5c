"""Real workers, and a real PostgreSQL, whose clocks are faked by libfaketime.

Steady seconds (CLOCK_MONOTONIC) are left alone. Run by `make clocks`: elsewhere the
shifted clock of the database stands in for these (see Makefile).
"""

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest_asyncio
from aiosmtpd.smtp import SMTP
from sqlalchemy.engine import make_url

from service.clock import SystemClock
from service.domain.night import Slot, night_at, slot
from service.domain.subscriber import Person
from service.embedded.cluster import Cluster
from service.embedded.postgres import SYSTEM_DIRECTORY
from service.embedded.programs import account_for, find, installed
from service.flows.upkeep import upkeep
from service.keys import keys, new_keys
from service.settings import read
from service.store import migrate
from service.store.engine import Store, opened
from service.store.sealing import Sealer
from tests.builders import answers, evening, subscriber
from tests.monitoring.conftest import free_ports
from tests.prometheus import samples
from tests.worker.conftest import EVENTIDE

PATIENCE_SECONDS = 300
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
#: Their evening may begin or end while a test runs: nothing can be said of them.
TOO_NEAR = timedelta(minutes=15)
PEOPLE_A_ZONE = 40
#: Mails a second: slow enough that a clock can step in the middle of the evening.
RATE = 20
#: Longer than a test lets a clock be wrong: the doubt must not end before.
HOLD_SECONDS = 90


@dataclass(kw_only=True)
class FakedClock:
    """What some processes take for the time: the true one and what a file says."""

    file: Path

    def set(self, ahead: str) -> None:
        """Let them be so far ahead, as libfaketime writes it: +15h, -1h, +0."""
        new = self.file.with_suffix(".new")
        new.write_text(ahead)
        new.chmod(0o644)
        new.replace(self.file)

    def environment(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",
        }


@dataclass(frozen=True, kw_only=True)
class Someone:
    """A person and the time in which tonight's mail may come."""

    id: int
    address: str
    slot: Slot


@dataclass(kw_only=True)
class Relay:
    """Takes every mail, and notes the true time."""

    port: int = 0
    taken: list[tuple[str, datetime]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        async with self.news:
            now = SystemClock().now()
            self.taken += [(address, now) for address in envelope.rcpt_tos]
            self.news.notify_all()
        return "250 2.0.0 taken"

    async def has_taken(self, mails: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: len(self.taken) >= mails)


@dataclass(kw_only=True)
class Worker:
    """A process of the installed command, what it says and what it counts."""

    process: asyncio.subprocess.Process
    port: int
    lines: list[str] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        assert self.process.stderr
        async for line in self.process.stderr:
            async with self.news:
                self.lines.append(line.decode())
                self.news.notify_all()

    async def says(self, words: str, times: int = 1) -> None:
        """Return once so many of its lines had these words."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: self.count(words) >= times)

    def count(self, words: str) -> int:
        return sum(words in line for line in self.lines)

    async def readiness(self) -> int:
        return (await self._asked("/health/ready")).status_code

    async def ticked(self, tick: str) -> float:
        """How often a tick has done its work."""
        found = samples((await self._asked("/metrics")).content)
        return found["eventide_tick_seconds_count", {"tick": tick}]

    async def _asked(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            return await client.get(f"http://127.0.0.1:{self.port}{path}")


@dataclass(kw_only=True)
class World:
    """People in all zones of the hour, a relay, and workers with clocks of their own."""

    store: Store
    settings: dict[str, str]
    relay: Relay
    folder: Path
    people: tuple[Someone, ...]
    began: datetime

    def tonight(self) -> set[str]:
        """Whose mail is due now, with time enough."""
        return {
            one.address
            for one in self.people
            if one.slot.due_at <= self.began < one.slot.expires_at
        }

    def clock(self, name: str = "clock", ahead: str = "+0") -> FakedClock:
        made = FakedClock(file=self.folder / name)
        made.set(ahead)
        return made

    @asynccontextmanager
    async def worker(self, clock: FakedClock) -> AsyncIterator[Worker]:
        (port,) = free_ports(1)
        listen = {"EVENTIDE_WORKER__LISTEN": f"127.0.0.1:{port}"}
        process = await asyncio.create_subprocess_exec(
            EVENTIDE,
            "worker",
            env={**os.environ, **self.settings, **listen, **clock.environment()},
            stderr=asyncio.subprocess.PIPE,
        )
        made = Worker(process=process, port=port)
        ear = asyncio.create_task(made.listen())
        try:
            await made.says("At work")
            yield made
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
            await ear

    async def faults(self) -> list[str]:
        """What went wrong with anybody's evening, in words; nothing, it is hoped."""
        mails = Counter(address for address, _ in self.relay.taken)
        slots = {one.address: one.slot for one in self.people}
        found = [
            f"{address} at {at:%H:%M:%S}, not within {slots[address]}"
            for address, at in self.relay.taken
            if not slots[address].due_at <= at < slots[address].expires_at
        ]
        found += [f"{who} got {n}" for who, n in mails.items() if n != 1]
        found += [f"{who} got none" for who in self.tonight() - mails.keys()]
        for row in await asked(
            self.settings["EVENTIDE_DATABASE__URL"],
            "SELECT subscriber_id, night, state, reason FROM outbox"
            " WHERE state <> 'sent'",
        ):
            found.append(str(dict(row)))
        return found


async def asked(url: str, query: str) -> list[asyncpg.Record]:
    plain = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query)
    finally:
        await connection.close()
    return rows


def settings(url: str, relay: Relay) -> dict[str, str]:
    return {
        "EVENTIDE_DATABASE__URL": url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "EVENTIDE_SMTP__HOST": "127.0.0.1",
        "EVENTIDE_SMTP__PORT": str(relay.port),
        "EVENTIDE_SMTP__TLS": "none",
        "EVENTIDE_SMTP__HOSTNAME": "localhost",
        "EVENTIDE_SMTP__RATE": str(RATE),
        "EVENTIDE_SCHEDULE__TICK_SECONDS": "0.2",
        "EVENTIDE_SCHEDULE__HOLD_SECONDS": str(HOLD_SECONDS),
        "EVENTIDE_LOG__FORM": "json",
    }


async def settled(store: Store, *, now: datetime) -> tuple[Someone, ...]:
    """People for whom it is every hour of the day: some of them in their evening."""
    people: list[Someone] = []
    async with store.transaction() as tx:
        for offset in range(-12, 12):
            zone = f"Etc/GMT{offset:+d}" if offset else "Etc/GMT"
            place = replace(evening(zone, 19 * 60), is_zone_confirmed=True)
            night = night_at(place.zone, now=now)
            for _ in range(PEOPLE_A_ZONE):
                number = await tx.signups.new_id()
                tonight = slot(place, night, subscriber_id=number)
                edges = tonight.due_at, tonight.expires_at
                if any(abs(edge - now) < TOO_NEAR for edge in edges):
                    continue
                if tonight.expires_at <= now:
                    tonight = slot(place, night + timedelta(1), subscriber_id=number)
                address = f"person{number}@d{number % 40}.example"
                who = Person(address=address, answers=answers())
                one = subscriber(number, person=who, evening=place, started_on=night)
                await tx.subscribers.add(one, next_due_at=tonight.due_at, now=now)
                people.append(Someone(id=number, address=address, slot=tonight))
    return tuple(people)


@pytest_asyncio.fixture
async def relay() -> AsyncIterator[Relay]:
    made = Relay()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(made, hostname="relay", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@asynccontextmanager
async def inhabited(url: str, relay: Relay, folder: Path) -> AsyncIterator[World]:
    told = settings(url, relay)
    found = keys(read(told).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    now = SystemClock().now()
    async with opened(url, sealer) as store:
        await upkeep(store, now=now)
        yield World(
            store=store,
            settings=told,
            relay=relay,
            folder=folder,
            people=await settled(store, now=now),
            began=now,
        )


@pytest_asyncio.fixture
async def world(database_url, relay, tmp_path) -> AsyncIterator[World]:
    """A database with the true time."""
    async with inhabited(database_url, relay, tmp_path) as made:
        yield made


@dataclass(kw_only=True)
class Stepped:
    """A world whose database has a clock that can be set."""

    world: World
    clock: FakedClock


@pytest_asyncio.fixture
async def stepped(relay) -> AsyncIterator[Stepped]:
    """A PostgreSQL of its own, under a clock that its workers have as well."""
    folder = Path(tempfile.mkdtemp(prefix="eventide-clocks-"))
    await asyncio.to_thread(folder.chmod, 0o711)
    account = account_for(folder / "postgres", uid=os.geteuid())
    programs = await find(account, site=installed(), copies=SYSTEM_DIRECTORY)
    cluster = Cluster(
        home=folder, programs=programs, is_durable=False, tell=lambda _: None
    )
    url = await cluster.ensure_running()
    await migrate.upgrade(url)
    await cluster.stop()
    clock = FakedClock(file=folder / "clock")
    clock.set("+0")
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        await stack.enter_async_context(server(cluster, clock))
        world = await stack.enter_async_context(inhabited(url, relay, folder))
        yield Stepped(world=world, clock=clock)


@asynccontextmanager
async def server(cluster: Cluster, clock: FakedClock) -> AsyncIterator[None]:
    """PostgreSQL itself, started again with that clock."""
    account = cluster.programs.account
    socket = cluster.home / "socket"
    socket.mkdir(exist_ok=True)
    if account:
        os.chown(socket, account.uid, account.gid)
    process = await asyncio.create_subprocess_exec(
        cluster.programs.folder / "postgres",
        *("-D", cluster.data, "-c", "listen_addresses="),
        *("-c", f"unix_socket_directories={socket}", "-c", "timezone=UTC"),
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **clock.environment()},
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await cluster.programs.run("pg_isready", "-h", socket)).code:
                pass
        yield
    finally:
        process.terminate()
        # SIGTERM waits for its clients; there are none left but the looker's.
        await process.wait()
