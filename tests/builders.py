"""Values for tests: a builder knows a plain answer, a test names what matters to it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from service.content.refusals import load_refusals
from service.domain.claim import Proof
from service.domain.memory import RefusedReminder
from service.domain.outbox import Kind, Message, Refused
from service.domain.records import parse_answers
from service.domain.refusals import Said, Stage, Verdict
from service.domain.risk import (
    Answers,
    Cause,
    Questionnaire,
    RiskProfile,
    Tag,
    assess,
)
from service.domain.subscriber import (
    Evening,
    Frequency,
    Person,
    Status,
    Subscriber,
)
from service.domain.tips import (
    Cadence,
    Catalogue,
    Evidence,
    Rule,
    RuleCase,
    RuleDriven,
    Theme,
    Tip,
    When,
)
from service.settings import HERE

#: Who is to blame, as the table says that comes with the product.
REFUSALS = load_refusals(HERE / "config")
#: What the browser of a form can claim its answers with.
BROWSER = Proof(browser="b" * 64, code="4821")
TODAY = date(2026, 11, 23)
#: Noon in London on TODAY.
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def relay_refused(
    stage: Stage, code: int, enhanced: str = "", reply: str = ""
) -> Refused:
    """A relay's no, and what the table says of it."""
    said = Said(stage=stage, code=code, enhanced=enhanced, words=reply)
    return Refused(
        stage=stage,
        code=code,
        enhanced=enhanced,
        reply=reply,
        ruling=REFUSALS.ruling(said),
    )


HEALTHY: dict[str, object] = {
    "causes": ["fatigue"],
    "conditions": [],
    "pregnancy": "no",
    "medicines": [],
    "alcohol": "alc_low",
    "severe": False,
    "country": "GB",
    "stretching": "standing",
    "asked": "2026-11-29",
}


def answers(answered_on: date = TODAY, **said: object) -> Answers:
    """Answers of somebody with nothing to watch out for, but for what is named."""
    return parse_answers({**HEALTHY, **said}, answered_on=answered_on)


def profile(night: date = TODAY, **said: object) -> RiskProfile:
    """The risk profile of such answers, given on the night itself."""
    return assess(answers(answered_on=night, **said), Questionnaire(), night=night)


def tip(id_: str = "F1", **named: Any) -> Tip:
    """A tip about stretching for muscle fatigue that anyone may be told."""
    plain: dict[str, Any] = {
        "cause": Cause.FATIGUE,
        "theme": Theme.STRETCHING,
        "when": When.TONIGHT,
        "content": frozenset[str](),
        "blocks": frozenset[Tag](),
        "requires": (),
        "instead_of": frozenset[str](),
        "every": 1,
        "evidence": Evidence.LOW,
        "is_warning": False,
        "sources": ("S09",),
        "reviewed_by": "",
        "reviewed_on": None,
        "expires_on": None,
    }
    return Tip(id=id_, **{**plain, **named})


def case(*when: Tag, **named: Any) -> RuleCase:
    """A case of a rule about these tags that forbids and replaces nothing."""
    plain: dict[str, Any] = {
        "never": frozenset[str](),
        "never_themes": frozenset[Theme](),
        "never_tips": frozenset[str](),
        "never_causes": frozenset[Cause](),
        "instead": (),
        "spare": frozenset[str](),
        "only": None,
        "stop": False,
    }
    return RuleCase(when=frozenset(when), **{**plain, **named})


def rule(id_: str, *cases: RuleCase) -> Rule:
    """A rule with these cases."""
    return Rule(id=id_, says=f"{id_} says no", because="", sources=(), cases=cases)


def catalogue(
    *tips: Tip,
    rules: tuple[Rule, ...] = (),
    rule_driven: tuple[RuleDriven, ...] = (),
    follows: dict[Tag, tuple[str, ...]] | None = None,
    cadence: dict[Theme, dict[str, Any]] | None = None,
) -> Catalogue:
    """A catalogue of these tips, any theme on any evening, care in its fixed place."""
    plain: dict[str, Any] = {"label": "", "gap": 0, "weekdays": frozenset[int]()}
    named = cadence or {}
    return Catalogue(
        version="test",
        tips={each.id: each for each in tips},
        rules=rules,
        follows=follows or {},
        cadence={
            theme: Cadence(
                **{
                    "theme": theme,
                    "fixed": theme is Theme.CARE,
                    **plain,
                    **named.get(theme, {}),
                }
            )
            for theme in Theme
        },
        rule_driven=rule_driven,
        questionnaire=Questionnaire(),
    )


def evening(
    zone: str = "Europe/London",
    minute: int = 19 * 60,
    frequency: Frequency = Frequency.EVERY,
    *,
    is_zone_confirmed: bool = False,
) -> Evening:
    """Seven o'clock in London, every evening.

    Another zone must be of the person's country, or confirmed, to be an evening there.
    """
    return Evening(
        zone=zone,
        minute=minute,
        frequency=frequency,
        is_zone_confirmed=is_zone_confirmed,
    )


def subscriber(id_: int = 1, **named: Any) -> Subscriber:
    """An active subscriber."""
    plain: dict[str, Any] = {
        "person": Person(address=f"person{id_}@example.org", answers=answers()),
        "evening": evening(),
        "language": "en",
        "status": Status.ACTIVE,
        "started_on": TODAY,
    }
    return Subscriber(id=id_, **{**plain, **named})


def refused(id_: int = 1, **named: Any) -> RefusedReminder:
    """A reminder of tonight that the mailbox of a well known provider was too full for."""
    plain: dict[str, Any] = {
        "night": TODAY,
        "verdict": Verdict.UNDELIVERED,
        "words": "552 5.2.2 full",
        "relay": "relay:25",
        "domain": "gmail.com",
        "sent_at": NOON,
    }
    return RefusedReminder(subscriber_id=id_, **{**plain, **named})


def message(id_: int = 1, **named: Any) -> Message:
    """A reminder that is due at NOON and has two hours."""
    plain: dict[str, Any] = {
        "night": TODAY,
        "kind": Kind.REMINDER,
        "attempts": 0,
        "not_before": NOON,
        "expires_at": NOON + timedelta(hours=2),
        "payload": "{}",
    }
    return Message(subscriber_id=id_, **{**plain, **named})
