"""Figures that are kept for a moment, so that many looks at a page cost one."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from service.domain.clock import Clock

#: However often a page is looked at, its figures are counted only so often.
FRESH = timedelta(seconds=30)

Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """The newest answers to a question, one for each key that it was asked with."""

    def __init__(
        self, ask: Callable[[Key, datetime], Awaitable[Value]], clock: Clock
    ) -> None:
        """`ask` is asked where there is no fresh answer, by one at a time."""
        self._ask = ask
        self._clock = clock
        self._turn = asyncio.Lock()
        self._answers: dict[Key, tuple[datetime, Value]] = {}

    async def get(self, key: Key) -> Value:
        """The answer, at most half a minute old."""
        async with self._turn:
            now = self._clock.now()
            known = self._answers.get(key)
            if known is None or now - known[0] >= FRESH:
                known = (now, await self._ask(key, now))
                self._answers[key] = known
            return known[1]
