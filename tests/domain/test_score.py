"""What a tip is worth, and a draw that is exact and repeatable."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from service.domain.score import draw, explore, score, softmax
from service.domain.tips import Evidence, Theme
from tests.builders import tip

SCORES = st.lists(st.integers(-4000, 2000), min_size=1, max_size=40)


def worth(evidence=Evidence.LOW, *, is_match=False, tip_rest=None, theme_rest=None):
    return score(
        tip(evidence=evidence),
        is_match=is_match,
        tip_rest=tip_rest,
        theme_rest=theme_rest,
    )


def test_better_evidence_is_worth_more():
    grades = (
        Evidence.EXPERT,
        Evidence.VERY_LOW,
        Evidence.LOW,
        Evidence.MODERATE,
        Evidence.HIGH,
    )

    assert [worth(grade) for grade in grades] == [150, 250, 450, 700, 900]


def test_a_tip_for_their_own_cause_is_worth_more():
    assert worth(is_match=True) > worth()


def test_what_was_said_lately_is_worth_less_and_recovers_by_half_in_15_nights():
    assert worth() - worth(tip_rest=0) == 3000
    assert worth() - worth(tip_rest=15) == 1500
    assert worth() - worth(tip_rest=30) == 750
    assert worth() - worth(theme_rest=3) == 300


@given(SCORES)
def test_a_higher_score_never_has_the_smaller_chance(scores):
    weights = softmax(scores)

    assert max(weights) == 2**32
    assert min(weights) >= 1
    ranked = [weight for _, weight in sorted(zip(scores, weights, strict=True))]
    assert ranked == sorted(ranked)


@given(SCORES, st.data())
def test_every_tip_keeps_its_share_of_exploration(scores, data):
    themes = [data.draw(st.sampled_from(Theme)) for _ in scores]

    shares = explore(softmax(scores), themes)

    total = sum(shares)
    for theme, share in zip(themes, shares, strict=True):
        even = 1 / (len(set(themes)) * themes.count(theme))
        assert share / total >= 0.05 * even * 0.999


@given(st.text(), st.integers(1, 2**80))
def test_a_draw_is_in_range_and_always_the_same(seed, total):
    assert 0 <= draw(seed, total) < total
    assert draw(seed, total) == draw(seed, total)


def test_draws_are_even():
    counts = Counter(draw(f"person {n}", 4) for n in range(8000))

    assert all(abs(count - 2000) < 200 for count in counts.values())
