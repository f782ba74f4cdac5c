"""A tick: work that is done every so many seconds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

#: A tick is late when it did nothing for so many of its periods, and for so long.
MISSED = 3
LEAST_SECONDS = 30


def never() -> float:
    """The sign of life of work that gives none before it is done."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Work done every so many seconds; it returns whether more is waiting.

    One piece of it may take `longest_seconds`. Work that takes all evening shows by
    `noted_at` when it last got somewhere, in seconds of the event loop's clock.
    """

    name: str
    every_seconds: float
    work: Callable[[], Awaitable[bool]]
    longest_seconds: float = 0
    noted_at: Callable[[], float] = never

    @property
    def patience_seconds(self) -> float:
        """After so many seconds without a sign of life it is late."""
        return max(MISSED * self.every_seconds, LEAST_SECONDS) + self.longest_seconds
