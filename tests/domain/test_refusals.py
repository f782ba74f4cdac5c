"""Who is to blame for a refusal: the words, the remote's own code, the relay's digits."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.refusals import (
    ABOUT_ALL_MAIL,
    FITTING,
    LONGEST_WORDS,
    UNKNOWN,
    USUAL,
    Meaning,
    Refusals,
    Row,
    Ruling,
    Said,
    Stage,
    Verdict,
    spelled,
)
from tests.builders import REFUSALS

DEAD, UNDELIVERED, OURS = Verdict.DEAD, Verdict.UNDELIVERED, Verdict.OURS


def said(answer: str, stage: Stage = Stage.RCPT, *hosts: str) -> Said:
    """An answer, or a status and a diagnostic: `550 5.1.1 words`; "-" is no such code."""
    code, enhanced, *words = answer.split(" ", 2)
    return Said(
        stage=stage,
        code=int(code),
        enhanced=enhanced.strip("-"),
        words=" ".join(words),
        hosts=hosts,
    )


@pytest.mark.parametrize(
    ("stage", "answer", "verdict", "about"),
    [
        # About all mail: no recipient was named yet, or all of them were taken.
        (Stage.CONNECT, "421 - too busy", OURS, Meaning.RELAY_BUSY),
        (Stage.CONNECT, "450 -", OURS, Meaning.RELAY_BUSY),
        (Stage.CONNECT, "554 - no such user", OURS, Meaning.OUR_SENDER),
        (Stage.CONNECT, "535 5.7.8 bad credentials", OURS, Meaning.OUR_SENDER),
        (Stage.MAIL, "421 4.3.2 shutting down", OURS, Meaning.RELAY_BUSY),
        (Stage.MAIL, "454 4.7.0 TLS not available", OURS, Meaning.RELAY_BUSY),
        (Stage.MAIL, "530 5.7.0 authentication required", OURS, Meaning.OUR_SENDER),
        (Stage.MAIL, "550 5.1.7 bad sender", OURS, Meaning.OUR_SENDER),
        (Stage.MAIL, "550 5.1.1 no such user", OURS, Meaning.OUR_SENDER),
        (Stage.MAIL, "550 - user unknown", OURS, Meaning.OUR_SENDER),
        (Stage.MAIL, "552 - size", OURS, Meaning.OUR_SIZE),
        (Stage.MAIL, "501 5.5.4 syntax", OURS, Meaning.OUR_PROTOCOL),
        (Stage.DATA, "441 4.4.1", OURS, Meaning.RELAY_BUSY),
        (Stage.DATA, "503 5.5.1 bad sequence", OURS, Meaning.OUR_PROTOCOL),
        (Stage.DATA, "554 - no valid recipients", OURS, Meaning.OUR_PROTOCOL),
        # For now.
        (Stage.MESSAGE, "421 4.3.2 closing", OURS, Meaning.RELAY_BUSY),
        (Stage.RCPT, "421 -", OURS, Meaning.RELAY_BUSY),
        (Stage.RCPT, "451 4.7.1 greylisted", OURS, Meaning.SLOWER),
        (Stage.RCPT, "451 4.7.1", OURS, Meaning.SLOWER),
        (Stage.RCPT, "450 4.2.0 try again", UNDELIVERED, Meaning.SLOWER),
        (Stage.RCPT, "452 4.5.3 too many recipients", OURS, Meaning.SLOWER),
        (Stage.MESSAGE, "452 4.3.1 no space", OURS, Meaning.SLOWER),
        (Stage.MESSAGE, "471 4.7.28 unusual rate", OURS, Meaning.SLOWER),
        (Stage.RCPT, "441 4.4.1", UNDELIVERED, Meaning.LATER),
        (Stage.RCPT, "552 - what", UNDELIVERED, Meaning.LATER),
        # One mailbox that is busy or full.
        (Stage.RCPT, "450 4.2.1 busy", UNDELIVERED, Meaning.MAILBOX_BUSY),
        (Stage.RCPT, "450 4.2.2", UNDELIVERED, Meaning.MAILBOX_FULL),
        (Stage.RCPT, "452 4.2.2 over quota", UNDELIVERED, Meaning.MAILBOX_FULL),
        (Stage.RCPT, "450 - mailbox is locked", UNDELIVERED, Meaning.MAILBOX_BUSY),
        (Stage.RCPT, "452 - Mailbox full", UNDELIVERED, Meaning.MAILBOX_FULL),
        (Stage.RCPT, "552 5.2.2 over quota", UNDELIVERED, Meaning.MAILBOX_FULL),
        # The address.
        (Stage.RCPT, "550 5.1.1", DEAD, Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "551 5.1.6 moved", DEAD, Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "551 -", DEAD, Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "556 5.1.10", DEAD, Meaning.NO_SUCH_ADDRESS),
        (Stage.MESSAGE, "550 5.2.1 disabled", DEAD, Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "550 - User unknown", DEAD, Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "550 - Empfänger unbekannt", DEAD, Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "550 - 该用户不存在!", DEAD, Meaning.NO_SUCH_ADDRESS),
        (Stage.RCPT, "501 5.1.3 syntax", DEAD, Meaning.BAD_ADDRESS),
        (Stage.RCPT, "553 - mailbox name not allowed", UNDELIVERED, Meaning.UNCLEAR),
        (Stage.RCPT, "550 5.1.2 bad domain", UNDELIVERED, Meaning.NO_ROUTE),
        (Stage.RCPT, "550 5.4.1 no answer", UNDELIVERED, Meaning.NO_ROUTE),
        (Stage.RCPT, "556 -", UNDELIVERED, Meaning.NO_ROUTE),
        (Stage.RCPT, "550 5.5.0", UNDELIVERED, Meaning.UNCLEAR),
        (Stage.RCPT, "501 - what", UNDELIVERED, Meaning.UNCLEAR),
        (Stage.RCPT, "503 5.5.1 bad sequence", UNDELIVERED, Meaning.UNCLEAR),
        # About us.
        (Stage.MESSAGE, "503 5.5.1 bad sequence", OURS, Meaning.OUR_PROTOCOL),
        (Stage.RCPT, "550 5.7.1", OURS, Meaning.POLICY),
        (Stage.RCPT, "530 5.7.0 what", OURS, Meaning.OUR_SENDER),
        (Stage.RCPT, "550 5.1.8", OURS, Meaning.OUR_SENDER),
        (Stage.RCPT, "550 5.6.7 what", OURS, Meaning.OUR_RELAY),
        (Stage.RCPT, "552 5.2.3 longer", OURS, Meaning.OUR_SIZE),
        (Stage.MESSAGE, "552 -", OURS, Meaning.OUR_SIZE),
        (Stage.MESSAGE, "554 5.6.0", OURS, Meaning.OUR_MESSAGE),
        (Stage.MESSAGE, "550 5.7.515 access denied", OURS, Meaning.POLICY),
        (Stage.MESSAGE, "554 - this looks like spam", OURS, Meaning.POLICY),
        (Stage.RCPT, "553 - not in my list of allowed rcpthosts", OURS, Meaning.POLICY),
        (Stage.RCPT, "550 - envelope sender is in badmailfrom", OURS, Meaning.POLICY),
        (Stage.RCPT, "550 5.0.0 Relaying denied", OURS, Meaning.POLICY),
        (Stage.RCPT, "550 - Sender verify failed", OURS, Meaning.POLICY),
        # Reports.
        (Stage.REPORT, "0 4.7.0", OURS, Meaning.POLICY),
        (Stage.REPORT, "0 4.4.1 timed out", UNDELIVERED, Meaning.NO_ROUTE),
        (Stage.REPORT, "0 5.4.4", UNDELIVERED, Meaning.NO_ROUTE),
        (Stage.REPORT, "0 4.0.0", UNDELIVERED, Meaning.LATER),
        (Stage.REPORT, "0 5.6.7", UNDELIVERED, Meaning.BAD_ADDRESS),
        (Stage.REPORT, "0 -", UNDELIVERED, Meaning.UNCLEAR),
        (Stage.REPORT, "0 - smtp; 552 what", UNDELIVERED, Meaning.MAILBOX_FULL),
        # Nobody knows.
        (Stage.RCPT, "550 - no", UNDELIVERED, Meaning.UNCLEAR),
        (Stage.MESSAGE, "554 5.0.0 failed", UNDELIVERED, Meaning.UNCLEAR),
        (Stage.RCPT, "550 5.3.0 other", UNDELIVERED, Meaning.UNCLEAR),
        (Stage.RCPT, "550 5.9.9 other", UNDELIVERED, Meaning.UNCLEAR),
    ],
)
def test_each_answer_has_its_ruling(stage, answer, verdict, about):
    assert REFUSALS.ruling(said(answer, stage)) == Ruling(verdict=verdict, about=about)


@pytest.mark.parametrize(
    ("status", "diagnostic", "verdict"),
    [
        # The remote's own code counts, not the one that a relay made up for it.
        ("5.1.1", "smtp; 550 5.7.1 IP address blacklisted", OURS),
        ("5.1.1", "smtp; 550 5.4.4 what", UNDELIVERED),
        ("5.1.1", "smtp; 550 Go away now", OURS),
        ("5.1.1", "smtp; 550 whatever", UNDELIVERED),
        ("5.1.3", "smtp; 553 whatever", UNDELIVERED),
        ("5.1.1", "X-Postfix; host mx.example[192.0.2.1] said: 550 what", UNDELIVERED),
        ("5.7.1", "smtp; 550 whatever", OURS),
        ("5.0.0", "smtp; 550 5.1.1 whatever", DEAD),
        ("5.0.0", "smtp; 5.1.0 - Unknown address error 550-'5.1.1 what'", DEAD),
        ("5.1.1", "X-Postfix; unknown user", DEAD),
        ("5.1.1", "", DEAD),
        # Words of reputation, policy, rate, quota and greylisting outrank 5.1.x.
        ("5.1.1", "smtp; 550 5.1.1 too many recipients this hour", OURS),
        ("5.1.1", "smtp; 552 5.2.2 Over quota", UNDELIVERED),
        ("5.1.1", "smtp; 550 5.1.1 Mailbox quota exceeded", UNDELIVERED),
        ("5.1.3", "smtp; 553 https://www.spamhaus.org/query/ip/192.0.2.1", OURS),
        ("5.1.1", "smtp; 550 5.1.1 Greylisted, see http://x.example", OURS),
        ("5.2.1", "smtp; 550-5.2.1 is receiving mail at a rate that", UNDELIVERED),
        # Words of "no such user" outrank 5.5.x and 5.7.x, and are believed less there.
        ("5.7.1", "smtp; 550 5.7.1 No such user", UNDELIVERED),
        ("5.5.0", "smtp; 550 5.5.0 mailbox unavailable", UNDELIVERED),
        ("5.5.1", "smtp; 550 5.5.1 Recipient unknown", UNDELIVERED),
        ("5.2.2", "smtp; 552 mailbox not found", UNDELIVERED),
        ("4.1.1", "smtp; 450 4.1.1 User unknown in virtual alias table", UNDELIVERED),
        # Where words of both kinds stand, the gentler count.
        ("5.1.1", "smtp; 550 User unknown; your host is on a block list", OURS),
        ("5.1.1", "smtp; 550 No such user, or the mailbox is full", UNDELIVERED),
        # A phrase within a longer one says nothing by itself.
        (
            "5.4.1",
            "smtp; 550 5.4.1 Recipient address rejected: Access denied",
            UNDELIVERED,
        ),
        ("5.1.8", "smtp; 553 5.1.8 domain does not exist", UNDELIVERED),
        ("5.0.0", "smtp; 550 Sender address rejected: User unknown", OURS),
        # A null MX, a domain that is gone, a relay's daily limit, DNS of ours.
        ("5.7.27", "", UNDELIVERED),
        ("5.4.4", "X-Postfix; Host or domain name not found", UNDELIVERED),
        ("5.4.5", "smtp; 550 5.4.5 Daily user sending limit exceeded", OURS),
        ("5.0.0", "smtp; 554 Bad DNS PTR resource record", OURS),
        ("5.5.0", "smtp; 550 5.5.0 Mail rejected. OFR_506 [506]", OURS),
        ("5.0.0", "smtp; 554 DT:SPM 163 smtp", OURS),
        ("4.7.0", "smtp; 421 4.7.0 [TSS04] Messages temporarily deferred", OURS),
        ("5.7.1", "smtp; 550 5.7.1 SPF fail", OURS),
    ],
)
def test_words_and_the_remote_s_own_code_come_before_the_relay_s_digits(
    status, diagnostic, verdict
):
    report = said(f"0 {status} {diagnostic}", Stage.REPORT)

    assert REFUSALS.ruling(report).verdict is verdict


@pytest.mark.parametrize("row", REFUSALS.rows, ids=lambda row: str(row.phrases[:1]))
def test_every_phrase_of_a_row_says_what_its_row_says_or_something_gentler(row):
    stage = Stage.REPORT
    for phrase in row.phrases:
        found = REFUSALS.ruling(said(f"0 5.0.0 {phrase}", stage))
        assert found.verdict.severity <= row.ruling.verdict.severity


@pytest.mark.parametrize("row", REFUSALS.rows, ids=lambda row: str(row.codes[:1]))
def test_no_row_says_of_a_person_what_is_refused_to_all_mail(row):
    for code in row.codes:
        digits = code.replace("x", "0")
        for stage in ABOUT_ALL_MAIL:
            answer = (
                f"550 {digits} what" if "." in digits else f"{digits} - user unknown"
            )
            assert REFUSALS.ruling(said(answer, stage)).verdict is OURS


def test_an_address_that_reads_like_a_reason_is_no_reason():
    answer = "550 5.1.1 <over.quota@spamhaus.example>: User unknown"

    assert REFUSALS.ruling(said(answer)).verdict is DEAD
    assert spelled('<"no.such"@x.example> NO_such-User!') == "no such user"


def test_a_row_of_a_host_counts_where_that_host_says_it_or_has_the_mailbox():
    mine = Row(
        ruling=Ruling(verdict=OURS, about=Meaning.POLICY),
        phrases=("user unknown",),
        hosts=("odd.example",),
    )
    table = Refusals([*REFUSALS.rows, mine])

    def verdict(words: str, *hosts: str) -> Verdict:
        return table.ruling(said(f"550 5.1.1 {words}", Stage.RCPT, *hosts)).verdict

    assert verdict("User unknown", "mx.Odd.example") is OURS
    assert verdict("User unknown [mx1.odd.example]") is OURS
    assert verdict("User unknown", "very-odd.example") is DEAD
    assert verdict("User unknown, over quota", "odd.example") is OURS


def test_the_first_row_of_digits_that_fits_counts():
    mine = Row(ruling=Ruling(verdict=OURS, about=Meaning.POLICY), codes=("5.1.x",))

    assert Refusals([mine, *REFUSALS.rows]).ruling(said("550 5.1.1 x")).verdict is OURS
    assert Refusals([*REFUSALS.rows, mine]).ruling(said("550 5.1.1 x")).verdict is DEAD


def test_a_table_without_rows_blames_nobody_for_sure():
    assert Refusals(()).ruling(said("550 5.1.1 no such user")) == UNKNOWN
    assert Refusals(()).ruling(said("550 -", Stage.MAIL)).verdict is OURS


def test_what_a_row_may_be_about_is_told_for_each_verdict_of_the_table():
    assert set(FITTING) == set(Meaning)
    for verdict, about in USUAL.items():
        assert verdict in FITTING[about]


@pytest.mark.parametrize(
    "words",
    [
        "a@" * 50_000,
        "5.1." * 50_000,
        "550 5.1" * 50_000,
        "< " * 50_000,
        "said:" * 50_000,
    ],
)
def test_words_made_to_keep_us_busy_do_not(words):
    """A report can be forged by anybody: the work it makes is bounded."""
    began = time.process_time()
    REFUSALS.ruling(said(f"0 5.0.0 {words}", Stage.REPORT))

    assert time.process_time() - began < 1


def test_what_stands_behind_the_first_few_thousand_letters_is_not_read():
    padding = "x " * LONGEST_WORDS

    assert not REFUSALS.knows_words(said(f"0 - {padding} user unknown", Stage.REPORT))


@given(
    stage=st.sampled_from(Stage),
    code=st.integers(min_value=0, max_value=599),
    enhanced=st.from_regex(r"([245]\.\d{1,3}\.\d{1,3})?", fullmatch=True),
    words=st.text(max_size=80),
)
def test_every_answer_has_a_ruling_that_makes_sense(stage, code, enhanced, words):
    found = REFUSALS.ruling(
        Said(stage=stage, code=code, enhanced=enhanced, words=words)
    )

    assert found.verdict in FITTING[found.about]
    if stage in ABOUT_ALL_MAIL:
        assert found.verdict is OURS
