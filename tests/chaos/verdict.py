"""What is asked at the end of a run: the outbox on one side, the ledger on the other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from service.domain.outbox import State

Key = tuple[str, date]
ENDS = (State.SENT, State.UNKNOWN, State.FAILED, State.EXPIRED, State.SUPPRESSED)
#: Whoever's mail was taken may be in one of these states, and in no other.
TRUE_OF_TAKEN = (State.SENT, State.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The figures of a run, and every broken promise by name."""

    states: Mapping[State, int]
    accepted: int
    lost: tuple[Key, ...]
    doubled: tuple[str, ...]
    untrue: tuple[Key, ...]
    unsettled: tuple[Key, ...]
    unknown_allowed: int

    @property
    def messages(self) -> int:
        return sum(self.states.values())

    def faults(self) -> Iterator[str]:
        """A sentence for each promise that was not kept."""
        if self.lost:
            yield f"said to be sent, but the relay never took it: {self.lost}"
        if self.doubled:
            yield f"taken twice: {self.doubled}"
        if self.untrue:
            yield f"taken, but the outbox says otherwise: {self.untrue}"
        if self.unsettled:
            yield f"never settled: {self.unsettled}"
        if self.states[State.UNKNOWN] > self.unknown_allowed:
            yield (
                f"{self.states[State.UNKNOWN]} unknown, {self.unknown_allowed} allowed"
            )


@dataclass(kw_only=True)
class Record:
    """Where each message stood when its night was over."""

    rows: dict[Key, State] = field(default_factory=dict)
    unknown_allowed: int = 0

    def verdict(self, ledger: Iterable[str]) -> Verdict:
        """Compare with the ledger: `recipient night Message-ID`, a line a mail."""
        taken: Counter[Key] = Counter()
        names: Counter[str] = Counter()
        for line in ledger:
            recipient, night, name = line.split()
            taken[recipient, date.fromisoformat(night)] += 1
            names[name] += 1
        twice = [f"{who} {night}" for (who, night), n in taken.items() if n > 1]
        twice += [name for name, n in names.items() if n > 1]
        counts = Counter(self.rows.values())
        return Verdict(
            states={state: counts[state] for state in State},
            accepted=taken.total(),
            lost=self._where(lambda k, s: s is State.SENT and k not in taken),
            doubled=tuple(twice),
            untrue=tuple(
                key for key in taken if self.rows.get(key) not in TRUE_OF_TAKEN
            ),
            unsettled=self._where(lambda _, state: state not in ENDS),
            unknown_allowed=self.unknown_allowed,
        )

    def _where(self, is_odd) -> tuple[Key, ...]:
        return tuple(key for key, state in self.rows.items() if is_odd(key, state))
