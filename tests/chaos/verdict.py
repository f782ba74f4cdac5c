"""What is asked at the end of a run: the outbox on one side, the ledger on the other."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    forgotten: tuple[Key, ...]
    orphans: int
    orphans_allowed: int
    cut_off_allowed: int

    @property
    def cut_off(self) -> int:
        """Unknown because of what a connection did, not because of a kill."""
        return self.states[State.UNKNOWN] - self.orphans

    @property
    def messages(self) -> int:
        return sum(self.states.values())

    def faults(self) -> Iterator[str]:
        """A sentence for each promise that was not kept."""
        for fault, found in (
            ("said to be sent, but the relay never took it", self.lost),
            ("taken twice", self.doubled),
            ("taken, but the outbox says otherwise", self.untrue),
            ("never settled", self.unsettled),
            ("never planned", self.forgotten),
        ):
            yield from (f"{fault}: {each}" for each in found)
        if self.orphans > self.orphans_allowed:
            yield f"unknown by kills: {self.orphans}, not {self.orphans_allowed}"
        if self.cut_off > self.cut_off_allowed:
            yield f"unknown by cuts: {self.cut_off}, not {self.cut_off_allowed}"


@dataclass(kw_only=True)
class Record:
    """Where each message stood when its night was over.

    `orphans` were in the hands of a worker that was lost, and became `unknown`.
    """

    rows: dict[Key, State] = field(default_factory=dict)
    forgotten: list[Key] = field(default_factory=list)
    orphans: int = 0
    orphans_allowed: int = 0

    def verdict(self, ledger: Iterable[str], *, cut_off_allowed: int) -> Verdict:
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
            forgotten=tuple(self.forgotten),
            orphans=self.orphans,
            orphans_allowed=self.orphans_allowed,
            cut_off_allowed=cut_off_allowed,
        )

    def _where(self, is_odd: Callable[[Key, State], bool]) -> tuple[Key, ...]:
        return tuple(key for key, state in self.rows.items() if is_odd(key, state))
