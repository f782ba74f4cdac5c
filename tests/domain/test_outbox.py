"""What an SMTP answer means for a message, line by line of the table."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.outbox import (
    Accepted,
    Kind,
    Meaning,
    Refused,
    Stage,
    State,
    Unknown,
    Unsent,
    at_once,
    meaning,
    put_back,
    settle,
)
from service.domain.refusals import Verdict
from tests.builders import NOON, message

MINUTE = timedelta(minutes=1)


def refused(answer: str, stage: Stage = Stage.RCPT) -> Refused:
    """A refusal from `550 5.1.1 words`; "-" where there is no enhanced code."""
    code, enhanced, *words = answer.split(" ", 2)
    return Refused(
        stage=stage,
        code=int(code),
        enhanced="" if enhanced == "-" else enhanced,
        reply=" ".join(words),
    )


@pytest.mark.parametrize(
    ("stage", "answer", "means"),
    [
        # The relay has no time; the message was not touched.
        (Stage.CONNECT, "421 - too busy", Meaning.RELAY_BUSY),
        (Stage.CONNECT, "450 -", Meaning.RELAY_BUSY),
        (Stage.MAIL, "421 4.3.2 shutting down", Meaning.RELAY_BUSY),
        (Stage.MESSAGE, "421 4.7.0", Meaning.RELAY_BUSY),
        # Refused for now.
        (Stage.RCPT, "451 4.7.1 greylisted", Meaning.SLOWER),
        (Stage.RCPT, "450 4.2.0 try again", Meaning.SLOWER),
        (Stage.RCPT, "452 4.5.3 too many recipients", Meaning.SLOWER),
        (Stage.MESSAGE, "452 4.3.1 no space", Meaning.SLOWER),
        (Stage.MAIL, "454 4.7.0 TLS not available", Meaning.SLOWER),
        (Stage.MESSAGE, "471 4.7.28 unusual rate", Meaning.SLOWER),
        (Stage.DATA, "441 4.4.1", Meaning.LATER),
        (Stage.RCPT, "552 - too many recipients", Meaning.LATER),
        (Stage.REPORT, "0 5.4.4 unable to route", Meaning.LATER),
        # The address.
        (Stage.RCPT, "550 5.1.1 no such user", Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "550 5.1.6 moved", Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "556 5.1.10 null MX", Meaning.NO_SUCH_ADDRESS),
        (Stage.MESSAGE, "550 5.2.1 disabled", Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "550 - User unknown", Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "550 - unknown recipient", Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "550 5.0.0 mailbox does not exist", Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "501 5.1.3 bad address syntax", Meaning.BAD_ADDRESS),
        (Stage.RCPT, "550 5.6.7 SMTPUTF8 needed", Meaning.BAD_ADDRESS),
        (Stage.RCPT, "553 - mailbox name not allowed", Meaning.BAD_ADDRESS),
        (Stage.RCPT, "552 5.2.2 over quota", Meaning.MAILBOX_FULL),
        (Stage.RCPT, "452 4.2.2 over quota", Meaning.MAILBOX_FULL),
        (Stage.RCPT, "550 5.1.2 bad domain", Meaning.NO_ROUTE),
        (Stage.RCPT, "550 5.4.1 no answer from host", Meaning.NO_ROUTE),
        (Stage.REPORT, "0 4.4.1 connection timed out", Meaning.NO_ROUTE),
        (Stage.REPORT, "0 5.1.1", Meaning.NO_SUCH_ADDRESS),
        # What the receiving domain thinks of us.
        (Stage.RCPT, "550 5.7.1 not authorised", Meaning.POLICY),
        (Stage.MESSAGE, "550 5.7.26 unauthenticated", Meaning.POLICY),
        (Stage.MESSAGE, "550 5.7.515 access denied", Meaning.POLICY),
        (Stage.MESSAGE, "554 - this looks like spam", Meaning.POLICY),
        (Stage.RCPT, "553 - not in my list of allowed rcpthosts", Meaning.POLICY),
        (Stage.RCPT, "553 - your envelope sender is in badmailfrom", Meaning.POLICY),
        (Stage.RCPT, "550 - relay not permitted", Meaning.POLICY),
        (Stage.RCPT, "550 5.0.0 Relaying denied", Meaning.POLICY),
        (Stage.RCPT, "550 - Administrative prohibition", Meaning.POLICY),
        (Stage.RCPT, "550 - Authentication required", Meaning.POLICY),
        (Stage.RCPT, "550 - Sender verify failed", Meaning.POLICY),
        (Stage.RCPT, "550 - Unknown sender domain", Meaning.POLICY),
        (Stage.MESSAGE, "554 - Email address is not verified", Meaning.POLICY),
        (Stage.RCPT, "554 - listed in an RBL", Meaning.POLICY),
        # What is our own fault.
        (Stage.MAIL, "530 5.7.0 authentication required", Meaning.OUR_SENDER),
        (Stage.MAIL, "535 5.7.8 bad credentials", Meaning.OUR_SENDER),
        (Stage.MAIL, "550 5.1.7 bad sender", Meaning.OUR_SENDER),
        (Stage.RCPT, "550 5.1.8 sender's domain", Meaning.OUR_SENDER),
        (Stage.MAIL, "550 5.7.1 sender rejected", Meaning.OUR_SENDER),
        (Stage.CONNECT, "554 - no service", Meaning.OUR_SENDER),
        (Stage.MESSAGE, "552 5.3.4 too big", Meaning.OUR_SIZE),
        (Stage.RCPT, "552 5.2.3 longer than allowed", Meaning.OUR_SIZE),
        (Stage.MAIL, "552 - size", Meaning.OUR_SIZE),
        (Stage.DATA, "503 5.5.1 bad sequence", Meaning.OUR_PROTOCOL),
        (Stage.RCPT, "500 - what", Meaning.OUR_PROTOCOL),
        (Stage.MESSAGE, "554 5.6.0 malformed", Meaning.OUR_MESSAGE),
        # Nobody knows.
        (Stage.RCPT, "550 - no", Meaning.UNCLEAR),
        (Stage.RCPT, "550 - unknown reverse DNS", Meaning.UNCLEAR),
        (Stage.MESSAGE, "554 - Transaction failed", Meaning.UNCLEAR),
        (Stage.MESSAGE, "554 5.0.0 failed", Meaning.UNCLEAR),
        (Stage.RCPT, "550 5.3.0 other", Meaning.UNCLEAR),
    ],
)
def test_each_answer_has_its_meaning(stage, answer, means):
    assert meaning(refused(answer, stage)) is means


def test_an_accepted_message_is_sent():
    settled = settle(message(), Accepted(reply="for a@example.org"), now=NOON)

    assert (settled.state, settled.reason) == (State.SENT, "accepted")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("550 5.1.1 no such user", Verdict.DEAD),
        ("553 - no", Verdict.DEAD),
        ("552 5.2.2 full", Verdict.UNDELIVERED),
        ("550 5.1.2 no domain", Verdict.UNDELIVERED),
        ("550 - no", Verdict.UNDELIVERED),
    ],
)
def test_a_refusal_for_good_ends_the_message_and_tells_of_the_address(answer, verdict):
    settled = settle(message(), refused(answer), now=NOON)

    assert (settled.state, settled.verdict) == (State.FAILED, verdict)
    assert "user" not in settled.reason


@pytest.mark.parametrize(
    "answer",
    ["550 5.7.1 x", "535 5.7.8 x", "552 5.3.4 x", "503 5.5.1 x", "554 5.6.0 x"],
)
def test_who_cannot_help_it_gets_the_mail_later(answer):
    settled = settle(message(attempts=1), refused(answer, Stage.MESSAGE), now=NOON)

    assert (settled.state, settled.verdict) == (State.DUE, None)


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (60, 30)],
)
def test_a_refusal_for_now_is_tried_again_later_and_later(attempts, minutes):
    one = message(attempts=attempts, expires_at=NOON + timedelta(hours=9))

    settled = settle(one, refused("451 4.7.1 try again"), now=NOON)

    assert settled.state is State.DUE
    wait = (settled.not_before - NOON) / MINUTE
    assert 0.8 * minutes <= wait <= 1.2 * minutes


def test_those_refused_together_do_not_come_back_together():
    answer = refused("451 4.7.1 try again")

    waits = {settle(message(n), answer, now=NOON).not_before for n in range(1, 60)}

    assert len(waits) > 50


@pytest.mark.parametrize(
    "outcome",
    [Unsent(reason="no answer"), refused("421 4.3.2 busy"), refused("450 -")],
)
def test_the_last_try_is_just_before_the_deadline(outcome):
    soon = NOON + timedelta(seconds=75)

    settled = settle(message(attempts=9, expires_at=soon), outcome, now=NOON)

    assert settled.state is State.DUE
    assert settled.not_before == NOON + timedelta(seconds=15)


def test_a_refusal_at_the_deadline_is_the_end_of_it():
    late = message(attempts=1, expires_at=NOON + timedelta(seconds=30))

    busy = settle(late, refused("451 4.7.1 try again"), now=NOON)
    full = settle(late, refused("452 4.2.2 full"), now=NOON)

    assert (busy.state, busy.verdict) == (State.EXPIRED, None)
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
    answer = Refused(stage=stage, code=code, enhanced=enhanced, reply="x")

    settled = settle(one, answer, now=NOON)

    assert settled.state in {State.DUE, State.FAILED, State.EXPIRED}
    if settled.state is State.DUE:
        assert NOON < settled.not_before < one.expires_at
