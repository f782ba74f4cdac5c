"""What a report or a complaint means, line by line."""

from dataclasses import replace

import pytest

from service.domain.feedback import (
    Alarm,
    Bounced,
    Complained,
    Complaint,
    Ignored,
    Refusal,
    Report,
    Unusable,
    judged,
)
from service.domain.outbox import Kind, Meaning
from service.domain.refusals import Verdict
from service.domain.verp import Mailed
from tests.builders import TODAY

MAILED = Mailed(subscriber_id=1, night=TODAY, kind=Kind.REMINDER)
ADA = "ada@example.org"


def refused(status, diagnostic="", named=(ADA,)):
    return Refusal(named=named, status=status, diagnostic=diagnostic)


def meant(*refusals, theirs=(ADA,)):
    return judged(Report(traces=(), refusals=refusals), MAILED, theirs)


HARD = Bounced(mailed=MAILED, verdict=Verdict.DEAD)
SOFT = Bounced(mailed=MAILED, verdict=Verdict.UNDELIVERED)


@pytest.mark.parametrize(
    ("status", "diagnostic", "means"),
    [
        ("5.1.1", "smtp; 550 5.1.1 unknown", HARD),
        ("5.1.6", "", HARD),
        ("5.1.10", "", HARD),
        ("5.2.1", "smtp; 550 5.2.1 disabled", HARD),
        ("5.1.3", "", HARD),
        ("5.0.0", "smtp; 550 5.1.1 <ada@example.org> unknown", HARD),
        ("5.0.0", "smtp; 550 no such user here", HARD),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", SOFT),
        ("4.2.2", "smtp; 452 4.2.2 mailbox full", SOFT),
        ("5.1.2", "", SOFT),
        ("5.4.1", "", SOFT),
        ("4.4.7", "smtp; timed out", SOFT),
        ("4.4.1", "connect to 4.31.2.5: timed out", SOFT),
        ("4.0.0", "said by 5.1.1.5: later", SOFT),
        ("5.0.0", "smtp; 554 transaction failed", SOFT),
        ("", "", SOFT),
        ("5.4.4", "no route to host", Ignored.PASSING),
        ("4.7.0", "smtp; 421 4.7.0 slow down", Ignored.PASSING),
    ],
)
def test_a_report_says_how_lasting_the_trouble_is(status, diagnostic, means):
    assert meant(refused(status, diagnostic)) == means


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("5.7.1", Meaning.POLICY),
        ("5.7.26", Meaning.POLICY),
        ("5.7.515", Meaning.POLICY),
        ("5.1.8", Meaning.OUR_SENDER),
        ("5.3.4", Meaning.OUR_SIZE),
        ("5.6.0", Meaning.OUR_MESSAGE),
        ("5.5.2", Meaning.OUR_PROTOCOL),
    ],
)
def test_our_own_fault_is_an_alarm_and_nobody_s_bounce(status, meaning):
    assert meant(refused(status)) == Alarm(
        mailed=MAILED, meaning=meaning, status=status
    )


def test_a_report_that_the_mail_is_late_or_has_arrived_changes_nothing():
    assert meant() is Ignored.NOT_FINAL


def test_a_report_about_somebody_else_is_kept():
    bob = refused("5.1.1", named=("bob@example.org",))

    assert meant(bob) == Unusable(why="about another address")
    assert meant(bob, refused("5.2.2")) == SOFT


def test_a_report_that_names_nobody_is_about_whose_token_it_has():
    assert meant(refused("5.1.1", named=()), theirs=()) == HARD


def test_a_mail_that_was_passed_on_bounces_for_the_person_it_was_for():
    assert meant(refused("5.1.1", named=(ADA, "elsewhere@example.com"))) == HARD


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out"])
def test_a_complaint_is_the_last_word(kind):
    complaint = Complaint(traces=(), type=kind, named=())

    assert judged(complaint, MAILED, ()) == Complained(mailed=MAILED)
    about_bob = replace(complaint, named=("bob@example.org",))
    assert judged(about_bob, MAILED, ()) == Unusable(why="about another address")


@pytest.mark.parametrize("kind", ["not-spam", "virus", "auth-failure", "other", ""])
def test_other_feedback_changes_nothing(kind):
    complaint = Complaint(traces=(), type=kind, named=())

    assert judged(complaint, MAILED, ()) is Ignored.WANTED
