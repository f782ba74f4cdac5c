"""How fast mail leaves and what became of it: counted as it is settled, read now and then."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from service.domain.obstacle import Obstacle
from service.domain.outbox import Kind, Settled, State
from service.domain.provider import Provider

#: A rate is measured over at least so many seconds of work.
METER_SECONDS = 2
#: How late reminders are, in seconds: they are counted up to each of these, and beyond.
LATENESS = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 9000)


class End(NamedTuple):
    """How an attempt ended, in few enough ways to count them: no relay's own words.

    `provider` is None where no relay was spoken to.
    """

    kind: Kind
    state: State
    reason: str
    provider: Provider | None


@dataclass(slots=True)
class Tally:
    """What became of messages since it was last read.

    `late` holds how many reminders came within each step of LATENESS, by the local hour
    that they were for; `late_seconds` is the sum of it.
    """

    ends: Counter[End] = field(default_factory=Counter)
    late: dict[int, list[int]] = field(default_factory=dict)
    late_seconds: dict[int, float] = field(default_factory=dict)

    @property
    def states(self) -> Counter[State]:
        """How many messages came to each state."""
        found: Counter[State] = Counter()
        for end, messages in self.ends.items():
            found[end.state] += messages
        return found


@dataclass(slots=True)
class Meter:
    """What became of messages since it was last read, and how fast they can be sent.

    `per_second` counts only times when there was more to send than could be sent;
    `noted_at` is the end of the last round, by the clock of the event loop.
    """

    tally: Tally = field(default_factory=Tally)
    per_second: float = 0
    noted_at: float = 0
    _sent: int = 0
    _seconds: float = 0

    def note(
        self, settled: Iterable[Settled], *, busy_seconds: float, at: float = 0
    ) -> None:
        """Count a round; `busy_seconds` is 0 where there was not enough to do."""
        self.noted_at = at
        sent = 0
        for one in settled:
            sent += one.state is State.SENT
            reason = in_few_words(one.reason)
            end = End(one.message.kind, one.state, reason, one.provider)
            self.tally.ends[end] += 1
        if busy_seconds:
            self._sent += sent
            self._seconds += busy_seconds
        if self._seconds >= METER_SECONDS:
            self.per_second = self._sent / self._seconds
            self._sent, self._seconds = 0, 0

    def came(self, *, minute: int, late_seconds: float) -> None:
        """Count a reminder that was taken so long after the local minute it was for."""
        hour, tally = minute // 60, self.tally
        if hour not in tally.late:
            tally.late[hour] = [0] * (len(LATENESS) + 1)
            tally.late_seconds[hour] = 0
        tally.late[hour][bisect_left(LATENESS, late_seconds)] += 1
        tally.late_seconds[hour] += late_seconds

    def read(self) -> Tally:
        """What became of messages since the last reading."""
        found, self.tally = self.tally, Tally()
        return found


def in_few_words(reason: str) -> str:
    """A reason without codes, relays, kinds of errors, anybody else's words."""
    ours = (obstacle for obstacle in Obstacle if reason.startswith(obstacle))
    return next(ours, reason.partition(":")[0])
