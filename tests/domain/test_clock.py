from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.domain.clock import Reading, ahead
from tests.builders import NOON

SECONDS = st.floats(-1e6, 1e6)
WAITS = st.floats(0, 1000)
NOTHING = timedelta()
SLIP = timedelta(milliseconds=1)


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def reading(told, asked, answered):
    return Reading(told=told, asked=asked, answered=answered)


@given(offset=SECONDS, waits=WAITS, share=st.floats(0, 1))
def test_only_what_the_round_trip_does_not_explain_counts(offset, waits, share):
    told = after(offset + waits * share)

    found = ahead(told, before=NOON, after=after(waits))

    assert abs(found) <= abs(timedelta(seconds=offset)) + SLIP
    assert abs(abs(found) - abs(timedelta(seconds=offset))) <= timedelta(seconds=waits)
    if offset == 0:
        assert abs(found) <= SLIP


def test_a_clock_is_ahead_or_behind():
    around = {"before": NOON, "after": after(2)}

    assert ahead(after(12), **around) == timedelta(seconds=10)
    assert ahead(after(-10), **around) == timedelta(seconds=-10)
    assert ahead(after(1), **around) == NOTHING
    assert ahead(after(1), before=after(2), after=NOON) == NOTHING


@given(step=SECONDS, passed=st.floats(0, 1e6), first=WAITS, second=WAITS)
def test_a_step_is_what_neither_reading_explains(step, passed, first, second):
    before = reading(NOON, 0, first)
    asked = first + passed
    now = reading(after(asked + step), asked, asked + second)

    found = now.step_since(before)

    assert abs(found) <= abs(timedelta(seconds=step)) + SLIP
    slack = timedelta(seconds=first + second)
    assert abs(found - timedelta(seconds=step)) <= slack + SLIP


def test_a_clock_goes_on_from_the_middle_of_its_reading():
    assert reading(NOON, 10, 20).at(25) == after(10)
