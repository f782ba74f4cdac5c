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
from urllib.parse import unquote

import asyncpg

from service.embedded.cluster import Cluster
from service.embedded.postgres import SYSTEM_DIRECTORY
from service.embedded.programs import account_for, find, installed
from service.embedded.sharing import FileLock
from service.store import migrate

PATIENCE_SECONDS = 60
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'eventide'"


@dataclass(frozen=True, kw_only=True)
class Database:
    """The server over a folder, and its migrated database."""

    cluster: Cluster
    url: str

    @property
    def folder(self) -> Path:
        """Where a run keeps what is its own."""
        return self.cluster.home

    async def ask(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """The rows, over a connection that no crash can have spoiled."""
        connection = await self._connected()
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement, *values)
        finally:
            await connection.close()
        return found

    async def restart(self, number: signal.Signals) -> None:
        """Kill it with a signal to its first process, and start it anew."""
        lines = (self.cluster.data / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), number)
        with FileLock(self.folder / "server.lock") as alive:
            assert await alive.take_within(PATIENCE_SECONDS)
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
        socket = unquote(self.url.partition("?host=")[2])
        return await asyncpg.connect(user="eventide", database="eventide", host=socket)


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    """A server in a folder of its own, both gone afterwards."""
    # PostgreSQL's user, where it is not ours, must be able to pass through.
    folder = Path(tempfile.mkdtemp(prefix="eventide-chaos-"))
    await asyncio.to_thread(folder.chmod, 0o711)
    account = account_for(folder / "postgres", uid=os.geteuid())
    programs = await find(account, site=installed(), copies=SYSTEM_DIRECTORY)
    cluster = Cluster(
        home=folder, programs=programs, is_durable=True, tell=lambda _: None
    )
    try:
        url = await cluster.ensure_running()
        await migrate.upgrade(url)
        here = Database(cluster=cluster, url=url)
        # As on a server that was tuned for speed: the service must insist.
        await here.ask("ALTER DATABASE eventide SET synchronous_commit = off")
        yield here
    finally:
        await cluster.stop()
        shutil.rmtree(folder)
