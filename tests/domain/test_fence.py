"""Whose refusals count: how the others fared on the same night."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.fence import (
    NIGHTS_EXCUSED,
    Fence,
    Group,
    Tally,
    fence,
    is_closed,
    nights_down,
)

TALLIES = st.integers(0, 400).flatmap(
    lambda known: st.builds(Tally, known=st.just(known), refused=st.integers(0, known))
)


def group(**named):
    return Group(**{"relay": "r:25", "mailbox": "gmail", "has_reply": True, **named})


def judged(here, relay, *, nights=0, **named):
    return fence(group(**named), Tally(**here), Tally(**relay), nights_down=nights)


GOOD = {"known": 100, "refused": 2}


@pytest.mark.parametrize(
    ("here", "relay", "is_worth"),
    [
        # The provider itself, asked about the others: the one refused is none of them.
        ({"known": 6, "refused": 1}, GOOD, Fence.OPEN),
        ({"known": 6, "refused": 3}, GOOD, Fence.OPEN),
        ({"known": 6, "refused": 4}, GOOD, Fence.HELD),
        ({"known": 100, "refused": 100}, GOOD, Fence.HELD),
        # A good provider through a relay that fares badly elsewhere.
        ({"known": 50, "refused": 1}, {"known": 100, "refused": 90}, Fence.OPEN),
        # Fewer than five others there: the relay over all providers.
        ({"known": 5, "refused": 5}, {"known": 100, "refused": 5}, Fence.RELAY),
        ({"known": 1, "refused": 1}, {"known": 100, "refused": 80}, Fence.HELD),
        # Fewer than five there too.
        ({"known": 1, "refused": 1}, {"known": 5, "refused": 2}, Fence.THIN),
        ({}, {"known": 5, "refused": 1}, Fence.THIN),
    ],
)
def test_a_refusal_counts_where_most_of_the_others_were_reached(here, relay, is_worth):
    assert judged(here, relay) is is_worth


def test_our_own_relay_s_word_counts_only_where_it_reached_somebody():
    here = {"known": 1, "refused": 1}
    nobody, somebody = {"known": 3, "refused": 3}, {"known": 3, "refused": 2}

    assert judged(here, nobody, has_reply=False) is Fence.HELD
    assert judged(here, somebody, has_reply=False) is Fence.THIN
    assert judged(here, nobody) is Fence.THIN


def test_what_went_by_an_unknown_relay_never_counts():
    whole = Tally(**GOOD)

    assert fence(group(relay=""), whole, whole, nights_down=0) is Fence.HELD


def test_a_provider_that_refused_most_for_ten_nights_is_not_excused_any_more():
    bad = {"known": 26, "refused": 26}

    assert judged(bad, GOOD, nights=NIGHTS_EXCUSED - 1) is Fence.HELD
    assert judged(bad, GOOD, nights=NIGHTS_EXCUSED) is Fence.OPEN


def test_nights_are_counted_while_the_relay_reaches_others_and_no_night_is_good():
    bad, well = Tally(known=20, refused=20), Tally(known=20)
    reaching, away = Tally(known=120, refused=25), Tally(known=120, refused=120)

    assert nights_down(bad, reaching, before=0) == 1
    assert nights_down(bad, reaching, before=8) == 9
    assert nights_down(bad, away, before=8) == 8
    assert nights_down(well, reaching, before=8) == 0
    # Four others say nothing about the relay.
    assert nights_down(bad, Tally(known=24, refused=20), before=3) == 3


def test_a_night_is_over_when_it_is_in_every_zone():
    night = date(2026, 11, 23)

    assert not is_closed(night, now=datetime(2026, 11, 24, 11, 59, tzinfo=UTC))
    assert is_closed(night, now=datetime(2026, 11, 24, 12, 0, tzinfo=UTC))


@given(here=TALLIES, relay=TALLIES, more=st.integers(1, 50))
def test_one_more_report_never_opens_a_fence(here, relay, more):
    worse = Tally(known=here.known, refused=min(here.refused + more, here.known))
    order = [Fence.OPEN, Fence.RELAY, Fence.THIN, Fence.HELD]

    before = fence(group(), here, relay, nights_down=0)
    after = fence(group(), worse, relay, nights_down=0)

    assert order.index(after) >= order.index(before)


@given(here=TALLIES, relay=TALLIES)
def test_nobody_is_blamed_where_no_other_was_reached(here, relay):
    nobody = Tally(known=here.known, refused=here.known)
    whole = Tally(known=relay.known + here.known, refused=relay.known + here.known)

    worth = fence(group(), nobody, whole, nights_down=0)

    assert worth is (Fence.HELD if whole.is_enough else Fence.THIN)
