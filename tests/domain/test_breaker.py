"""A breaker: who fails too often is left alone, then asked with exactly one message."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.breaker import (
    AWAY,
    CLOSED,
    OUR_MAIL,
    OUR_SENDER,
    POLICY,
    PROBE,
    Breaker,
    Fault,
    Gate,
    fault,
)
from service.domain.outbox import Accepted, Refused, Stage, Unknown, Unsent
from tests.builders import NOON

MOMENT = timedelta(seconds=1)


def refused(code: int, enhanced: str = "", stage: Stage = Stage.RCPT) -> Refused:
    return Refused(stage=stage, code=code, enhanced=enhanced, reply="No")


def opened(fault: Fault, *, failures: int | None = None) -> Breaker:
    """A breaker after just so many failures as the fault allows, or as are given."""
    breaker = CLOSED
    for _ in range(fault.in_a_row if failures is None else failures):
        breaker = breaker.failed(fault, now=NOON)
    return breaker


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        (Accepted(reply="ok"), None),
        (refused(550, "5.1.1"), None),
        (refused(451, "4.7.1"), None),
        (refused(550, "5.7.1"), None),
        (refused(421), AWAY),
        (Unsent(reason="gone"), AWAY),
        (Unknown(reason="gone"), AWAY),
        (refused(535, "5.7.8", Stage.CONNECT), OUR_SENDER),
        (refused(552, "5.3.4", Stage.MESSAGE), OUR_MAIL),
        (refused(503, "5.5.1"), OUR_MAIL),
        (refused(554, "5.6.0", Stage.MESSAGE), OUR_MAIL),
    ],
)
def test_only_what_is_about_the_relay_or_us_speaks_against_the_relay(outcome, found):
    assert fault(outcome) == found


@pytest.mark.parametrize("fault", [AWAY, OUR_MAIL, POLICY])
def test_a_few_failures_in_a_row_open_it(fault):
    nearly = opened(fault, failures=fault.in_a_row - 1)

    assert nearly.gate(now=NOON) is Gate.CLOSED
    assert nearly.failed(fault, now=NOON).gate(now=NOON) is Gate.OPEN


def test_wrong_credentials_open_it_at_once():
    assert opened(OUR_SENDER, failures=1).gate(now=NOON) is Gate.OPEN


def test_a_success_between_starts_the_count_again():
    nearly = opened(AWAY, failures=AWAY.in_a_row - 1)

    assert nearly.succeeded(now=NOON) == CLOSED


def test_when_the_wait_is_over_exactly_one_message_passes():
    breaker = opened(AWAY)
    later = NOON + AWAY.first_wait

    assert breaker.gate(now=later - MOMENT) is Gate.OPEN
    assert breaker.gate(now=later) is Gate.HALF_OPEN
    assert breaker.passed(now=later).gate(now=later) is Gate.OPEN
    assert breaker.passed(now=later).gate(now=later + PROBE - MOMENT) is Gate.OPEN


def test_one_message_that_went_well_closes_it():
    later = NOON + AWAY.first_wait

    assert opened(AWAY).passed(now=later).succeeded(now=later + MOMENT) == CLOSED


def test_one_message_that_failed_opens_it_for_twice_as_long():
    later = NOON + AWAY.first_wait

    breaker = opened(AWAY).passed(now=later).failed(AWAY, now=later + MOMENT)

    assert breaker.until == later + MOMENT + 2 * AWAY.first_wait
    assert breaker.gate(now=later + MOMENT) is Gate.OPEN


def test_one_message_that_told_nothing_lets_the_next_try():
    later = NOON + AWAY.first_wait

    breaker = opened(AWAY).passed(now=later).unanswered(now=later + MOMENT)

    assert breaker.gate(now=later + MOMENT) is Gate.HALF_OPEN
    assert breaker.wait == AWAY.first_wait
    assert opened(AWAY).unanswered(now=NOON) == opened(AWAY)


def test_one_message_that_never_answers_is_given_up():
    later = NOON + AWAY.first_wait

    breaker = opened(AWAY).passed(now=later)

    assert breaker.gate(now=later + PROBE) is Gate.HALF_OPEN


def test_a_clock_that_is_set_back_keeps_nobody_waiting_for_as_long():
    breaker, back = opened(OUR_SENDER), NOON - timedelta(hours=1)

    assert breaker.gate(now=NOON - MOMENT) is Gate.OPEN
    assert breaker.gate(now=back) is Gate.HALF_OPEN
    assert breaker.passed(now=NOON).gate(now=back) is Gate.HALF_OPEN
    assert breaker.passed(now=back).gate(now=back) is Gate.OPEN


def test_what_was_on_its_way_when_it_opened_changes_nothing():
    breaker = opened(AWAY)

    assert breaker.failed(AWAY, now=NOON) == breaker
    assert breaker.succeeded(now=NOON) == breaker


def test_a_closed_one_notes_nothing_of_what_passes():
    assert CLOSED.passed(now=NOON) is CLOSED


@given(
    st.sampled_from([AWAY, OUR_SENDER, OUR_MAIL, POLICY]),
    st.lists(
        st.tuples(st.booleans(), st.integers(min_value=0, max_value=3600)), max_size=60
    ),
)
def test_whatever_happens_one_at_a_time_is_tried_and_no_wait_is_too_long(fault, events):
    breaker, now = CLOSED, NOON
    for is_well, seconds in events:
        now += timedelta(seconds=seconds)
        if breaker.gate(now=now) is Gate.OPEN:
            assert breaker.until - now <= max(fault.longest_wait, PROBE)
            continue
        was_closed = breaker.is_closed
        breaker = breaker.passed(now=now)
        assert breaker.gate(now=now) is (Gate.CLOSED if was_closed else Gate.OPEN)
        breaker = (
            breaker.succeeded(now=now) if is_well else breaker.failed(fault, now=now)
        )
        assert breaker.wait <= fault.longest_wait
        if is_well:
            assert breaker == CLOSED
