"""Processes that can be killed, and that say in single words what they are doing."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

CHECKOUT = Path(__file__).parents[2]


class Speaker:
    """A module of ours as a process; `words` counts the lines that it has printed."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.words: Counter[str] = Counter()
        self._enough, self._awaited = asyncio.Event(), 0
        self._ear = asyncio.create_task(self._listen())

    @classmethod
    async def start(
        cls, module: str, *arguments: str | Path, env: Mapping[str, str], errors: Path
    ) -> Self:
        """Run `python -m module`; what it says on standard error is added to a file."""
        with errors.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                *arguments,
                env=env,
                cwd=CHECKOUT,
                stdout=PIPE,
                stderr=log,
            )
        return cls(process)

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    @property
    def exit_code(self) -> int:
        """Of one that is gone; minus the signal that ended it, if one did."""
        assert self._process.returncode is not None
        return self._process.returncode

    async def says(self, words: int, *, within: float) -> bool:
        """Whether it has said so many words in all before so many seconds are over."""
        # Not a timeout: what is thrown into a waiting coroutine confuses coverage's
        # tracer before Python 3.12.
        self._enough, self._awaited = asyncio.Event(), words
        self._look()
        timer = asyncio.get_running_loop().call_later(within, self._enough.set)
        await self._enough.wait()
        timer.cancel()
        return self.words.total() >= words

    def send(self, number: signal.Signals) -> None:
        """Send a signal; to one that is gone already it makes no difference."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def end(self, number: signal.Signals) -> int:
        """Send a signal that ends it, and wait; returns its exit code."""
        self.send(number)
        await self._ear
        await self._process.wait()
        return self.exit_code

    async def _listen(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            self.words[line.decode().strip()] += 1
            self._look()

    def _look(self) -> None:
        if self.words.total() >= self._awaited:
            self._enough.set()
