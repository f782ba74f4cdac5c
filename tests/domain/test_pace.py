"""Laws of the pace: never more than allowed, and no less than it takes to be fair."""

from datetime import timedelta
from heapq import heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.pace import (
    EVENING,
    FIRST_DAY,
    LONGEST_HOLD,
    LOOK,
    NO_TRAFFIC,
    RECOVERY,
    ROUND,
    SLOWEST,
    UNLIMITED,
    WARM_UP_DAYS,
    bucket,
    limit,
    ramp,
)
from tests.builders import NOON, TODAY

RATES = st.floats(min_value=0.01, max_value=5000)
#: How long after one another messages ask, in milliseconds.
GAPS = st.lists(st.integers(min_value=0, max_value=20_000), min_size=1, max_size=50)
MOMENT = timedelta(microseconds=2)


@given(RATES, GAPS, st.integers(min_value=0, max_value=30))
def test_no_window_has_more_turns_than_rate_and_burst_allow(rate, gaps, rest):
    taken, now = bucket(rate, rest=timedelta(seconds=rest)), NOON
    turns = []
    for gap in gaps:
        now += timedelta(milliseconds=gap)
        taken, wait = taken.take(now=now)
        turns.append(now + wait)

    assert turns == sorted(turns)
    for first, start in enumerate(turns):
        for last, end in enumerate(turns[first:], start=first):
            # Datetimes are kept to the microsecond: each turn may be one early.
            slack = rate * 2e-6 * (last - first + 2)
            allowed = taken.burst + rate * (end - start).total_seconds() + slack
            assert last - first + 1 <= allowed


def test_a_full_bucket_gives_its_burst_at_once_and_then_the_rate():
    taken = bucket(10, rest=timedelta(seconds=0.5))
    waits = []
    for _ in range(8):
        taken, wait = taken.take(now=NOON)
        waits.append(round(wait.total_seconds(), 3))

    assert waits == [0, 0, 0, 0, 0, 0.1, 0.2, 0.3]


@given(RATES, st.integers(min_value=0, max_value=40))
def test_those_who_have_a_turn_in_time_are_counted_right(rate, before):
    taken = bucket(rate, rest=timedelta(seconds=1))
    for _ in range(before):
        taken, _ = taken.take(now=NOON)
    count = taken.tokens(within=LOOK, now=NOON)
    last = taken
    for number in range(min(count, 1000)):
        last, wait = last.take(now=NOON)
        # Each turn is rounded to a microsecond.
        assert wait <= LOOK + timedelta(microseconds=before + number + 1)


@given(RATES, st.integers(min_value=1, max_value=40))
def test_a_clock_that_is_set_back_keeps_no_bucket_empty_for_as_long(rate, taken):
    used = bucket(rate, rest=LOOK)
    for _ in range(taken):
        used, _ = used.take(now=NOON)
    back = NOON - timedelta(hours=3)

    assert used.wait(now=back) == timedelta()
    assert used.take(now=back) == bucket(rate, rest=LOOK).take(now=back)


@given(RATES)
def test_who_asks_with_an_old_time_gets_no_more_than_others(rate):
    used, _ = bucket(rate, rest=timedelta()).take(now=NOON)

    assert used.wait(now=NOON - LOOK) == used.wait(now=NOON) + LOOK


def test_a_domain_s_traffic_is_what_it_was_sent_lately():
    traffic, now = NO_TRAFFIC, NOON
    for _ in range(1000):
        now += timedelta(milliseconds=50)
        traffic = traffic.plus_one(now=now)

    assert traffic.rate(now=now) == pytest.approx(20, rel=0.05)
    assert traffic.rate(now=now + timedelta(minutes=5)) < 0.001
    # A clock that is set back does no harm.
    assert traffic.rate(now=NOON) == traffic.rate(now=now)


def test_a_domain_that_minds_gets_half_once_a_round():
    cut = limit(8).cut(now=NOON)

    assert cut.rate == 4
    assert cut.cut(now=NOON + ROUND - MOMENT) is cut
    assert cut.cut(now=NOON + ROUND).rate == 2


def test_a_domain_that_refuses_us_starts_again_at_the_slowest():
    assert limit(8).cut_down(now=NOON).rate == SLOWEST
    assert limit(SLOWEST / 2).cut_down(now=NOON).rate == SLOWEST / 2


def test_a_domain_that_minds_no_more_has_its_rate_back_in_time_and_not_before():
    eased, now = limit(100).cut(now=NOON), NOON
    while not eased.is_full:
        now += timedelta(seconds=1)
        eased = eased.eased(now=now)

    assert now - NOON == pytest.approx(RECOVERY / 2, abs=timedelta(seconds=2))


@given(
    st.floats(min_value=0.05, max_value=2000),
    st.lists(st.tuples(st.booleans(), st.integers(min_value=0, max_value=100))),
)
def test_the_rate_of_a_domain_stays_within_its_bounds(full, events):
    present, now = limit(full), NOON
    for is_well, seconds in events:
        now += timedelta(seconds=seconds)
        before = present.rate
        present = present.eased(now=now) if is_well else present.cut(now=now)
        assert min(SLOWEST, full) <= present.rate <= full
        if is_well:
            most = before + full * (ROUND / RECOVERY)
            assert before <= present.rate <= most * (1 + 1e-9)
        else:
            assert present.rate >= before / 2


@given(st.floats(min_value=0.01, max_value=1), GAPS)
def test_who_is_held_comes_back_one_by_one_soon_and_in_order(rate, gaps):
    present, now, before = limit(rate), NOON, NOON
    gap = timedelta(seconds=1 / rate)
    for seconds in gaps:
        now += timedelta(milliseconds=seconds)
        present, slot = present.pass_or_hold(now=now)
        if slot:
            assert now < slot <= now + LONGEST_HOLD
            # Only when there is no place left does a new round begin.
            assert slot >= before + gap or before + gap > now + LONGEST_HOLD
            before = slot


@pytest.mark.parametrize("rate", [0.5, 7, 40])
@pytest.mark.parametrize("crowd", [1.2, 20])
def test_held_messages_use_the_whole_rate(rate, crowd):
    present, going = limit(rate), 0
    waiting = [(NOON, number) for number in range(int(rate * 100 * crowd))]
    end = NOON + timedelta(seconds=100)
    while waiting[0][0] < end:
        now, number = heappop(waiting)
        present, slot = present.pass_or_hold(now=now)
        if slot:
            heappush(waiting, (slot, number))
        else:
            going += 1

    assert rate * 100 - 1 <= going <= rate * 100 + present.bucket.burst


def test_a_new_sender_starts_low_grows_daily_and_is_free_in_the_end():
    def a_day(day: int) -> float:
        rate = ramp(TODAY, today=TODAY + timedelta(days=day))
        return rate * EVENING.total_seconds()

    assert a_day(0) == pytest.approx(FIRST_DAY)
    assert a_day(-3) == pytest.approx(FIRST_DAY)
    assert a_day(1) == pytest.approx(300)
    assert a_day(16) > 100_000
    assert a_day(WARM_UP_DAYS) == UNLIMITED
