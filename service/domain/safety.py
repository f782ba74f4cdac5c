"""The hard rules: which tips may be said to a person at all. Default deny.

A tip may be said only if it is in the person's pool (their causes, everyone's, what
follows from the conditions and medicines that they told us of, what the rules put in
place, and what comes to them by rule), every tag that blocks it is known to be absent,
each group of tags that it requires is met, no rule forbids it, and they may be told
none of the tips that it is there instead of.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from service.domain.risk import Cause, RiskProfile, Tag
from service.domain.tips import CaseOfRule, Catalogue, Rule, Tip
from service.domain.tonight import Ground, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A tip of the person's pool that may not be said, and why, in words."""

    tip: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The outcome for one person.

    `rules` are the ids of the rules that apply to them; `brought` gives, for a tip that
    what they told us brings in whatever cause they ticked, the reason.
    """

    tips: tuple[Tip, ...]
    refused: tuple[Refused, ...]
    rules: tuple[str, ...]
    brought: Mapping[str, Reason]


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
    brought = _brought(profile, catalogue, cases)
    # The first rule that forbids a tip names the reason, so it is put in last.
    forbidden: dict[str, Rule] = {}
    for found in reversed(cases):
        forbidden.update(dict.fromkeys(found.forbids, found.rule))
    tips: dict[str, Tip] = {}
    refused: list[Refused] = []
    # A tip stands below those that it is there instead of: the catalogue sees to that.
    for tip in _pool(profile, catalogue, brought):
        why = refusal(tip, profile, forbidden)
        if why is None and not tip.instead_of.isdisjoint(tips):
            why = f"said only where {' and '.join(sorted(tip.instead_of))} may not be"
        if why is None:
            tips[tip.id] = tip
            if unsaid := _unsaid(tip, profile, catalogue, cases):
                brought[tip.id] = unsaid
        else:
            refused.append(Refused(tip=tip.id, why=why))
    return Allowed(
        tips=tuple(tips.values()),
        refused=tuple(refused),
        rules=tuple(dict.fromkeys([found.rule.id for found in cases])),
        brought=brought,
    )


def effects(profile: RiskProfile, catalogue: Catalogue) -> tuple[Effect, ...]:
    """What each rule that applies to this profile does, in the order of the rules."""
    cases = _applying(profile, catalogue)
    pool = _pool(profile, catalogue, _brought(profile, catalogue, cases))
    found: list[Effect] = []
    for rule in dict.fromkeys(case.rule for case in cases):
        own = [case for case in cases if case.rule is rule]
        forbidden = [t.id for t in pool if any(t.id in case.forbids for case in own)]
        brings = _replacements(profile, catalogue, own)
        found.append(Effect(rule=rule, forbids=tuple(forbidden), brings=tuple(brings)))
    return tuple(found)


def refusal(
    tip: Tip, profile: RiskProfile, forbidden: Mapping[str, Rule]
) -> str | None:
    """Why the tip may not be said to this profile, or None if it may.

    `forbidden` are the tips that rules forbid them, each with its rule.
    """
    if told := tip.blocks & profile.present:
        return f"blocked by {min(told)} (present)"
    if open_ := tip.blocks & profile.unknown:
        known = "not asked yet" if min(open_) in profile.unasked else "not ruled out"
        return f"blocked by {min(open_)} ({known})"
    for group in tip.requires:
        if not group & profile.present:
            return f"requires {' or '.join(sorted(group))}"
    if Tag.SEATED_ONLY in profile.present and "stretch_standing" in tip.content:
        return "they stretch sitting down"
    rule = forbidden.get(tip.id)
    return None if rule is None else f"rule {rule.id}: {rule.says}"


def _applying(profile: RiskProfile, catalogue: Catalogue) -> list[CaseOfRule]:
    return [one for one in catalogue.cases if profile.may_have_any(one.case.when)]


def _pool(
    profile: RiskProfile, catalogue: Catalogue, brought: Mapping[str, Reason]
) -> list[Tip]:
    """The tips that are looked at for this profile; the rest is not about them."""
    extra = {d.tip for d in catalogue.rule_driven if d.when & profile.present}
    extra.update(brought)
    own = {Cause.UNIVERSAL, *profile.causes}
    return [
        tip for tip in catalogue.tips.values() if tip.cause in own or tip.id in extra
    ]


def _brought(
    profile: RiskProfile, catalogue: Catalogue, cases: list[CaseOfRule]
) -> dict[str, Reason]:
    """Tips that what a person told us brings in, whatever cause they ticked.

    An answer that was not given forbids, but brings nothing in: advice for pregnancy
    is not for everyone who would rather not say.
    """
    brought = {
        tip: Reason(ground=Ground.TOLD, subject=tag)
        for tag, tips in catalogue.follows.items()
        if tag in profile.present
        for tip in tips
    }
    for tip, rule in _replacements(profile, catalogue, cases).items():
        brought[tip] = Reason(ground=Ground.RULE, subject=rule)
    return brought


def _unsaid(
    tip: Tip, profile: RiskProfile, catalogue: Catalogue, cases: list[CaseOfRule]
) -> Reason | None:
    """The reason for a tip that is there instead of others, if it is what was not said.

    Only what the person was not asked, or would rather not say, keeps those away.
    """
    kept_away: set[Tag] = set()
    for other in tip.instead_of & catalogue.tips.keys():
        kept_away |= catalogue.tips[other].blocks
        for found in cases:
            kept_away |= found.case.when if other in found.forbids else set()
    unknown = kept_away & profile.unknown
    if not unknown or kept_away & profile.present:
        return None
    is_asked = not unknown <= profile.unasked
    ground = Ground.NOT_SAID if is_asked else Ground.NOT_ASKED
    return Reason(ground=ground, subject=min(unknown))


def _replacements(
    profile: RiskProfile, catalogue: Catalogue, cases: list[CaseOfRule]
) -> dict[str, str]:
    """Tips that rules put in place and that no ticked cause brings, by rule."""
    return {
        tip: found.rule.id
        for found in cases
        if found.case.when & profile.present
        for tip in found.case.instead
        if tip in catalogue.tips and catalogue.tips[tip].cause not in profile.causes
    }
