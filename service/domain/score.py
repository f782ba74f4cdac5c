"""What a tip is worth tonight, and the seeded draw: integers, exact and repeatable.

The score is evidence + match with the causes - rest; what is learned from answers
will be one more term of `score`. The draw is a softmax with a share of exploration.
"""

import hashlib
from decimal import Decimal
from functools import cache
from math import lcm

from service.domain.tips import Evidence, Theme, Tip

#: One basis point is 0.01 percentage point of "helpful".
EVIDENCE_BP = {
    Evidence.HIGH: 900,
    Evidence.MODERATE: 700,
    Evidence.LOW: 450,
    Evidence.VERY_LOW: 250,
    Evidence.EXPERT: 150,
}
MATCH_BP = 300
TIP_REST_BP, TIP_HALF_LIFE = 3000, 15
THEME_REST_BP, THEME_HALF_LIFE = 600, 3
#: The setting for the first 2,000 answers: in effect the evidence rule with a seed.
TAU_BP = 100
EXPLORE_PERCENT = 5


def score(
    tip: Tip, *, is_match: bool, tip_rest: int | None, theme_rest: int | None
) -> int:
    """A tip's value tonight in basis points; rests in nights, None = never said."""
    value = EVIDENCE_BP[tip.evidence] + (MATCH_BP if is_match else 0)
    value -= _penalty(TIP_REST_BP, TIP_HALF_LIFE, tip_rest)
    return value - _penalty(THEME_REST_BP, THEME_HALF_LIFE, theme_rest)


def softmax(scores: list[int]) -> list[int]:
    """Integer weights, proportional to exp(score / tau); the best has 2**32."""
    best = max(scores)
    return [_weight(best - value) for value in scores]


def explore(weights: list[int], themes: list[Theme]) -> list[int]:
    """The weights mixed with the exploration share: even over themes, then tips."""
    sizes = {theme: themes.count(theme) for theme in themes}
    scale = lcm(*sizes.values())
    total = sum(weights)
    exploit = (100 - EXPLORE_PERCENT) * len(sizes) * scale
    return [
        exploit * weight + EXPLORE_PERCENT * total * (scale // sizes[theme])
        for weight, theme in zip(weights, themes, strict=True)
    ]


def draw(seed: str, total: int) -> int:
    """A number from 0 to total - 1, even, and always the same for one seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    return (int.from_bytes(digest, "big") * total) >> 256


@cache
def _weight(behind: int) -> int:
    # Decimal's exp is rounded correctly everywhere; the C library's is not.
    return max(1, int((Decimal(-behind) / TAU_BP).exp() * 2**32))


@cache
def _penalty(size: int, half_life: int, nights: int | None) -> int:
    if nights is None:
        return 0
    return int(size * Decimal(2) ** (Decimal(-nights) / half_life))
