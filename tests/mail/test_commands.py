"""What is said to open a message: options as announced, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.outbox import Refused
from service.domain.refusals import Meaning, Ruling, Stage, Verdict
from service.mail.commands import Offer, addressed, opening, stuffed
from tests.mail.sending import DATA, envelope

NOTHING = Offer.read({})


def said(offer: Offer, *, recipient: str = "ann@example.com", **change: Any):
    """MAIL and RCPT to a relay with this offer."""
    found = opening(envelope(**change), "tips@example.org", recipient, offer)
    if isinstance(found, Refused):
        return found
    mail, rcpt, data = (command.decode() for command in found)
    assert data == "DATA\r\n"
    assert mail.endswith("\r\n")
    assert rcpt.endswith("\r\n")
    return mail[:-2], rcpt[:-2]


def test_a_relay_that_announces_nothing_is_told_no_options():
    assert said(NOTHING) == (
        "MAIL FROM:<tips@example.org>",
        "RCPT TO:<ann@example.com>",
    )


def test_a_size_is_given_where_it_is_asked_for():
    mail, _ = said(Offer.read({"size": "1000"}))
    assert mail == f"MAIL FROM:<tips@example.org> SIZE={len(DATA)}"


@pytest.mark.parametrize("limit", ["", "0", "what", str(len(DATA))])
def test_a_message_within_the_limit_is_offered(limit):
    mail, _ = said(Offer.read({"size": limit}))
    assert mail.endswith(f" SIZE={len(DATA)}")


def test_a_message_over_the_limit_is_not_even_offered():
    assert said(Offer.read({"size": str(len(DATA) - 1)})) == Refused(
        stage=Stage.MAIL,
        code=552,
        enhanced="5.3.4",
        reply=f"the relay takes at most {len(DATA) - 1} octets",
        ruling=Ruling(verdict=Verdict.OURS, about=Meaning.OUR_SIZE),
    )


def test_a_bounce_is_asked_to_name_the_message_and_to_leave_its_body_out():
    mail, rcpt = said(Offer.read({"dsn": ""}), envid="n+1=2 x@example.org")
    assert mail.endswith(" RET=HDRS ENVID=n+2B1+3D2+20x@example.org")
    assert rcpt.endswith(" NOTIFY=FAILURE,DELAY ORCPT=rfc822;ann@example.com")


def test_an_address_of_other_letters_is_said_only_to_who_reads_them():
    refused = said(NOTHING, recipient="rené@example.com")
    assert (refused.stage, refused.code, refused.enhanced) == (Stage.RCPT, 553, "5.6.7")
    mail, rcpt = said(
        Offer.read({"smtputf8": "", "dsn": ""}), recipient="rené@example.com"
    )
    assert " BODY=8BITMIME SMTPUTF8" in mail
    assert rcpt == "RCPT TO:<rené@example.com> NOTIFY=FAILURE,DELAY"
    mail, _ = said(Offer.read({"smtputf8": ""}))
    assert "SMTPUTF8" not in mail


@pytest.mark.parametrize(
    ("change", "stage", "enhanced"),
    [
        ({"recipient": "ann@example.com>\r\nRCPT TO:<bo@a.example"}, "rcpt", "5.1.3"),
        ({"recipient": "ann\udc80@example.com"}, "rcpt", "5.1.3"),
        ({"sender": "tips@example.org> SIZE=1"}, "mail", "5.1.7"),
    ],
)
def test_what_is_no_address_is_told_to_nobody(change, stage, enhanced):
    refused = addressed(envelope(**change))
    assert isinstance(refused, Refused)
    assert (refused.stage, refused.code, refused.enhanced) == (stage, 553, enhanced)


lines = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"a"]), max_size=8)


@given(lines)
def test_no_line_of_a_message_can_end_it_and_all_of_it_arrives(given_lines):
    data = b"".join(line + b"\r\n" for line in given_lines)
    wire = stuffed(data) + b".\r\n"
    body, _, rest = (b"\r\n" + wire).partition(b"\r\n.\r\n")
    assert rest == b""
    arrived = [line.removeprefix(b".") for line in body.split(b"\r\n")[1:]]
    assert arrived == given_lines
