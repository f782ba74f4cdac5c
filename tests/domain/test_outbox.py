"""What an SMTP answer means for a message: its end, or another try inside its deadline."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.outbox import (
    Accepted,
    Kind,
    Refused,
    State,
    Unknown,
    Unsent,
    at_once,
    put_back,
    settle,
)
from service.domain.refusals import Stage, Verdict
from tests.builders import NOON, message, relay_refused

MINUTE = timedelta(minutes=1)


def answered(answer: str, stage: Stage = Stage.RCPT) -> Refused:
    """A refusal from `550 5.1.1 words`; "-" where there is no enhanced code."""
    code, enhanced, *words = answer.split(" ", 2)
    return relay_refused(stage, int(code), enhanced.strip("-"), " ".join(words))


def test_an_accepted_message_is_sent():
    settled = settle(message(), Accepted(reply="for a@example.org"), now=NOON)

    assert (settled.state, settled.reason) == (State.SENT, "accepted")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("550 5.1.1 no such user", Verdict.DEAD),
        ("550 5.5.0 mailbox unavailable", Verdict.UNDELIVERED),
        ("552 5.2.2 full", Verdict.UNDELIVERED),
        ("550 5.1.2 no domain", Verdict.UNDELIVERED),
        ("550 - no", Verdict.UNDELIVERED),
    ],
)
def test_a_refusal_for_good_ends_the_message_and_tells_of_the_address(answer, verdict):
    settled = settle(message(), answered(answer), now=NOON)

    assert (settled.state, settled.verdict) == (State.FAILED, verdict)
    assert "user" not in settled.reason


@pytest.mark.parametrize(
    "answer",
    ["550 5.7.1 x", "535 5.7.8 x", "552 5.3.4 x", "503 5.5.1 x", "554 5.6.0 x"],
)
def test_who_cannot_help_it_gets_the_mail_later(answer):
    settled = settle(message(attempts=1), answered(answer, Stage.MESSAGE), now=NOON)

    assert (settled.state, settled.verdict) == (State.DUE, None)


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (60, 30)],
)
def test_a_refusal_for_now_is_tried_again_later_and_later(attempts, minutes):
    one = message(attempts=attempts, expires_at=NOON + timedelta(hours=9))

    settled = settle(one, answered("451 4.7.1 try again"), now=NOON)

    assert settled.state is State.DUE
    wait = (settled.not_before - NOON) / MINUTE
    assert 0.8 * minutes <= wait <= 1.2 * minutes


def test_those_refused_together_do_not_come_back_together():
    answer = answered("451 4.7.1 try again")

    waits = {settle(message(n), answer, now=NOON).not_before for n in range(1, 60)}

    assert len(waits) > 50


@pytest.mark.parametrize(
    "outcome",
    [Unsent(reason="no answer"), answered("421 4.3.2 busy"), answered("450 -")],
)
def test_the_last_try_is_just_before_the_deadline(outcome):
    soon = NOON + timedelta(seconds=75)

    settled = settle(message(attempts=9, expires_at=soon), outcome, now=NOON)

    assert settled.state is State.DUE
    assert settled.not_before == NOON + timedelta(seconds=15)


def test_a_refusal_at_the_deadline_is_the_end_of_it():
    late = message(attempts=1, expires_at=NOON + timedelta(seconds=30))

    busy = settle(late, answered("451 4.7.1 try again"), now=NOON)
    full = settle(late, answered("452 4.2.2 full"), now=NOON)

    assert (busy.state, busy.verdict) == (State.EXPIRED, Verdict.OURS)
    assert (full.state, full.verdict) == (State.EXPIRED, Verdict.UNDELIVERED)


def test_a_relay_that_is_away_is_asked_again_soon_however_often_it_was():
    one = message(attempts=50)

    settled = settle(one, Unsent(reason="no answer"), now=NOON)

    assert (settled.state, settled.reason) == (State.DUE, "no answer")
    assert settled.not_before - NOON < MINUTE


def test_a_reminder_that_may_have_arrived_is_never_sent_again():
    settled = settle(message(attempts=1), Unknown(reason="hung up"), now=NOON)

    assert (settled.state, settled.reason) == (State.UNKNOWN, "hung up")


@pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.MANAGE_LINK])
def test_a_mail_that_somebody_waits_for_is_rather_sent_twice_than_never(kind):
    waited_for = at_once(kind, subscriber_id=1, address="a@example.org", now=NOON)

    first = settle(replace(waited_for, attempts=1), Unknown(reason="lost"), now=NOON)
    second = settle(replace(waited_for, attempts=2), Unknown(reason="lost"), now=NOON)

    assert (first.state, second.state) == (State.DUE, State.UNKNOWN)


def test_a_message_is_put_back_until_its_domain_takes_more_or_it_is_too_late():
    one = message()
    soon, late = NOON + MINUTE, one.expires_at

    back, gone = (put_back(one, "its domain rests", until=at) for at in (soon, late))

    assert (back.state, back.not_before) == (State.DUE, soon)
    assert (gone.state, gone.reason) == (State.EXPIRED, "its domain rests")


@given(
    stage=st.sampled_from(Stage),
    code=st.integers(min_value=400, max_value=599),
    enhanced=st.from_regex(r"([245]\.\d{1,3}\.\d{1,3})?", fullmatch=True),
    attempts=st.integers(min_value=1, max_value=100),
    left=st.integers(min_value=0, max_value=9000),
)
def test_no_answer_leads_past_the_deadline(stage, code, enhanced, attempts, left):
    one = message(attempts=attempts, expires_at=NOON + timedelta(seconds=left))
    answer = relay_refused(stage, code, enhanced, "x")

    settled = settle(one, answer, now=NOON)

    assert settled.state in {State.DUE, State.FAILED, State.EXPIRED}
    if settled.state is State.DUE:
        assert NOON < settled.not_before < one.expires_at
