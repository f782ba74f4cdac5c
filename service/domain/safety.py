"""The hard rules: which tips may be said to a person at all. Default deny.

A tip may be said only if it is in the person's pool (their causes, everyone's, what
the rules put in place, and what comes to them by rule), every tag that blocks it is known to be absent, each
group of tags that it requires is met, and no rule forbids it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from service.domain.risk import Cause, RiskProfile, Tag
from service.domain.tips import Catalogue, Rule, RuleCase, Theme, Tip


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A tip of the person's pool that may not be said, and why, in words."""

    tip: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The outcome for one person.

    `rules` are the ids of the rules that apply to them; `replaced_by` maps a tip that
    is in the pool only because a rule put it there to that rule's id.
    """

    tips: tuple[Tip, ...]
    refused: tuple[Refused, ...]
    rules: tuple[str, ...]
    replaced_by: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one rule that applies does to a person's pool, whatever others do.

    `forbids` are the tips that it takes away, `brings` those that it puts in.
    """

    rule: Rule
    forbids: tuple[str, ...]
    brings: tuple[str, ...]


def allow(profile: RiskProfile, catalogue: Catalogue) -> Allowed:
    """Every tip that may be said to this profile, and why the others may not."""
    cases = _applying(profile, catalogue)
    replaced_by = _replacements(profile, catalogue, cases)
    pool = _pool(profile, catalogue, replaced_by)
    tips: list[Tip] = []
    refused: list[Refused] = []
    for tip in pool:
        why = refusal(tip, profile, cases)
        if why is None:
            tips.append(tip)
        else:
            refused.append(Refused(tip=tip.id, why=why))
    return Allowed(
        tips=tuple(tips),
        refused=tuple(refused),
        rules=tuple(dict.fromkeys(rule.id for rule, _ in cases)),
        replaced_by=replaced_by,
    )


def effects(profile: RiskProfile, catalogue: Catalogue) -> tuple[Effect, ...]:
    """What each rule that applies to this profile does, in the order of the rules."""
    cases = _applying(profile, catalogue)
    pool = _pool(profile, catalogue, _replacements(profile, catalogue, cases))
    found: list[Effect] = []
    for rule in dict.fromkeys(rule for rule, _ in cases):
        own = [(other, case) for other, case in cases if other is rule]
        forbidden = [t.id for t in pool if any(_forbids(case, t) for _, case in own)]
        brought = _replacements(profile, catalogue, own)
        found.append(Effect(rule=rule, forbids=tuple(forbidden), brings=tuple(brought)))
    return tuple(found)


def refusal(
    tip: Tip, profile: RiskProfile, cases: list[tuple[Rule, RuleCase]]
) -> str | None:
    """Why the tip may not be said to this profile, or None if it may."""
    if profile.may_have_any(tip.blocks):
        blocking = min(tag for tag in tip.blocks if profile.may_have(tag))
        known = "present" if blocking in profile.present else "not ruled out"
        return f"blocked by {blocking} ({known})"
    for group in tip.requires:
        if not group & profile.present:
            return f"requires {' or '.join(sorted(group))}"
    if Tag.SEATED_ONLY in profile.present and "stretch_standing" in tip.content:
        return "they stretch sitting down"
    for rule, case in cases:
        if _forbids(case, tip):
            return f"rule {rule.id}: {rule.says}"
    return None


def _applying(
    profile: RiskProfile, catalogue: Catalogue
) -> list[tuple[Rule, RuleCase]]:
    return [
        (rule, case)
        for rule in catalogue.rules
        for case in rule.cases
        if profile.may_have_any(case.when)
    ]


def _pool(
    profile: RiskProfile, catalogue: Catalogue, replaced_by: Mapping[str, str]
) -> list[Tip]:
    """The tips that are looked at for this profile; the rest is not about them."""
    driven = {d.tip for d in catalogue.rule_driven if d.when & profile.present}
    own = {Cause.UNIVERSAL, *profile.causes}
    return [
        tip
        for tip in catalogue.tips.values()
        if tip.cause in own or tip.id in replaced_by or tip.id in driven
    ]


def _replacements(
    profile: RiskProfile, catalogue: Catalogue, cases: list[tuple[Rule, RuleCase]]
) -> dict[str, str]:
    """Tips that rules bring in from outside the person's own pool.

    An answer that was not given forbids, but brings nothing in: advice for pregnancy
    is not for everyone who would rather not say.
    """
    own = {Cause.UNIVERSAL, *profile.causes}
    return {
        tip: rule.id
        for rule, case in cases
        if case.when & profile.present
        for tip in case.instead
        if tip in catalogue.tips and catalogue.tips[tip].cause not in own
    }


def _forbids(case: RuleCase, tip: Tip) -> bool:
    if case.stop:
        return True
    if tip.id in case.instead or tip.id in case.spare:
        return False
    if case.only is not None and tip.theme is not Theme.CARE:
        return tip.id not in case.only
    return (
        bool(case.never & tip.content)
        or tip.theme in case.never_themes
        or tip.id in case.never_tips
        or tip.cause in case.never_causes
    )
