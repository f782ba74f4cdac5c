"""A subscriber's life: which states there are and which changes are allowed.

active <-> paused          active | paused -> stopped (unsubscribed; answers kept 14
days for an undo) -> active | erased          any -> suppressed (complaint)
Refusals stop somebody as an unsubscribe does, but only who is active (domain/memory.py).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from service.domain.risk import Answers


class Status(StrEnum):
    """Where a subscriber stands. A pending sign-up has no subscriber row yet."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    SUPPRESSED = "suppressed"


class GivenBy(StrEnum):
    """Where a subscriber's answers come from; pages show those of PERSON alone.

    LIST: an operator's list, or a release that did not ask whose they are. NOBODY: none
    were given, so every question counts as unanswered.
    """

    PERSON = "person"
    LIST = "list"
    NOBODY = "nobody"


class Frequency(StrEnum):
    """How often a reminder comes."""

    EVERY = "every"
    SECOND = "second"
    TAPERING = "tapering"


#: TAPERING: every evening, then every second, then weekly from these nights on.
TAPER_SECOND, TAPER_WEEKLY = 14, 42
#: What the sign-up form asks people to agree to, kept with version and date.
CONSENTS = ("health", "mail", "general")
CONSENT_VERSION = "2026-11"
#: After unsubscribing, answers are kept this long so that it can be undone.
UNDO = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """When reminders come: IANA zone, minutes after local midnight, how often.

    `is_zone_confirmed`: the person pressed that the time of this zone is theirs,
    whatever their country says.
    """

    zone: str
    minute: int
    frequency: Frequency
    is_zone_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is sealed: the mail address and the answers. No name is ever kept."""

    address: str
    answers: Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Somebody who confirmed. `started_on` is the first night they were due.

    `paused_until` is the first night of reminders again, None for "until I come back";
    `zone_asked_on` the night of the last mail that did nothing but ask for their clock.
    `generation` counts how often their links were ended: older ones work no more.
    """

    id: int
    person: Person
    evening: Evening
    language: str
    status: Status
    started_on: date
    paused_until: date | None = None
    stopped_at: datetime | None = None
    zone_asked_on: date | None = None
    given_by: GivenBy = GivenBy.PERSON
    generation: int = 0


CHANGES = {
    Status.ACTIVE: {Status.PAUSED, Status.STOPPED, Status.SUPPRESSED},
    Status.PAUSED: {Status.ACTIVE, Status.STOPPED, Status.SUPPRESSED},
    Status.STOPPED: {Status.ACTIVE, Status.SUPPRESSED},
    Status.SUPPRESSED: set[Status](),
}


def may_become(status: Status, new: Status) -> bool:
    """Whether a subscriber may go from one state to the other (or stay in it)."""
    return new is status or new in CHANGES[status]


def is_evening_due(frequency: Frequency, *, started_on: date, night: date) -> bool:
    """Whether a reminder is meant for `night`.

    TAPERING: every evening for two weeks, every second to the end of week six, then
    weekly (evidence.md E, S72: prompts work better when they become fewer).
    """
    nights = (night - started_on).days
    match frequency:
        case Frequency.EVERY:
            return True
        case Frequency.SECOND:
            return nights % 2 == 0
        case Frequency.TAPERING:
            if nights < TAPER_SECOND:
                return True
            return nights % (2 if nights < TAPER_WEEKLY else 7) == 0
