"""One run of one sender against a sink of its own, measured from outside."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from benchmarks.processes import ROOT, peak_memory_of, program
from benchmarks.sink import HOST, sink

PEERS = ROOT / ".peers"
SENDERS = "benchmarks.peers.senders"
LOOK_AGAIN_SECONDS = 0.01
OWN_TIMES = slice(11, 13)  # User and system time, behind the name: proc(5).


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What so many mails took. Only some senders have a database."""

    messages: int
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    database_cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a sender is to do."""

    port: int
    messages: int
    connections: int
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Somebody who sends; the slow ones send fewer mails in one run."""

    name: str
    connections: int
    is_slow: bool
    send: Callable[[Errand], Run]


def run(sender: Sender, folder: Path, *, messages: int) -> Run:
    """Let a sender send so many mails, all of which must arrive."""
    with sink() as target:
        errand = Errand(
            port=target.port,
            messages=messages,
            connections=sender.connections,
            folder=folder,
        )
        done = sender.send(errand)
        arrived = target.messages()
    if arrived != messages:
        raise SystemExit(f"{sender.name}: {arrived} of {messages} mails arrived")
    return done


def cued(command: Sequence[str | Path], *last: str) -> Callable[[Errand], Run]:
    """A sender that says when it begins and ends: see senders/cue.py."""
    return partial(_cued, command, last)


def python(name: str, *, peer: bool = False) -> Callable[[Errand], Run]:
    """One of ours in Python, or one that needs the peers' own environment."""
    interpreter = PEERS / "bin/python" if peer else Path(sys.executable)
    return cued((interpreter, "-m", f"{SENDERS}.{name}"))


def node(name: str, way: str) -> Callable[[Errand], Run]:
    """One in JavaScript."""
    return cued(("node", ROOT / f"benchmarks/peers/senders/{name}.cjs"), way)


def _cued(command: Sequence[str | Path], last: Sequence[str], errand: Errand) -> Run:
    asked = (errand.port, errand.messages, errand.connections, errand.folder)
    process = subprocess.Popen(
        [*command, *(str(word) for word in asked), *last],
        cwd=ROOT,
        env={**os.environ, "NODE_PATH": str(PEERS / "node_modules")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        cue, said = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
        _hear("ready", said)
        began, used = time.perf_counter(), _cpu(process.pid)
        _answer(cue)
        _hear("done", said)
        ended, used_then = time.perf_counter(), _cpu(process.pid)
        peak = peak_memory_of(process.pid)
        _answer(cue)
    return Run(
        messages=errand.messages,
        seconds=ended - began,
        cpu_seconds=used_then - used,
        peak_rss_mb=peak,
    )


def smtp_source(errand: Errand) -> Run:
    """Postfix's own load generator, in C: one mail again and again."""
    command = [
        program("smtp-source"),
        *("-d", "-N", "-f", "evening@example.com", "-t", "person@example.com"),
        *("-m", str(errand.messages), "-s", str(errand.connections)),
        *("-F", str(errand.folder / "0.eml"), f"{HOST}:{errand.port}"),
    ]
    began = time.perf_counter()
    process = subprocess.Popen(command)
    peak = 0.0
    while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
        peak = max(peak, peak_memory_of(process.pid))
        time.sleep(LOOK_AGAIN_SECONDS)
    seconds = time.perf_counter() - began
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(
        messages=errand.messages,
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_rss_mb=peak,
    )


def end_to_end(errand: Errand) -> Run:
    """This service from due rows to recorded outcomes."""
    command = [
        *(str(Path(sys.executable).with_name("eventide")), "bench", "--json"),
        *("--messages", str(errand.messages)),
        *("--connections", str(errand.connections)),
        *("--relay", f"{HOST}:{errand.port}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr[-2000:])
    found = json.loads(done.stdout)
    each = errand.messages / 1000
    return Run(
        messages=errand.messages,
        seconds=found["seconds"],
        cpu_seconds=found["worker_cpu_ms_per_message"] * each,
        database_cpu_seconds=found["database_cpu_ms_per_message"] * each,
        peak_rss_mb=found["worker_peak_rss_mb"],
    )


def _hear(word: str, said: IO[str]) -> None:
    heard = said.readline().strip()
    if heard != word:
        raise SystemExit(f"a sender said {heard!r}, not {word!r}")


def _answer(cue: IO[str]) -> None:
    cue.write("go\n")
    cue.flush()


def _cpu(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, stat[OWN_TIMES])) / os.sysconf("SC_CLK_TCK")
