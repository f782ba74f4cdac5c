"""One PostgreSQL data directory: made, started, asked whether it answers, stopped.

    home/
      door.lock users.lock    who uses it (see service.embedded.postgres)
      server.lock             held by the server's own processes while they live
      postgres/               the data; server.log beside the files
      socket/                 the only way in: owner only, no TCP port

The server inherits the opened `server.lock`, so the kernel knows whether any of its
processes lives, even after a kill -9 of the first one, and in another container.
"""

import asyncio
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from service.domain.errors import Misconfigured
from service.embedded.programs import MAJOR, OWN_SERVER, Finished, Programs
from service.embedded.sharing import POLL_SECONDS, FileLock

NAME = "eventide"
STOP_SECONDS = 60
# A socket's address holds 104 bytes on macOS, 108 on Linux.
SOCKET_BYTES = 100
SOCKET_FILE = ".s.PGSQL.5432"
# Short, and within reach of every user, which TMPDIR need not be.
SHORT = "/tmp"  # noqa: S108 - folders below it are made by mkdtemp
STILL_STARTING = (
    "PostgreSQL in {home} is still starting, as it does after a crash;"
    " waiting up to {seconds} seconds"
)
MAKE_DATABASE = r"""
SELECT 'CREATE DATABASE eventide'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'eventide') \gexec
"""
SERIOUS = r"\b(error|ERROR|FATAL|PANIC):"

# Given on the command line, so that they hold for old directories too. Everything
# else may be set in postgresql.conf.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Measured: both make our short statements dearer.
    "jit": "off",
    "wal_compression": "off",
    # Rows hold people's data: no value and no statement belongs in the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
