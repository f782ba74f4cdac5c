"""What a report or a complaint means, line by line."""

from dataclasses import replace

import pytest

from service.domain.feedback import (
    Bounced,
    Complained,
    Complaint,
    Ignored,
    Refusal,
    Report,
    Unusable,
    judged,
)
from service.domain.outbox import Kind
from service.domain.refusals import Meaning, Verdict
from service.domain.verp import Mailed
from tests.builders import REFUSALS, TODAY

MAILED = Mailed(subscriber_id=1, night=TODAY, kind=Kind.REMINDER)
ADA = "ada@example.org"


def refusal(status, diagnostic="", named=(ADA,)):
    return Refusal(named=named, status=status, diagnostic=diagnostic)


def meant(*refusals, theirs=(ADA,), is_prose=False):
    report = Report(traces=(), refusals=refusals, is_prose=is_prose)
    return judged(report, MAILED, theirs, REFUSALS)


DEAD = Bounced(
    mailed=MAILED,
    verdict=Verdict.DEAD,
    about=Meaning.NO_SUCH_ADDRESS,
    status="5.1.1",
)
FULL = Bounced(
    mailed=MAILED,
    verdict=Verdict.UNDELIVERED,
    about=Meaning.MAILBOX_FULL,
    status="5.2.2",
)


def test_a_report_says_who_is_to_blame_and_for_what():
    assert meant(refusal("5.1.1")) == DEAD
    assert meant(refusal("5.2.2", "smtp; 552 5.2.2 full")) == FULL
    ours = meant(refusal("5.7.26", "smtp; 550 5.7.26 unauthenticated"))
    assert (ours.verdict, ours.about) == (Verdict.OURS, Meaning.POLICY)


@pytest.mark.parametrize(
    ("status", "diagnostic", "is_local"),
    [
        ("4.4.1", "X-Postfix; connect to mx.example[192.0.2.1]:25: timed out", True),
        ("4.4.3", "X-Postfix; Name service error for name=x.example type=MX", True),
        ("5.4.4", "X-Postfix; Host or domain name not found", True),
        ("4.4.7", "", True),
        ("4.4.7", "smtp; 451 4.4.0 DNS of theirs is away", False),
        ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied", False),
        ("5.1.1", 'X-Postfix; unknown user: "ada"', False),
    ],
)
def test_what_our_own_relay_says_without_another_host_is_told_apart(
    status, diagnostic, is_local
):
    assert meant(refusal(status, diagnostic)).is_local is is_local


def test_a_report_that_the_mail_is_late_or_has_arrived_changes_nothing():
    assert meant() is Ignored.NOT_FINAL


def test_a_mail_that_was_passed_on_bounces_for_the_person_it_was_for():
    """Its token says whose it was; they are not reached where they had it sent."""
    elsewhere = refusal("5.1.1", named=("elsewhere@example.com",))

    assert meant(elsewhere) == DEAD
    assert meant(refusal("5.1.1", named=(ADA, "elsewhere@example.com"))) == DEAD


def test_of_several_recipients_the_person_s_own_counts():
    bob = refusal("5.1.1", named=("bob@example.org",))

    assert meant(bob, refusal("5.2.2")) == FULL
    assert meant(bob, refusal("5.2.2", named=("cas@example.org",))) == FULL


def test_a_report_that_names_nobody_is_about_whose_token_it_has():
    assert meant(refusal("5.1.1", named=()), theirs=()) == DEAD


def test_words_that_say_that_it_is_not_the_last_word_change_nothing():
    late = refusal("", "Delivery is delayed, we will keep trying", named=())

    assert meant(late, is_prose=True) is Ignored.NOT_FINAL


@pytest.mark.parametrize(
    ("words", "verdict", "is_unread"),
    [
        ("it could not be delivered: user unknown", Verdict.DEAD, False),
        ("it could not be delivered, we are sorry", Verdict.UNDELIVERED, True),
    ],
)
def test_a_report_in_words_counts_whether_a_row_knows_them_or_not(
    words, verdict, is_unread
):
    found = meant(refusal("", words, named=()), is_prose=True)

    assert (found.verdict, found.is_unread) == (verdict, is_unread)


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out"])
def test_a_complaint_is_the_last_word(kind):
    complaint = Complaint(traces=(), type=kind, named=())

    assert judged(complaint, MAILED, (), REFUSALS) == Complained(mailed=MAILED)
    about_bob = replace(complaint, named=("bob@example.org",))
    assert judged(about_bob, MAILED, (), REFUSALS) == Unusable(
        why="about another address"
    )


@pytest.mark.parametrize("kind", ["not-spam", "virus", "auth-failure", "other", ""])
def test_other_feedback_changes_nothing(kind):
    complaint = Complaint(traces=(), type=kind, named=())

    assert judged(complaint, MAILED, (), REFUSALS) is Ignored.WANTED
