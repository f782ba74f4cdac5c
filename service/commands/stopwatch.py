"""What work costs: seconds, CPU of this process and of a database, memory."""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
#: Fields of /proc/PID/stat behind the name, counted from 0: proc(5).
PARENT, FIRST_TIME, OWN_TIMES, ALL_TIMES = 1, 11, 13, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one piece of work took; the database's CPU is None where it is not seen."""

    seconds: float
    worker_cpu_seconds: float
    database_cpu_seconds: float | None


class Stopwatch:
    """Runs from its making. `backend` is a process of the database, if it is local."""

    def __init__(self, *, backend: int | None) -> None:
        """Start."""
        self._server = _parent(backend)
        self._began = self._read()

    def cost(self) -> Cost:
        """What has been used since the start."""
        now, began = self._read(), self._began
        used = [after - before for after, before in zip(now, began, strict=True)]
        return Cost(
            seconds=used[0],
            worker_cpu_seconds=used[1],
            database_cpu_seconds=None if self._server is None else used[2],
        )

    def _read(self) -> tuple[float, float, float]:
        own = os.times()
        server = 0.0 if self._server is None else _tree_cpu(self._server)
        return time.perf_counter(), own.user + own.system, server


def peak_memory() -> float:
    """The most memory that this process has held, in MB."""
    # Linux counts in units of 1024 bytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _parent(backend: int | None) -> int | None:
    """The server that this process of PostgreSQL's belongs to, if it is one's here."""
    return next(
        (
            int(stat[PARENT])
            for pid, name, stat in _stats()
            if pid == backend and name == "postgres"
        ),
        None,
    )


def _tree_cpu(first: int) -> float:
    """CPU seconds of a process, of its children, and of those that have ended."""
    ticks = sum(
        _ticks(stat, upto=ALL_TIMES if pid == first else OWN_TIMES)
        for pid, _, stat in _stats()
        if first in (pid, int(stat[PARENT]))
    )
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(stat: list[str], *, upto: int) -> int:
    return sum(int(ticks) for ticks in stat[FIRST_TIME:upto])


def _stats() -> Iterator[tuple[int, str, list[str]]]:
    """The number, name and further fields of every process; none but on Linux."""
    for path in PROC.glob("[0-9]*/stat"):
        # A process may end while it is read.
        with suppress(OSError):
            head, _, rest = path.read_text().rpartition(")")
            number, _, name = head.partition(" (")
            yield int(number), name, rest.split()
