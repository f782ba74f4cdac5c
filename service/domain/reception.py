"""How each mailbox provider took our mail on the last nights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from service.domain.outbox import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """So many reminders of a night that a provider was spoken to about.

    `minutes` after the chosen time they were sent, 0 where they were not; `retried`
    of them took more than one attempt.
    """

    night: date
    provider: str
    state: State
    reason: str
    minutes: int
    messages: int
    retried: int


@dataclass(slots=True, kw_only=True)
class Reception:
    """How one provider took it, its nights together.

    `lateness` maps whole minutes after the chosen time to how many were sent then;
    `refused` maps each reason to how many it cost for good.
    """

    provider: str
    sent: int = 0
    retried: int = 0
    unknown: int = 0
    waiting: int = 0
    complaints: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    lateness: dict[int, int] = field(default_factory=dict)

    @property
    def spoken(self) -> int:
        """Every message that it was spoken to about."""
        return self.sent + self.waiting + self.unknown + sum(self.refused.values())

    @property
    def median_minutes(self) -> int | None:
        """Half were sent within so many minutes of their time; None if none was."""
        seen = 0
        for minutes in sorted(self.lateness):
            seen += self.lateness[minutes]
            if seen * 2 >= self.sent:
                return minutes
        return None


def receptions(
    spoken: Iterable[Spoken],
    complaints: Mapping[str, int],
) -> tuple[Reception, ...]:
    """How each provider took our mail, the one with most mail first.

    `complaints` are people by provider.
    """
    found: dict[str, Reception] = {}
    for one in spoken:
        new = Reception(provider=one.provider)
        _count(found.setdefault(one.provider, new), one)
    for name, people in complaints.items():
        found.setdefault(name, Reception(provider=name)).complaints = people
    return tuple(sorted(found.values(), key=lambda one: (-one.spoken, one.provider)))


def _count(reception: Reception, one: Spoken) -> None:
    reception.retried += one.retried
    match one.state:
        case State.SENT:
            reception.sent += one.messages
            late = reception.lateness
            late[one.minutes] = late.get(one.minutes, 0) + one.messages
        case State.UNKNOWN:
            reception.unknown += one.messages
        case State.DUE | State.CLAIMED | State.SENDING:
            reception.waiting += one.messages
        case State.FAILED | State.EXPIRED | State.SUPPRESSED:
            refused = reception.refused
            refused[one.reason] = refused.get(one.reason, 0) + one.messages
