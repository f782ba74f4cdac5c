"""A primary and its streaming standby behind one TCP address, and their failovers."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg

from service.embedded.cluster import SOCKET_FILE
from tests.chaos.database import PATIENCE_SECONDS, Database, folder, server
from tests.failover.line import HOST, Line, line

STANDBY = "standby"
CAUGHT_UP = """
    SELECT count(*) FROM pg_stat_replication
    WHERE application_name = 'standby' AND state = 'streaming'
    AND ($1 = '' OR sync_state = 'sync')
"""


@dataclass(kw_only=True)
class Pair:
    """Two servers; `url` leads to whichever is the primary, as a virtual address does.

    `names` is what synchronous_standby_names is set to: "" lets the standby lag. Where it
    `is_strict`, a server that is promoted waits for a standby from the first moment;
    else it is alone until one is there. It is the one and the other in turn.
    """

    primary: Database
    other: Database
    address: Line
    replication: Line
    names: str
    is_strict: bool = True

    @property
    def folder(self) -> Path:
        """Where a run keeps what is its own."""
        return self.primary.folder.parent

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://eventide@{HOST}:{self.address.port}/eventide"

    async def ask(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """The rows, from the primary itself."""
        return await self.primary.ask(statement, *values)

    async def restart(self, number: signal.Signals) -> None:
        """Kill the primary with a signal, and start it anew: no failover."""
        await self.primary.restart(number)

    async def crash(self, random: Random) -> None:
        """Kill one of the primary's processes that serve workers; it recovers."""
        await self.primary.crash(random)

    async def set(self, name: str, value: str) -> None:
        """Set something on the primary, while it runs."""
        await self.ask(f"ALTER SYSTEM SET {name} = '{value}'")
        await self.ask("SELECT pg_reload_conf()")

    async def follow(self) -> None:
        """Make the other server a standby of the primary, and wait until it keeps up."""
        await self.other.cluster.stop()
        if self.is_strict:
            await self.set("synchronous_standby_names", self.names)
        data, account = self.other.cluster.data, self.other.cluster.programs.account
        for old in (data, self.other.socket):
            await asyncio.to_thread(shutil.rmtree, old, ignore_errors=True)
        await asyncio.to_thread(data.mkdir, 0o700)
        # -1 leaves it as it is: ours, where we run the server ourselves.
        owner = (account.uid, account.gid) if account else (-1, -1)
        await asyncio.to_thread(os.chown, data, *owner)
        self.replication.lead_to(_socket(self.primary))
        where = f"host={HOST} port={self.replication.port} user=eventide"
        made = await self.other.cluster.programs.run(
            "pg_basebackup",
            *("--pgdata", data, "--dbname", f"{where} application_name={STANDBY}"),
            *("--checkpoint", "fast", "--write-recovery-conf", "--no-sync"),
        )
        assert made.code == 0, made.output
        await self.other.cluster.ensure_running()
        self.is_strict = not self.is_strict
        await self.set("synchronous_standby_names", self.names)
        await _until(self.primary, CAUGHT_UP, self.names)

    async def empty_names(self) -> None:
        """Let no commit wait any more; those that do are let go."""
        await self.set("synchronous_standby_names", "")

    async def lose_standby(self) -> None:
        """Kill the standby; commits wait for it."""
        await self.other.kill(signal.SIGKILL)

    async def lose_primary(self) -> None:
        """Kill the primary as a machine dies, with what it had not yet sent."""
        await self.primary.kill(signal.SIGKILL)
        self.address.lead_to(None)
        self.replication.lead_to(None)

    async def promote(self) -> None:
        """Let the standby take the primary's place, address and all."""
        self.primary, self.other = self.other, self.primary
        done = await self.primary.cluster.programs.run(
            "pg_ctl", "promote", "--pgdata", self.primary.cluster.data, "--wait"
        )
        assert done.code == 0, done.output
        self.address.lead_to(_socket(self.primary))

    async def recover_to(self, point: str) -> None:
        """Lose the primary, and recover the standby to a restore point before."""
        await self.lose_primary()
        await self.other.kill(signal.SIGKILL)
        with (self.other.cluster.data / "postgresql.auto.conf").open("a") as file:
            file.write(
                f"recovery_target_name = '{point}'\n"
                "recovery_target_action = 'promote'\n"
            )
        await self.other.cluster.ensure_running()
        await _until(self.other, "SELECT NOT pg_is_in_recovery()")
        self.primary, self.other = self.other, self.primary
        self.address.lead_to(_socket(self.primary))
        await self.ask("ALTER SYSTEM RESET recovery_target_name")
        await self.follow()

    async def fail_over(self) -> None:
        """All of it; the server that is left has a standby again."""
        await self.lose_primary()
        await self.promote()
        await self.follow()


@asynccontextmanager
async def pair(*, names: str = STANDBY, is_durable: bool = True) -> AsyncIterator[Pair]:
    """A migrated primary with its standby, both gone afterwards."""
    async with (
        line() as address,
        line() as replication,
        folder() as here,
        server(here / "one", is_durable=is_durable) as one,
        server(here / "two", is_durable=is_durable) as two,
    ):
        await one.begin()
        made = Pair(
            primary=one,
            other=two,
            address=address,
            replication=replication,
            names=names,
        )
        # A standby that lost its primary for a moment is back at once.
        await made.set("wal_retrieve_retry_interval", "100ms")
        address.lead_to(_socket(one))
        await made.follow()
        yield made


async def _until(database: Database, statement: str, *values: object) -> None:
    """Return once the server answers the question with yes, or a number above zero."""
    is_so = False
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so:
            ((answer,),) = await database.ask(statement, *values)
            is_so = bool(answer)


def _socket(database: Database) -> Path:
    return database.socket / SOCKET_FILE