# For data that nobody needs after a crash.
CARELESS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
REMEDIES = {
    "No space left": f"Free some space there, {OWN_SERVER}",
    "Permission denied": (
        "Choose a directory that the server's user can reach, such as"
        f" /var/lib/eventide, with EVENTIDE_DATABASE__DIR, {OWN_SERVER}"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The server over one data directory; `tell` hears of anything that takes long."""

    home: Path
    programs: Programs
    is_durable: bool
    tell: Callable[[str], None]
    # A crash recovery of 18 seconds has been measured.
    start_seconds: int = 120
    patience_seconds: float = 3.0

    @property
    def data(self) -> Path:
        """The folder that PostgreSQL calls its data directory."""
        return self.home / "postgres"

    async def ensure_running(self) -> str:
        """The address of a server that answers and has our database.

        Call it behind the door: one command at a time.

        Raises:
            Misconfigured: it cannot be made or started here.
            OSError: the directory cannot be used.
        """
        if not (self.data / "PG_VERSION").exists():
            await self._make()
        self._check_version()
        with FileLock(self.home / "server.lock") as alive:
            if not await self._joined(alive):
                await self._start(alive)
        socket = self._socket_folder()
        await self._ensure_database(socket)
        return f"postgresql+asyncpg://{NAME}@/{NAME}?host={quote(str(socket))}"

    async def stop(self) -> None:
        """End the server if there is one, and wait until its last process is gone."""
        socket = self._socket_folder()
        with FileLock(self.home / "server.lock") as alive:
            for mode in ("fast", "fast", "fast", "immediate", "immediate"):
                if alive.take():
                    break
                limit = ("-t", str(STOP_SECONDS))
                await self._control("stop", "-m", mode, *limit)
                await alive.take_within(0.5)
            else:
                self.tell(f"PostgreSQL in {self.home} did not stop")
        with suppress(OSError):
            socket.rmdir()

    async def _make(self) -> None:
        self.tell(f"Making a new database in {self.home}")
        # Renamed when whole: initdb writes PG_VERSION long before it is done.
        partial = self.home / "postgres.new"
        if partial.exists():
            # Not in a thread, which would go on removing after we are cancelled.
            shutil.rmtree(partial)
        self._own(partial)
        # Trust is enough: the socket's folder lets in its owner and root alone.
        made = await self.programs.run(
            "initdb",
            *("--pgdata", partial, "--username", NAME, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-instructions"),
            *(() if self.is_durable else ("--no-sync",)),
        )
        if made.code != 0:
            raise failure("a database cannot be made", self.home, made.output)
        partial.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise Misconfigured(
                what=f"the data is of PostgreSQL {found}, the programs are {MAJOR}",
                where=str(self.data),
                remedy="Move it away to begin anew, and load a dump of it if you need it",
            )

    async def _joined(self, alive: FileLock) -> bool:
        """Whether a server answers (join it), or none lives (we now hold its lock)."""
        clock = asyncio.get_running_loop().time
        end = clock() + self.start_seconds
        while not alive.take():
            if await self._answers():
                return True
            if clock() >= end:
                raise Misconfigured(
                    what="a PostgreSQL server runs here but does not answer",
                    where=str(self.data),
                    remedy="End the process named first in its postmaster.pid",
                )
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def _answers(self) -> bool:
        ready = await self.programs.run("pg_isready", "-h", self._socket_folder())
        return ready.code == 0

    async def _start(self, alive: FileLock) -> None:
        self._forget_other_process()
        log = self.data / "server.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        limit = str(self.start_seconds)
        order = ("start", "-t", limit, "-l", log, "-o", self._options())
        slow = STILL_STARTING.format(home=self.home, seconds=self.start_seconds)
        patience = asyncio.get_running_loop().call_later(
            self.patience_seconds, self.tell, slow
        )
        try:
            started = await self._control(*order, inherit=(alive.descriptor,))
        finally:
            patience.cancel()
        if started.code != 0:
            said = log.read_text(errors="replace") if log.exists() else started.output
            raise failure("PostgreSQL cannot be started", self.home, said)

    def _options(self) -> str:
        settings = {**SETTINGS, **({} if self.is_durable else CARELESS)}
        settings["unix_socket_directories"] = f'"{self._open_socket_folder()}"'
        pairs = (f"{name}={value}" for name, value in settings.items())
        return " ".join(f"-c {shlex.quote(pair)}" for pair in pairs)

    async def _control(
        self, *order: str | Path, inherit: Sequence[int] = ()
    ) -> Finished:
        where = ("--pgdata", self.data, "--wait")
        return await self.programs.run("pg_ctl", *order, *where, inherit=inherit)

    async def _ensure_database(self, socket: Path) -> None:
        made = await self.programs.run(
            "psql",
            *("--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"),
            *("--host", socket, "--username", NAME, "--dbname", "postgres"),
            typed=MAKE_DATABASE,
        )
        if made.code != 0:
            raise failure("its database cannot be made", self.home, made.output)

    def _socket_folder(self) -> Path:
        """Where the server that wrote postmaster.pid listens."""
        # The fifth line, written a moment after the first ones.
        fifth = self._postmaster()[4:5]
        return Path(*fifth) if fifth else self.home / "socket"

    def _open_socket_folder(self) -> Path:
        folder = self.home / "socket"
        if len(bytes(folder / SOCKET_FILE)) > SOCKET_BYTES:
            folder = Path(tempfile.mkdtemp(prefix="eventide-", dir=SHORT))
            folder.rmdir()
        self._own(folder)
        return folder

    def _own(self, folder: Path) -> None:
        """Make a folder for the server's user alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        account = self.programs.account
        # -1 leaves it as it is: ours, where we run the server ourselves.
        os.chown(folder, account.uid if account else -1, account.gid if account else -1)

    def _forget_other_process(self) -> None:
        """Remove a postmaster.pid whose number is not that of a live server of ours.

        We hold the server's lock, so none of its processes lives. PostgreSQL sees
        only that the number is in use (by another program since, or by a server that
        was killed and that nobody has reaped) and would refuse to start.
        """
        number = self._postmaster()[:1]
        process = Path("/proc", *number)
        if number and process.exists() and not _works_in(process, self.data):
            (self.data / "postmaster.pid").unlink()
            socket_lock = self.home / "socket" / f"{SOCKET_FILE}.lock"
            socket_lock.unlink(missing_ok=True)

    def _postmaster(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").samefile(folder)
    except OSError:
        return False


def failure(what: str, home: Path, said: str) -> Misconfigured:
    """The error that quotes the line of PostgreSQL's words that tells the most."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    mark = next((mark for mark in REMEDIES if mark in said), None)
    sought = re.escape(mark) if mark else SERIOUS
    telling = [line for line in lines if re.search(sought, line)]
    quoted = (telling or lines or ["it gave no reason"])[-1]
    remedy = REMEDIES[mark] if mark else f"Read server.log below it, {OWN_SERVER}"
    return Misconfigured(what=f"{what} ({quoted})", where=str(home), remedy=remedy)
