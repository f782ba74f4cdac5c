"""Postfix's smtp-sink: takes every mail, keeps none, and counts them."""

import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import program, started

HOST = "127.0.0.1"
BACKLOG = "200"
COUNTED = re.compile(rb"mesg=(\d+)")
PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """A running sink."""

    port: int
    counts: Path

    def messages(self) -> int:
        """How many mails it has taken so far."""
        counted = COUNTED.findall(self.counts.read_bytes()[-200:])
        return int(counted[-1]) if counted else 0


@contextmanager
def sink() -> Iterator[Sink]:
    """A fresh sink on a port of its own."""
    with tempfile.TemporaryDirectory() as home, socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
        free.close()
        counts = Path(home) / "counts"
        user = ("-u", "nobody") if os.geteuid() == 0 else ()
        command = [program("smtp-sink"), "-4", *user, "-c", f"{HOST}:{port}", BACKLOG]
        with counts.open("wb") as out, started(command, stdout=out):
            _wait_for(port)
            yield Sink(port=port, counts=counts)


def _wait_for(port: int) -> None:
    """Return once somebody listens. The connection counts as a session, not a mail."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
