"""Locks that several processes share through files, and that no kill leaves behind.

The kernel drops an flock when the last descriptor of the opened file is closed,
however the processes holding it ended. So a lock never outlives its owner, and
nobody has to guess whether a process id written down yesterday is still meant.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

if sys.platform != "win32":  # pragma: no branch - imported on Windows, not used
    import fcntl

POLL_SECONDS = 0.02


class FileLock:
    """One opened lock file; close it, or leave its `with`, to let go."""

    def __init__(self, path: Path) -> None:
        """Open the file, made if missing, never through a symbolic link."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self.descriptor = os.open(path, flags, 0o600)

    def __enter__(self) -> Self:
        """Give the lock itself, not yet held."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; a program that inherited the descriptor keeps the lock."""
        os.close(self.descriptor)

    def share(self) -> None:
        """Hold it together with others; call it only behind an exclusive lock."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def take(self) -> bool:
        """Hold it alone, if nobody else holds it; a shared hold of ours ends."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def take_within(self, seconds: float) -> bool:
        """Hold it alone as soon as it is free, or say that it did not become so."""
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while not self.take():
            if clock() >= end:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Wait until nobody else holds it and hold it alone for a while."""
        # Another process lets go, so there is no event to wait for; the wait
        # stays cancellable, which a blocking flock in a thread is not.
        while not self.take():  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
