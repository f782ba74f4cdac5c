"""A PostgreSQL of a run's own, with its durability on, that can be killed."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import quote

import asyncpg

from service.embedded.cluster import Cluster
from service.embedded.postgres import SYSTEM_DIRECTORY
from service.embedded.programs import account_for, find, installed
from service.embedded.sharing import FileLock
from service.store import migrate

PATIENCE_SECONDS = 180
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'eventide'"


@dataclass(frozen=True, kw_only=True)
class Database:
    """The server over a folder, and its migrated database."""

    cluster: Cluster

    @property
    def folder(self) -> Path:
        """Where a run keeps what is its own."""
        return self.cluster.home

    @property
    def socket(self) -> Path:
        """The folder of its socket: ours is short enough to have it inside."""
        return self.cluster.home / "socket"

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://eventide@/eventide?host={quote(str(self.socket))}"

    async def begin(self) -> None:
        """Start it, with the schema."""
        await migrate.upgrade(await self.cluster.ensure_running())
        # As on a server that was tuned for speed: the service must insist.
        await self.ask("ALTER DATABASE eventide SET synchronous_commit = off")

    async def ask(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """The rows, over a connection that no crash can have spoiled."""
        connection = await self._connected()
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement, *values)
        finally:
            await connection.close()
        return found

    async def kill(self, number: signal.Signals) -> None:
        """Kill it with a signal to its first process, and wait until all are gone."""
        lines = (self.cluster.data / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), number)
        with FileLock(self.folder / "server.lock") as alive:
            assert await alive.take_within(PATIENCE_SECONDS)

    async def restart(self, number: signal.Signals) -> None:
        """Kill it with a signal, and start it anew."""
        await self.kill(number)
        await self.cluster.ensure_running()

    async def crash(self, random: Random) -> None:
        """Kill one of the processes that serve workers; it recovers by itself."""
        noticed = asyncio.Event()
        witness = await self._connected()
        witness.add_termination_listener(lambda _: noticed.set())
        victim = random.choice([row["pid"] for row in await self.ask(BACKENDS)])
        os.kill(victim, signal.SIGKILL)
        await noticed.wait()
        await self.cluster.ensure_running()

    async def _connected(self) -> asyncpg.Connection:
        where = str(self.socket)
        # What a run writes is there after a crash, and on a standby.
        return await asyncpg.connect(
            user="eventide",
            database="eventide",
            host=where,
            server_settings={"synchronous_commit": "on"},
        )


@asynccontextmanager
async def folder() -> AsyncIterator[Path]:
    """A folder for a run, gone afterwards."""
    # PostgreSQL's user, where it is not ours, must be able to pass through.
    made = Path(tempfile.mkdtemp(prefix="eventide-chaos-"))
    await asyncio.to_thread(made.chmod, 0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@asynccontextmanager
async def server(home: Path, *, is_durable: bool = True) -> AsyncIterator[Database]:
    """A server that is yet to begin, in this folder; stopped at the end.

    Whoever only kills processes needs no disk to be waited for: their files live on.
    """
    await asyncio.to_thread(home.mkdir, 0o711, exist_ok=True)
    account = account_for(home / "postgres", uid=os.geteuid())
    programs = await find(account, site=installed(), copies=SYSTEM_DIRECTORY)
    cluster = Cluster(
        home=home, programs=programs, is_durable=is_durable, tell=lambda _: None
    )
    try:
        yield Database(cluster=cluster)
    finally:
        await cluster.stop()
