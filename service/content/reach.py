"""Which tips nobody could ever be told: a slip in a tip or a rule, never a wish."""

from collections.abc import Iterator
from itertools import product

from service.domain.risk import DRINKING, IMPLIED, Cause, RiskProfile, Tag
from service.domain.safety import allow
from service.domain.tips import Catalogue, Tip

REGIONS = (Tag.REGION_OTHER, Tag.REGION_UK, Tag.REGION_US)


def unreachable(catalogue: Catalogue) -> tuple[str, ...]:
    """The ids of tips that may be said to no possible profile."""
    reached: set[str] = set()
    for cause in Cause:
        reached |= _told(catalogue, _profile((cause,), {Tag.ALC_LOW}, REGIONS[0]))
    return tuple(
        tip.id
        for tip in catalogue.tips.values()
        if tip.id not in reached
        and not any(
            tip.id in _told(catalogue, profile)
            for profile in _most_likely(tip, catalogue)
        )
    )


def _told(catalogue: Catalogue, profile: RiskProfile) -> set[str]:
    return {tip.id for tip in allow(profile, catalogue).tips}


def _most_likely(tip: Tip, catalogue: Catalogue) -> Iterator[RiskProfile]:
    """Profiles with what the tip requires and as little else as can be.

    A tip is reached by its own cause, by a rule that puts it in place, or by what a
    person told us. More tags than these would only block more, but for a tip that is
    instead of others: one of the tags has to block those.
    """
    ways: list[tuple[tuple[Cause, ...], set[Tag]]] = [((tip.cause,), set())]
    if tip.instead_of:
        ways += [((tip.cause,), {tag}) for tag in Tag]
    ways += [((), {tag}) for tag, tips in catalogue.follows.items() if tip.id in tips]
    ways += [
        ((), {tag})
        for rule in catalogue.rules
        for case in rule.cases
        if tip.id in case.instead
        for tag in sorted(case.when)
    ]
    met = [set(choice) for choice in product(*map(sorted, tip.requires))]
    for (causes, tags), needed in product(ways, met):
        present = tags | needed
        drinking = present & set(DRINKING) or set(DRINKING)
        regions = present & set(REGIONS) or set(REGIONS)
        if len(present & set(DRINKING)) > 1 or len(present & set(REGIONS)) > 1:
            continue
        for alcohol, region in product(sorted(drinking), sorted(regions)):
            yield _profile(causes, present | {alcohol}, region)


def _profile(causes: tuple[Cause, ...], tags: set[Tag], region: Tag) -> RiskProfile:
    implied = {IMPLIED[cause] for cause in causes if cause in IMPLIED}
    return RiskProfile(
        causes=causes,
        present=frozenset(tags | implied | {region}),
        unknown=frozenset(),
        country="",
    )
