"""What one evening's choice is: tips, their places, the reasons, and the history."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.domain.risk import Cause, Tag
from service.domain.tips import Theme

HISTORY_NIGHTS = 90
#: What comes once in so many mails is remembered as long, however few mails come.
HISTORY_MAILS = 30


class Role(StrEnum):
    """A tip's place in the mail. Only the first three are drawn."""

    LEAD = "lead"
    SECOND = "second"
    THIRD = "third"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldTip:
    """A tip that was said, and in which place."""

    id: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person was told on one night."""

    night: date
    tips: tuple[ToldTip, ...]


History = tuple[Told, ...]


class Ground(StrEnum):
    """Why a tip was chosen."""

    TICKED = "ticked"
    EVERYONE = "everyone"
    TOLD = "told"
    RULE = "rule"
    RULE_DRIVEN = "rule_driven"
    NOT_SAID = "not_said"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a tip was chosen: `subject` is the cause, tag, rule or tip that led to it."""

    ground: Ground
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One tip of tonight. `propensity` is its exact chance, given the draws before."""

    tip: str
    role: Role
    theme: Theme
    cause: Cause
    reason: Reason
    propensity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tonight:
    """The whole choice for one night.

    `ask_answers` where they have grown stale; else `asks` is the first tag that the
    person was never asked about.
    """

    night: date
    choices: tuple[Choice, ...]
    rules: tuple[str, ...]
    ask_answers: bool
    asks: Tag | None = None

    def told(self) -> Told:
        """What the history keeps of it."""
        tips = tuple(ToldTip(id=c.tip, role=c.role) for c in self.choices)
        return Told(night=self.night, tips=tips)


def remember(history: History, told: Told) -> History:
    """The history with tonight added and all that is too old dropped."""
    before = [t for t in history if t.night != told.night]
    lately = len(before) + 1 - HISTORY_MAILS
    return (
        *(
            t
            for n, t in enumerate(before)
            if n >= lately or (told.night - t.night).days < HISTORY_NIGHTS
        ),
        told,
    )
