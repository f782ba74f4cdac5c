"""PostgreSQL's own programs for copies of a database: pg_dump, pg_restore and psql.

Those that come with the embedded database will do for any server up to their own
release; others are looked for in PATH. What they are told stands in the environment,
never on a command line that other users of the machine can read.
"""

import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import IO, Protocol

from service.domain.errors import Misconfigured
from service.embedded import programs

VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
CHUNK = 1 << 20
#: The first server that knows it. Older ones refuse what a newer pg_restore writes.
TIMEOUT_SINCE = 17
TIMEOUT = b"SET transaction_timeout = 0;\n"
DUMP = (
    "--format=custom", "--no-owner", "--no-privileges", "--no-subscriptions",
    # Made by a superuser of the server, and not the service's to copy.
    "--exclude-schema=eventide_audit",
)  # fmt: skip
PSQL = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
NO_LOCALE = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}

#: Called with so many bytes that went by.
Tell = Callable[[int], object]


class Sink(Protocol):
    """A file, or what counts on the way to one."""

    def write(self, chunk: bytes, /) -> int:
        """Take a chunk; returns its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """A folder of programs, all of one release."""

    folder: Path
    release: int

    def dump(
        self,
        server: Mapping[str, str],
        into: Sink,
        *,
        snapshot: str,
        without: Sequence[str],
        tell: Tell,
    ) -> None:
        """Write the database as that snapshot sees it, but for the rows of `without`.

        Raises Misconfigured with the words of pg_dump.
        """
        left_out = [f"--exclude-table-data=public.{table}" for table in without]
        order = ("pg_dump", *DUMP, f"--snapshot={snapshot}", *left_out)
        with self._running(*order, environment=server) as process:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            while chunk := process.stdout.read(CHUNK):
                into.write(chunk)
                tell(len(chunk))

    @contextmanager
    def statements(self, dump: IO[bytes], *, tell: Tell) -> Iterator[IO[bytes]]:
        """The SQL that makes the database of a dump again, as a stream of lines.

        Raises Misconfigured with the words of pg_restore.
        """
        with self._running("pg_restore", "--file=-", takes_input=True) as process:
            assert process.stdin is not None  # noqa: S101 - it was asked for
            assert process.stdout is not None  # noqa: S101 - as that
            feed = threading.Thread(target=_feed, args=(dump, process.stdin, tell))
            feed.start()
            try:
                yield process.stdout
            finally:
                # Whoever stops reading early must not leave the other end waiting.
                process.stdout.close()
                feed.join()

    def load(
        self,
        dump: IO[bytes],
        server: Mapping[str, str],
        *,
        release: int,
        last: str,
        tell: Tell,
    ) -> None:
        """Make the database again on a server of that release: all of it, or nothing.

        `last` is a statement that is part of it.

        Raises Misconfigured with the words of pg_restore or psql.
        """
        with self._running("psql", *PSQL, environment=server, takes_input=True) as it:
            assert it.stdin is not None  # noqa: S101 - it was asked for
            # A psql that gives up says why.
            with suppress(BrokenPipeError), it.stdin as typed:
                typed.write(b"BEGIN;\n")
                with self.statements(dump, tell=tell) as lines:
                    # What is set for the session stands at the beginning.
                    chunk = lines.read(CHUNK)
                    if release < TIMEOUT_SINCE:
                        chunk = chunk.replace(TIMEOUT, b"", 1)
                    while chunk:
                        typed.write(chunk)
                        chunk = lines.read(CHUNK)
                # Only where pg_restore came to its end: without this nothing is kept.
                typed.write(f"{last};\nANALYZE;\nCOMMIT;\n".encode())

    @contextmanager
    def _running(
        self,
        name: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        takes_input: bool = False,
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A program at work; at the end of the block it has ended well."""
        with tempfile.TemporaryFile() as said:
            with subprocess.Popen(  # noqa: S603 - programs of our own, no shell
                [self.folder / name, *arguments],
                stdin=subprocess.PIPE if takes_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE if name != "psql" else subprocess.DEVNULL,
                stderr=said,
                env={**NO_LOCALE, **(environment or {})},
            ) as process:
                try:
                    yield process
                except BaseException:
                    process.kill()
                    raise
            said.seek(0)
            if process.returncode != 0:
                raise _broken(name, said.read().decode(errors="replace"))


def found(
    at_least: int, *, folders: Sequence[Path] | None = None, job: str = "this server"
) -> Tools:
    """The oldest programs that are of release `at_least`. Raises Misconfigured."""
    have = [tools for folder in folders or _folders() if (tools := _tools(folder))]
    good = [tools for tools in have if tools.release >= at_least]
    if good:
        return min(good, key=lambda tools: tools.release)
    newest = max((tools.release for tools in have), default=None)
    raise Misconfigured(
        what=f"{job} needs the programs of PostgreSQL {at_least}, here is "
        + (f"only {newest}" if newest else "none"),
        where="pg_dump, pg_restore, psql",
        remedy=f"Install them (on Debian: postgresql-client-{at_least} or newer)",
    )


def _folders() -> tuple[Path, ...]:
    in_path = which("pg_dump")
    own = programs.installed() / programs.BIN
    return (own, *([Path(in_path).parent] if in_path else []))


def _tools(folder: Path) -> Tools | None:
    try:
        said = subprocess.run(  # noqa: S603 - programs of our own, no shell
            [folder / "pg_dump", "--version"], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    version = VERSION.search(said.stdout.decode())
    return Tools(folder=folder, release=int(version[1])) if version else None


def _feed(dump: IO[bytes], into: IO[bytes], tell: Tell) -> None:
    # A program that gives up says why; that the pipe broke is only what follows.
    with suppress(BrokenPipeError), into:
        while chunk := dump.read(CHUNK):
            into.write(chunk)
            tell(len(chunk))


def _broken(name: str, said: str) -> Misconfigured:
    """The error that quotes the first serious line: further ones can hold people's rows."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"(?i)\b(error|fatal)\b", line)]
    quoted = (telling or lines or ["it gave no reason"])[0]
    return Misconfigured(
        what=f"{name} failed ({quoted})",
        where="the copy of the database",
        remedy="Mend that and begin again; nothing was changed",
    )
