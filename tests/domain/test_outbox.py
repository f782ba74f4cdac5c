"""What an SMTP answer means for a message."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.outbox import (
    Accepted,
    Deferred,
    Kind,
    Rejected,
    State,
    Unknown,
    at_once,
    settle,
)
from tests.builders import NOON, message


def test_an_accepted_message_is_sent():
    settled = settle(message(), Accepted(reply="for a@example.org"), now=NOON)

    assert (settled.state, settled.reason) == (State.SENT, "accepted")


def test_a_rejected_message_has_failed():
    outcome = Rejected(code=550, enhanced="5.1.1", reply="no such user")

    settled = settle(message(), outcome, now=NOON)

    assert (settled.state, settled.reason) == (State.FAILED, "550 5.1.1")


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 5), (3, 15), (9, 15)])
def test_a_refusal_for_now_is_tried_again_later_and_later(attempts, minutes):
    outcome = Deferred(code=451, reply="try again")

    settled = settle(message(attempts=attempts), outcome, now=NOON)

    assert settled.state is State.DUE
    assert settled.not_before == NOON + timedelta(minutes=minutes)


def test_a_refusal_near_the_deadline_is_the_end_of_it():
    late = message(attempts=1, expires_at=NOON + timedelta(seconds=30))

    settled = settle(late, Deferred(code=451, reply="try again"), now=NOON)

    assert settled.state is State.EXPIRED


def test_a_reminder_that_may_have_arrived_is_never_sent_again():
    settled = settle(message(attempts=1), Unknown(reason="hung up"), now=NOON)

    assert (settled.state, settled.reason) == (State.UNKNOWN, "hung up")


@pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.MANAGE_LINK])
def test_a_mail_that_somebody_waits_for_is_rather_sent_twice_than_never(kind):
    waited_for = at_once(kind, subscriber_id=1, address="a@example.org", now=NOON)

    first = settle(replace(waited_for, attempts=1), Unknown(reason="lost"), now=NOON)
    second = settle(replace(waited_for, attempts=2), Unknown(reason="lost"), now=NOON)

    assert (first.state, second.state) == (State.DUE, State.UNKNOWN)


def test_why_no_relay_could_be_asked_is_kept_for_the_operator():
    settled = settle(message(attempts=1), Deferred(code=0, reply="no answer"), now=NOON)

    assert (settled.state, settled.reason) == (State.DUE, "no answer")
