"""Programs that are started to be measured, and ended afterwards."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 60


@contextmanager
def started(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdout: IO[bytes] | int | None = None,
    stderr: IO[bytes] | int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs inside the block; it is asked to end after it."""
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=stdout, stderr=stderr
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def program(name: str, *, package: str = "postfix") -> str:
    """The path of a program that this Debian package brings; the trial ends without it."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise SystemExit(
            f"{name} is missing: apt-get install --no-install-recommends {package}"
        )
    return found


def peak_memory_of(pid: int) -> float:
    """The most memory that the process has held, in MB; 0 of one that has ended.

    What wait4 tells would begin with the memory of the process that started it.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
