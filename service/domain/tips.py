"""The catalogue as the rules and the choice see it: tips, rules and cadence, no words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from service.domain.risk import Cause, Questionnaire, Tag


class Theme(StrEnum):
    """What a tip is about; tonight's tips come from different themes."""

    HYDRATION = "hydration"
    STRETCHING = "stretching"
    ALCOHOL = "alcohol"
    MEDICATION = "medication"
    HABIT = "habit"
    CARE = "care"


class Evidence(StrEnum):
    """How sure we are that the advice helps, graded as in GRADE."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    VERY_LOW = "very_low"
    EXPERT = "expert"


class When(StrEnum):
    """When a tip is meant to be acted on."""

    TONIGHT = "tonight"
    TOMORROW = "tomorrow"
    TODAY = "today"
    PLAN = "plan"
    ANY = "any"
    IF_CRAMP = "if_cramp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """One piece of reviewed advice: when and to whom it may be said.

    `requires` holds groups: each group must be met, any one of its tags meets it.
    `blocks` names the tags that forbid the tip, unless each is known to be absent.
    A tip that is `instead_of` others is only for people who may be told none of them.
    `every` is for warning signs: so many mails lie at least from one showing to the
    next.
    """

    id: str
    cause: Cause
    theme: Theme
    when: When
    content: frozenset[str]
    blocks: frozenset[Tag]
    requires: tuple[frozenset[Tag], ...]
    instead_of: frozenset[str]
    every: int
    evidence: Evidence
    is_warning: bool
    sources: tuple[str, ...]
    reviewed_by: str
    reviewed_on: date | None
    expires_on: date | None

    def is_expired(self, *, today: date) -> bool:
        """Whether its review is too old, so that it is not said any more."""
        return self.expires_on is not None and self.expires_on <= today


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCase:
    """Whom a rule is about, what it forbids them and what they get in its place.

    A case applies where any tag of `when` is present or unknown. It never blocks the
    tips of its own `instead` and `spare`; `never` names content and blocks no care
    tip; `only` (where it is not None) blocks every tip but those it names and care
    tips; `stop` blocks care tips too.
    """

    when: frozenset[Tag]
    never: frozenset[str]
    never_themes: frozenset[Theme]
    never_tips: frozenset[str]
    never_causes: frozenset[Cause]
    instead: tuple[str, ...]
    spare: frozenset[str]
    only: frozenset[str] | None
    stop: bool

    def forbids(self, tip: Tip) -> bool:
        """Whether the people whom the case is about are never told the tip."""
        if self.stop:
            return True
        if tip.id in self.instead or tip.id in self.spare:
            return False
        is_care = tip.theme is Theme.CARE
        if self.only is not None and not is_care:
            return tip.id not in self.only
        return (
            (not is_care and bool(self.never & tip.content))
            or tip.theme in self.never_themes
            or tip.id in self.never_tips
            or tip.cause in self.never_causes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One hard safety rule, such as H7, in words and in cases.

    `because` is the reader's reason for a tip that this rule puts in place.
    """

    id: str
    says: str
    because: str
    sources: tuple[str, ...]
    cases: tuple[RuleCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often a theme may come up.

    `gap` is the number of nights that must lie between two evenings with the theme;
    `weekdays` (Monday is 0, empty means any) are the evenings that suit it; a `fixed`
    theme is never drawn, it has its own place in the mail.
    """

    theme: Theme
    label: str
    gap: int
    weekdays: frozenset[int]
    fixed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDriven:
    """A tip that comes by rule, not by draw, while a tag holds.

    It comes every so many nights, or in every so many mails: one of the two is 0. A
    warning sign stands in the fixed place unless it is `first`.
    """

    tip: str
    when: frozenset[Tag]
    every: int
    mails: int
    first: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOfRule:
    """A case, its rule, and the ids of the tips of a catalogue that it forbids."""

    rule: Rule
    case: RuleCase
    forbids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All that may ever be said, checked as a whole when it was loaded.

    `follows` holds, by condition or medicine, the tips that everyone hears who told us
    of it. `version` changes with every change of a tip, a rule, a cadence or a question.
    `cases` are those of all rules, worked out once, not for each person.
    """

    version: str
    tips: Mapping[str, Tip]
    rules: tuple[Rule, ...]
    follows: Mapping[Tag, tuple[str, ...]]
    cadence: Mapping[Theme, Cadence]
    rule_driven: tuple[RuleDriven, ...]
    questionnaire: Questionnaire
    cases: tuple[CaseOfRule, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Work out what each case forbids."""
        cases = tuple(
            CaseOfRule(
                rule=rule,
                case=case,
                forbids=frozenset(t.id for t in self.tips.values() if case.forbids(t)),
            )
            for rule in self.rules
            for case in rule.cases
        )
        object.__setattr__(self, "cases", cases)

    def on(self, today: date) -> "Catalogue":
        """What of it may still be said on a day: no tip whose review has expired."""
        tips = {
            name: tip
            for name, tip in self.tips.items()
            if not tip.is_expired(today=today)
        }
        return self if len(tips) == len(self.tips) else replace(self, tips=tips)
