"""A breaker: who fails too often is left alone, then asked with exactly one message."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.breaker import (
    ASTRAY,
    AWAY,
    CLOSED,
    MANY_DOMAINS,
    MANY_PEOPLE,
    NO_STREAK,
    OUR_MAIL,
    OUR_SENDER,
    POLICY,
    PROBE,
    SHUNNED,
    THROTTLED,
    Breaker,
    Fault,
    Gate,
    Streak,
    fault,
    is_before_a_recipient,
)
from service.domain.outbox import Accepted, Refused, Unknown, Unsent
from service.domain.refusals import Stage
from tests.builders import NOON, relay_refused

MOMENT = timedelta(seconds=1)


def no(code: int, enhanced: str = "", stage: Stage = Stage.RCPT) -> Refused:
    return relay_refused(stage, code, enhanced, "No")


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
        (no(550, "5.1.1"), None),
        (no(451, "4.7.1"), None),
        (no(550, "5.7.1"), None),
        (no(501), None),
        (no(550, "5.5.0"), None),
        (no(503, "5.5.1"), None),
        (no(530, "5.7.0"), None),
        (no(552, "5.3.4", Stage.MESSAGE), None),
        (no(554, "5.6.0", Stage.MESSAGE), None),
        (no(421), AWAY),
        (no(451, "4.3.0", Stage.MAIL), AWAY),
        (no(451, "4.3.0", Stage.DATA), AWAY),
        (Unsent(reason="gone"), AWAY),
        (Unknown(reason="gone"), AWAY),
        (no(535, "5.7.8", Stage.CONNECT), OUR_SENDER),
        (no(550, "5.1.1", Stage.MAIL), OUR_SENDER),
        (no(552, "5.3.4", Stage.MAIL), OUR_MAIL),
        (no(554, "5.1.1", Stage.DATA), OUR_MAIL),
        (no(554, "5.7.1", Stage.DATA), OUR_MAIL),
    ],
)
def test_only_what_is_about_all_mail_speaks_against_the_relay(outcome, found):
    assert fault(outcome) == found


@pytest.mark.parametrize(
    ("outcome", "is_before"),
    [
        (no(554, "5.7.1", Stage.CONNECT), True),
        (no(550, "5.1.8", Stage.MAIL), True),
        (no(550, "5.1.8"), False),
        (no(554, stage=Stage.DATA), False),
        (Unsent(reason="no connection"), True),
        (Unsent(reason="lost", stage=Stage.MAIL), False),
        (Unknown(reason="lost"), False),
        (Accepted(reply="ok"), False),
    ],
)
def test_what_comes_before_a_recipient_is_told_from_what_comes_after(
    outcome, is_before
):
    assert is_before_a_recipient(outcome) is is_before


def streak(*said: tuple[str, Refused]) -> Streak:
    found = NO_STREAK
    for recipient, refusal in said:
        found = found.and_then(recipient, refusal)
    return found


NOBODY = no(550, "5.1.1")


def people(count: int, domains: int, refusal: Refused = NOBODY):
    return [(f"{n}@{n % domains}.example", refusal) for n in range(count)]


@pytest.mark.parametrize(
    ("refusal", "found"),
    [
        (NOBODY, ASTRAY),
        (no(550), ASTRAY),
        (no(550, "5.4.4"), ASTRAY),
        (no(554, "5.7.1"), SHUNNED),
        (no(550, "4.7.1"), THROTTLED),
        (no(530, "5.7.0"), OUR_SENDER),
        (no(552, "5.3.4", Stage.MESSAGE), replace(OUR_MAIL, in_a_row=1)),
    ],
)
def test_the_same_refusal_for_ten_people_at_three_domains_is_about_the_relay(
    refusal, found
):
    assert streak(*people(MANY_PEOPLE, MANY_DOMAINS, refusal)).fault == found
    assert streak(*people(MANY_PEOPLE - 1, MANY_DOMAINS, refusal)).fault is None
    assert streak(*people(MANY_PEOPLE, MANY_DOMAINS - 1, refusal)).fault is None


@pytest.mark.parametrize("refusal", [no(451, "4.7.1"), no(455), no(451, "4.3.0")])
def test_what_may_pass_says_nothing_about_the_relay_however_many_hear_it(refusal):
    assert streak(*people(5 * MANY_PEOPLE, MANY_DOMAINS, refusal)).fault is None


def test_the_same_people_again_and_another_refusal_are_no_further_evidence():
    nine = people(MANY_PEOPLE - 1, MANY_DOMAINS)

    assert streak(*nine, *nine, *nine).fault is None
    assert streak(*nine, ("x@9.example", no(550, "5.7.1")), *nine).fault is None


def test_a_streak_that_tells_goes_on_telling_with_the_next():
    telling = streak(*people(MANY_PEOPLE, MANY_DOMAINS))

    assert telling.and_then("another@9.example", NOBODY) is telling
    assert telling.and_then("another@9.example", no(550, "5.7.1")).fault is None


@pytest.mark.parametrize(
    "refusal", [no(552, "5.2.2"), no(450, "4.2.1"), no(550, "5.6.7")]
)
def test_what_is_one_mailbox_s_own_trouble_neither_adds_to_it_nor_ends_it(refusal):
    assert streak(*people(99, 9, refusal)) == NO_STREAK
    telling = streak(*people(MANY_PEOPLE, MANY_DOMAINS))
    assert telling.and_then("x@x.example", refusal) is telling


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
