"""How fast mail leaves: counted as it is settled, read now and then."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.domain.outbox import Settled, State

#: A rate is measured over at least so many seconds of work.
METER_SECONDS = 2


@dataclass(slots=True)
class Meter:
    """What became of messages since it was last read, and how fast they can be sent.

    `per_second` counts only times when there was more to send than could be sent;
    `noted_at` is the end of the last round, by the clock of the event loop.
    """

    settled: Counter[State] = field(default_factory=Counter)
    per_second: float = 0
    noted_at: float = 0
    _sent: int = 0
    _seconds: float = 0

    def note(
        self, settled: Iterable[Settled], *, busy_seconds: float, at: float = 0
    ) -> None:
        """Count a round; `busy_seconds` is 0 where there was not enough to do."""
        self.noted_at = at
        states = Counter(one.state for one in settled)
        self.settled += states
        if busy_seconds:
            self._sent += states[State.SENT]
            self._seconds += busy_seconds
        if self._seconds >= METER_SECONDS:
            self.per_second = self._sent / self._seconds
            self._sent, self._seconds = 0, 0

    def read(self) -> Counter[State]:
        """What became of messages since the last reading."""
        found, self.settled = self.settled, Counter()
        return found
