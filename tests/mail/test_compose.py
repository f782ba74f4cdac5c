"""The bytes of a letter: headers exact, bodies whole, nothing broken on the way."""

import base64
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.errors import Misconfigured, VisitorError
from service.domain.outbox import Kind
from service.mail.addresses import on_the_wire, sender
from service.mail.compose import Composer, Letter, message_id
from service.mail.quoted import quoted

URL = "https://eventide.example/unsubscribe?token=" + "aB-_.9" * 30
KEY = b"k" * 32
HTML = "<p>Stretch your calves. Très bien.</p>\n"
TEXT = "Stretch your calves. Très bien.\n"
REMINDER = Letter(
    kind=Kind.REMINDER,
    to_address="ann@example.com",
    subject="Your evening tip",
    html=quoted(HTML),
    text=quoted(TEXT),
    message_id="<reminder.abc234@example.org>",
    date=datetime(2026, 11, 23, 19, 4, 5, tzinfo=UTC),
    unsubscribe_url=URL,
)


def compose(
    letter: Letter, *, name: str = "Eventide", address: str = "tips@example.org"
) -> bytes:
    """The letter from a sender of that name and address."""
    return Composer(name=name, address=address).compose(letter)


def parsed(letter: Letter, **sender: str) -> EmailMessage:
    """The message as a strict reader sees it."""
    message = message_from_bytes(compose(letter, **sender), policy=policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert part.defects == []
    assert not any(value.defects for value in message.values())
    return message


def content(message: EmailMessage, kind: str) -> str:
    """One of the two bodies, decoded, with plain line ends."""
    part = message.get_body((kind,))
    assert part is not None
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def test_a_reminder_reads_on_the_wire_as_it_was_written():
    head = compose(REMINDER).split(b"\r\n\r\n")[0].decode()
    assert head == (
        "From: Eventide <tips@example.org>\r\n"
        "To: ann@example.com\r\n"
        "Subject: Your evening tip\r\n"
        "Date: Mon, 23 Nov 2026 19:04:05 +0000\r\n"
        "Message-ID: <reminder.abc234@example.org>\r\n"
        "Feedback-ID: reminder:eventide:example.org:eventide\r\n"
        "List-ID: Evening tips <tips.example.org>\r\n"
        f"List-Unsubscribe: <{URL}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "Precedence: bulk\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative;\r\n"
        ' boundary="=_5ca3c517fda5afb01f54dac607c0f358"'
    )


def test_both_parts_arrive_whole_with_the_text_first():
    message = parsed(REMINDER)
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    for part in parts:
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
    assert content(message, "plain").rstrip() == TEXT.rstrip()
    assert content(message, "html").rstrip() == HTML.rstrip()


@pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.MANAGE_LINK])
def test_a_mail_that_was_asked_for_is_no_mailing(kind):
    message = parsed(replace(REMINDER, kind=kind, unsubscribe_url=None))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] is None
    assert not [name for name in message if name.startswith("List-")]


def test_the_same_letter_gives_the_same_bytes():
    assert compose(REMINDER) == compose(replace(REMINDER))


def test_the_date_is_told_in_utc_whatever_zone_it_comes_in():
    local = REMINDER.date.astimezone(timezone(timedelta(hours=9)))
    assert compose(replace(REMINDER, date=local)) == compose(REMINDER)


def test_a_domain_of_other_letters_is_written_as_a_labels():
    letter = replace(REMINDER, to_address="ann@BÜCHER.example")
    message = parsed(letter, address="tips@Straße.example")
    assert message["To"] == "ann@xn--bcher-kva.example"
    assert message["From"] == "Eventide <tips@xn--strae-oqa.example>"
    assert message["List-ID"].endswith("<tips.xn--strae-oqa.example>")


def test_a_local_part_of_other_letters_stays_itself():
    data = compose(replace(REMINDER, to_address="rené@bücher.example"))
    assert "\r\nTo: rené@xn--bcher-kva.example\r\n".encode() in data


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@x@example.com",
        "ann@example.com\r\nBcc: bo@example.com",
        "ann <ann@example.com>",
        "ann@exa mple.com",
        "ann@-ü-.example",
        '"a b"@example.com',
    ],
)
def test_what_is_no_address_gets_no_mail(address):
    with pytest.raises(VisitorError, match="not an e-mail address"):
        compose(replace(REMINDER, to_address=address))


def test_a_sender_is_a_name_and_an_address():
    assert sender("Eventide <tips@example.org>") == ("Eventide", "tips@example.org")
    assert sender("eventide@localhost") == ("", "eventide@localhost")
    assert sender("Å <a@Ü.example>") == ("Å", "a@xn--tda.example")


