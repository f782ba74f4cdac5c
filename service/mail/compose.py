"""A letter as the bytes that go over the wire: headers by hand, bodies quoted-printable.

The standard library's writer breaks long List-Unsubscribe addresses and encodes
domains where it may not, so the lines are made here, each by its own rule.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime

from service.domain.errors import Misconfigured
from service.domain.outbox import Kind
from service.mail.addresses import on_the_wire

LINE = 78  # RFC 5322, 2.1.1: the length that a line should not exceed
HARD_LINE = 998  # and the one that it must not
ENCODED_WORD = 75  # RFC 2047, 2
PLAIN_HEADER = re.compile(r"[!-~]{1,60}( [!-~]{1,60})*")
PLAIN_NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+( [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
PLAIN_URL = re.compile(r"https?://[!-;=?-~]+")
PLAIN_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one person, before it becomes bytes.

    `message_id` comes with its angle brackets. Only a reminder has an
    `unsubscribe_url`; with it come the headers of a mailing.
    """

    kind: Kind
    from_name: str
    from_address: str
    to_address: str
    subject: str
    html: str
    text: str
    message_id: str
    date: datetime
    unsubscribe_url: str | None


def message_id(
    key: bytes, *, subscriber_id: int, kind: Kind, night: date, domain: str
) -> str:
    """The same for every try at the same message, and it tells nobody whose it is."""
    subject = f"message-id|{subscriber_id}|{kind}|{night.isoformat()}"
    digest = hmac.digest(key, subject.encode(), "sha256")[:15]
    return f"<{kind}.{base64.b32encode(digest).decode().lower()}@{domain}>"


def compose(letter: Letter) -> bytes:
    """The message, every line ended by CRLF; the same letter gives the same bytes.

    Raises Misconfigured for a header that would not stay on its line, VisitorError
    for an address that is none.
    """
    boundary = "=_" + hashlib.sha256(letter.message_id.encode()).hexdigest()[:32]
    headers = [
        *_who_and_what(letter),
        *_mailing(letter),
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
    ]
    return b"\r\n".join(
        (
            *(_bounded(header) for header in headers),
            b"",
            *_part(boundary, "plain", letter.text),
            *_part(boundary, "html", letter.html),
            f"--{boundary}--".encode(),
            b"",
        )
    )


def _who_and_what(letter: Letter) -> list[str]:
    name = _display_name(letter.from_name)
    if not PLAIN_MESSAGE_ID.fullmatch(letter.message_id):
        raise _bad_header("Message-ID", "holds no message id")
    return [
        f"From: {name}<{on_the_wire(letter.from_address)}>",
        f"To: {on_the_wire(letter.to_address)}",
        _subject(letter.subject),
        f"Date: {format_datetime(letter.date.astimezone(UTC))}",
        f"Message-ID: {letter.message_id}",
        f"Feedback-ID: {letter.kind}:eventide:{_domain(letter)}:eventide",
    ]


def _mailing(letter: Letter) -> list[str]:
    """RFC 2369, 2919 and 8058: what a mailing says about itself."""
    url = letter.unsubscribe_url
    if url is None:
        return []
    if not PLAIN_URL.fullmatch(url):
        raise _bad_header("List-Unsubscribe", "holds no plain web address")
    return [
        f"List-ID: Evening tips <tips.{_domain(letter)}>",
        # Never folded: a break inside the address would end one-click unsubscribe.
        f"List-Unsubscribe: <{url}>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Precedence: bulk",
    ]


def _domain(letter: Letter) -> str:
    return on_the_wire(letter.from_address).rpartition("@")[2]


def _display_name(name: str) -> str:
    """RFC 5322, 3.2.5: bare words, else quoted, else encoded; a space behind."""
    if not name:
        return ""
    if PLAIN_NAME.fullmatch(name) and "=?" not in name:
        return f"{name} "
    if PLAIN_HEADER.fullmatch(name) and "=?" not in name:
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + '" '
    return _encoded("From", name) + "\r\n "


def _subject(text: str) -> str:
    if not PLAIN_HEADER.fullmatch(text) or "=?" in text:
        return f"Subject: {_encoded('Subject', text)}"
    return _folded(f"Subject: {text}")


def _folded(header: str) -> str:
    """Broken before a word where the line would grow too long (RFC 5322, 2.2.3)."""
    lines = [""]
    for word in header.split(" "):
        if len(lines[-1]) + 1 + len(word) > LINE and lines[-1]:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).removeprefix(" ")


def _encoded(header: str, text: str) -> str:
    """RFC 2047 words of at most 75 characters, none of which splits a character."""
    if "\r" in text or "\n" in text:
        raise _bad_header(header, "holds a line break")
    room = _bytes_in(ENCODED_WORD - len(header) - 1)
    words, chunk = [], b""
    for character in text:
        encoded = character.encode("utf-8")
        if len(chunk) + len(encoded) > room:
            words.append(chunk)
            room, chunk = _bytes_in(ENCODED_WORD), b""
        chunk += encoded
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(w).decode()}?=" for w in words)


def _bytes_in(length: int) -> int:
    """How many bytes an encoded word of this length holds, in base64."""
    return (length - len("=?utf-8?b??=")) // 4 * 3


def _bounded(header: str) -> bytes:
    """The header's bytes, if none of its lines outgrows RFC 5322's limit."""
    if any(len(line.encode()) > HARD_LINE for line in header.split("\r\n")):
        name = header.partition(":")[0]
        raise _bad_header(name, f"has a line of more than {HARD_LINE} bytes")
    return header.encode("utf-8")


def _part(boundary: str, subtype: str, text: str) -> list[bytes]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    body = binascii.b2a_qp(lines.encode("utf-8"), istext=True)
    return [
        f"--{boundary}".encode(),
        f"Content-Type: text/{subtype}; charset=utf-8".encode(),
        b"Content-Transfer-Encoding: quoted-printable",
        b"",
        body.replace(b"\n", b"\r\n"),
    ]


def _bad_header(name: str, what: str) -> Misconfigured:
    return Misconfigured(
        what=what,
        where=f"header {name} of a mail",
        remedy="Mend the template or the setting that its value comes from",
    )
