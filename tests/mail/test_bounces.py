"""Any bytes become a value; those of real hosts the right one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.feedback import Complaint, Ignored, Refusal, Report, Unusable
from service.mail.bounces import READ_BYTES, read
from tests.mail.returned import (
    A_PERSON,
    ADA,
    BOUNCES,
    VACATION,
    WORDS_ONLY,
    complaint,
    report,
)

MINE = "bounce+1-rg18-0123456789abcdef@bounce.eventide.example"
EXCHANGE = report(
    status="5.1.10", diagnostic="smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound"
)
UNICODE = (
    report(about="")
    .replace(
        b"Final-Recipient: rfc822; \n",
        "Final-Recipient: utf-8; böb@example.org\n".encode(),
    )
    .replace(b"message/delivery-status", b"message/global-delivery-status")
)
SAMPLES = (report(), EXCHANGE, UNICODE, complaint(MINE), VACATION, A_PERSON, WORDS_ONLY)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_delivery_report_names_the_person_and_the_reason(line_end):
    raw = report(MINE, envid="1-rg18-aaaa", sender=MINE).replace(b"\n", line_end)

    assert read(raw) == Report(
        traces=(MINE, MINE, MINE, "1-rg18-aaaa", f"<{MINE}>"),
        refusals=(
            Refusal(
                named=(ADA, ADA),
                status="5.1.1",
                diagnostic="smtp; 550 5.1.1 no such user",
                hosts=("mail.example.org", "mx.example.org"),
            ),
        ),
    )


def refusal(raw):
    found = read(raw)
    assert isinstance(found, Report)
    (only,) = found.refusals
    return only


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_a_report_that_is_no_refusal_refuses_nobody(action):
    found = read(report(action=action))

    assert isinstance(found, Report)
    assert found.refusals == ()


def test_an_address_outside_ascii_is_read_as_it_is_and_as_it_is_escaped():
    escaped = report(about="").replace(
        b"rfc822; \n", rb"utf-8; b\x{F6}b@example.org" + b"\n"
    )

    assert refusal(UNICODE).named == ("böb@example.org",)
    assert refusal(escaped).named == ("böb@example.org",)


@pytest.mark.parametrize(
    "named", ["redacted@example.org", "", "ada", r"a\x{D800}@example.org"]
)
def test_an_address_that_was_taken_out_names_nobody(named):
    assert refusal(report(about=named)).named == ()


def test_a_report_in_base64_is_read():
    head, body = report().split(b"Content-Type: message/delivery-status\n")
    status, tail = body.split(b"\n--ABC", 1)
    coded = base64.encodebytes(status.strip())
    raw = (
        head
        + b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
        + coded
        + b"\n--ABC"
        + tail
    )

    assert refusal(raw).status == "5.1.1"


def test_a_status_with_words_behind_it_is_read():
    assert refusal(report(status="5.1.1 (bad mailbox)")).status == "5.1.1"
    assert refusal(report(status="none")).status == ""


@pytest.mark.parametrize(
    ("about", "named"), [(ADA, (ADA,)), ("", ()), ("redacted@x", ())]
)
def test_a_complaint_names_the_mail_and_the_person_unless_redacted(about, named):
    assert read(complaint(MINE, about=about)) == Complaint(
        traces=(f"<{BOUNCES}>", f"<{MINE}>"), type="abuse", named=named
    )


def test_what_is_neither_is_ignored_or_kept():
    assert read(VACATION) is Ignored.AUTOMATIC
    assert read(A_PERSON) == Unusable(why="not a report")
    assert read(b"") == Unusable(why="not a report")


def prose(raw):
    found = read(raw)
    assert isinstance(found, Report)
    assert found.is_prose
    (only,) = found.refusals
    assert only.named == ()
    return only


def test_a_report_in_words_only_is_read_as_far_as_it_goes():
    only = prose(WORDS_ONLY)

    assert only.status == "5.1.1"
    assert only.diagnostic.endswith("Sorry, no mailbox here by that name. (#5.1.1)")
    assert only.hosts == ("example.org",)


def test_a_report_whose_part_for_machines_says_nothing_is_read_in_words():
    only = prose(report(action=""))

    assert "message could not be delivered" in only.diagnostic
    assert "Your evening reminder" not in only.diagnostic


def test_a_report_that_gives_no_reason_there_may_give_it_in_words():
    assert "It's attached below" in refusal(report(diagnostic="")).diagnostic


@pytest.mark.parametrize("action", ["Expired", "expired (gave up)", " Failed"])
def test_whatever_a_host_calls_it_the_end_is_the_end(action):
    assert refusal(report(action=action)).status == "5.1.1"


def mail(body, **fields):
    named = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"{named}\n{body}".encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"From": "MAILER-DAEMON@example.org"},
        {"From": "Mail Delivery Subsystem <noreply@example.org>"},
        {"From": "postmaster@example.org", "Auto-Submitted": "auto-replied"},
        {"From": "x@example.org", "Subject": "=?utf-8?b?VW56dXN0ZWxsYmFyOiBJaHJl?="},
        {"From": "x@example.org", "X-Failed-Recipients": "ada@example.org"},
        {"From": "x@example.org", "Content-Type": "multipart/report; boundary=b"},
    ],
)
def test_a_report_is_known_by_who_writes_it_or_by_its_subject(fields):
    prose(mail("user unknown", **fields))


def test_a_report_is_known_by_its_first_words_too():
    assert "full" in prose(mail("It was not delivered: mailbox full")).diagnostic


@pytest.mark.parametrize(
    ("charset", "coded"),
    [
        ("iso-8859-1", b"Empf\xe4nger unbekannt"),
        ("odd", "Empfänger unbekannt".encode()),
    ],
)
def test_words_are_read_in_their_own_letters(charset, coded):
    head = f"From: mailer-daemon@x.example\nContent-Type: text/plain; charset={charset}"

    assert prose(head.encode() + b"\n\n" + coded).diagnostic.endswith(
        "Empfänger unbekannt"
    )


def test_words_in_html_are_read_without_it_and_those_of_our_own_mail_are_not():
    parts = (
        b"From: mailer-daemon@x.example\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/plain\n\n \n"
        b"--b\nContent-Type: text/html\n\n<p class='a'>user <b>unknown</b></p>\n"
        b"--b\nContent-Type: message/rfc822\n\nSubject: x\n\nours\n--b--\n"
    )
    empty = parts.replace(b"<p class='a'>user <b>unknown</b></p>", b"")

    assert prose(parts).diagnostic.split() == ["user", "unknown"]
    assert prose(empty).diagnostic.split() == []


def test_the_copy_of_our_mail_below_a_report_is_not_read_for_reasons_but_for_the_token():
    text = f"It failed.\n\n--- Below this line is a copy of it\nspam to {MINE}\n"
    raw = mail(text, From="mailer-daemon@x.example")

    assert prose(raw).diagnostic.split() == ["It", "failed."]
    found = read(raw)
    assert isinstance(found, Report)
    assert MINE in " ".join(found.traces)


def test_a_complaint_of_microsoft_is_one():
    raw = (
        b"From: staff@hotmail.com\nTo: bounce@bounce.eventide.example\n"
        b"Subject: complaint about message from 192.0.2.10\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: message/rfc822\n\n"
        b"X-HmXmrOriginalRecipient: <ada@example.org>\n"
        b"Return-Path: <" + MINE.encode() + b">\nSubject: x\n\nGood evening\n--b--\n"
    )

    assert read(raw) == Complaint(
        traces=(BOUNCES, f"<{MINE}>"), type="abuse", named=(ADA,)
    )
    bare = raw.replace(b"message/rfc822", b"text/plain")
    assert read(bare) == Complaint(traces=(BOUNCES,), type="abuse", named=())


def test_a_complaint_may_name_several_people():
    two = b"Original-Rcpt-To: <ada@example.org>\nOriginal-Rcpt-To: <bo@example.org>"
    raw = complaint(MINE).replace(b"Original-Rcpt-To: <ada@example.org>", two)

    found = read(raw)
    assert isinstance(found, Complaint)
    assert found.named == (ADA, "bo@example.org")


def test_a_message_of_parts_within_parts_is_not_even_parsed():
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n)
        for n in range(300)
    )

    assert read(deep + b"a\n" * 60_000) == Unusable(why="too many parts")


@pytest.mark.parametrize("fold", [b"", b"\n "])
def test_a_header_that_would_keep_the_parser_busy_is_not_even_parsed(fold):
    endless = b"Content-Type: multipart/report; a=" + (b";" * 500 + fold) * 20

    assert read(endless + b"\n\n") == Unusable(why="too many parameters")


def test_what_the_parser_cannot_bear_is_kept():
    odd = b"Content-Type: multipart/mixed; boundary*%s=x\n\n" % (b"1" * 5000)

    assert read(odd) == Unusable(why="cannot be parsed (ValueError)")


def test_a_very_long_message_is_read_as_far_as_it_matters():
    raw = report() + b"x" * READ_BYTES * 4

    assert refusal(raw).status == "5.1.1"


@given(st.binary(max_size=2000))
def test_no_bytes_at_all_are_too_odd(raw):
    read(raw)


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=4)), max_size=30),
    st.integers(0, 4000),
)
def test_no_damage_to_a_real_one_is_too_odd(raw, damage, length):
    for place, odd in damage:
        raw = raw[:place] + odd + raw[place + len(odd) :]

    read(raw)
    read(raw[:length])