@pytest.mark.parametrize("text", ["", "Eventide", "Eventide <>", "é@example.org"])
def test_an_odd_sender_stops_the_start(text):
    with pytest.raises(Misconfigured, match="EVENTIDE_SMTP__SENDER"):
        sender(text)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Eventide", "From: Eventide <"),
        ("Eventide Tips", "From: Eventide Tips <"),
        ("", "From: <"),
        ("Eventide, Inc.", 'From: "Eventide, Inc." <'),
        ('The "tide" \\', 'From: "The \\"tide\\" \\\\" <'),
        ("Abendflut für Füße", "From: =?utf-8?b?"),
        ("=?utf-8?q?x?=", "From: =?utf-8?b?"),
    ],
)
def test_the_name_in_from_is_quoted_or_encoded_where_it_must(name, written):
    assert compose(REMINDER, name=name).decode().startswith(written)
    assert parsed(REMINDER, name=name)["From"].addresses[0].display_name == name


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Hello\r\nBcc: bo@example.com"},
        {"subject": "Hello\nthere"},
        {"message_id": "<a@example.org>\r\nBcc: bo@example.com"},
        {"message_id": "a@example.org"},
        {"unsubscribe_url": "https://x.example/\r\nBcc: bo@example.com"},
        {"unsubscribe_url": "https://x.example/ y"},
        {"unsubscribe_url": "https://x.example/>, <mailto:bo@example.com"},
        {"unsubscribe_url": "javascript:x"},
        {"unsubscribe_url": "https://x.example/" + "y" * 980},
    ],
)
def test_no_value_breaks_out_of_its_header(change):
    with pytest.raises(Misconfigured, match=r"header .* of a mail"):
        compose(replace(REMINDER, **change))


def test_no_sender_breaks_out_of_its_header():
    with pytest.raises(Misconfigured, match="header From of a mail"):
        compose(REMINDER, name="Eventide\r\nBcc: bo@example.com")


TEXTS = st.text(alphabet=st.characters(codec="utf-8"))
HEADER_TEXTS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=300
)
URLS = st.text(alphabet=[chr(n) for n in range(33, 127) if chr(n) not in "<>"])


def assert_fits_the_wire(data: bytes) -> None:
    """CRLF only, short lines, ASCII (these letters have an ASCII recipient)."""
    assert data.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    head, _, body = data.partition(b"\r\n\r\n")
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    for word in re.findall(rb"=\?utf-8\?b\?[^?]*\?=", head):
        assert len(word) <= 75


@given(html=TEXTS, text=TEXTS)
@example(html=".", text="..\n.\n")
@example(html="a \n", text="From here\r\rto there\t\r\n")
@example(html="é" * 100, text="x" * 2000)
def test_any_bodies_survive_the_journey(html, text):
    letter = replace(REMINDER, html=quoted(html), text=quoted(text))
    assert_fits_the_wire(compose(letter))
    message = parsed(letter)
    for kind, sent in (("plain", text), ("html", html)):
        lines = sent.replace("\r\n", "\n").replace("\r", "\n")
        assert content(message, kind) == lines


@given(subject=HEADER_TEXTS)
@example(subject="")
@example(subject=" two  spaces ")
@example(subject="=?utf-8?q?not_encoded?=")
@example(subject="Your evening tip " * 10 + "ends")
@example(subject="夕方のヒント" * 30)
@example(subject="x" * 200)
def test_any_subject_survives_the_journey(subject):
    letter = replace(REMINDER, subject=subject)
    data = compose(letter)
    assert_fits_the_wire(data)
    raw = data.partition(b"\r\nSubject: ")[2].partition(b"\r\nDate: ")[0]
    assert decoded(raw.decode()) == subject


def decoded(raw: str) -> str:
    """A subject put together again as RFC 5322 and RFC 2047 say."""
    unfolded = raw.replace("\r\n", "")
    if not unfolded.lstrip().startswith("=?utf-8?b?"):
        return unfolded
    return "".join(
        base64.b64decode(word).decode()
        for word in re.findall(r"=\?utf-8\?b\?([^?]*)\?=", unfolded)
    )


@given(tail=URLS)
@example(tail="token=" + "x" * 900)
def test_any_unsubscribe_address_stays_in_one_piece(tail):
    url = f"https://eventide.example/unsubscribe?{tail}"
    data = compose(replace(REMINDER, unsubscribe_url=url))
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in data
    assert_fits_the_wire(data)


def test_a_message_id_is_the_same_for_every_try_and_tells_nobody_whose_it_is():
    night = date(2026, 11, 23)

    def made(*, key=KEY, subscriber_id=7, kind=Kind.REMINDER, night=night):
        return message_id(
            key,
            subscriber_id=subscriber_id,
            kind=kind,
            night=night,
            domain="example.org",
        )

    assert made() == made()
    assert re.fullmatch(r"<reminder\.[0-9a-f]{30}@example\.org>", made())
    others = [
        made(subscriber_id=8),
        made(kind=Kind.CONFIRMATION),
        made(night=night + timedelta(days=1)),
        made(key=b"j" * 32),
    ]
    assert len({made(), *others}) == 5


def test_the_wire_form_of_an_address_is_its_own_wire_form():
    for address in ("Ann@Example.COM", "ann@BÜCHER.example", "rené@x.example"):
        assert on_the_wire(on_the_wire(address)) == on_the_wire(address)
    assert on_the_wire("Ann@Example.COM") == "Ann@example.com"
