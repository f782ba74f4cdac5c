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
    assert read(WORDS_ONLY) == Unusable(why="a report in words only")
    assert read(report(action="")) == Unusable(why="a report of nothing")
    assert read(b"") == Unusable(why="not a report")


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
