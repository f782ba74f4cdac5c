"""A letter as the bytes that go over the wire: headers by hand, bodies quoted-printable.

The standard library's writer breaks long List-Unsubscribe addresses and encodes
domains where it may not, so the lines are made here, each by its own rule.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from functools import lru_cache

from service.domain.errors import Misconfigured
from service.domain.outbox import Kind
from service.mail.addresses import on_the_wire

LINE = 78  # RFC 5322, 2.1.1: the length that a line should not exceed
HARD_LINE = 998  # and the one that it must not
ENCODED_WORD = 75  # RFC 2047, 2
KEPT = 64  # dates and subjects that many letters share
PLAIN_HEADER = re.compile(r"[!-~]{1,60}( [!-~]{1,60})*")
PLAIN_NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+( [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
PLAIN_URL = re.compile(r"https?://[!-;=?-~]+")
PLAIN_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one person, before it becomes bytes.

    The two bodies are quoted-printable. `message_id` comes with its angle brackets.
    `kind` names it in Feedback-ID. Mails that nobody asked for one by one have an
    `unsubscribe_url`; with it come the headers of a mailing.
    """

    kind: str
    to_address: str
    subject: str
    html: bytes
    text: bytes
    message_id: str
    date: datetime
    unsubscribe_url: str | None


class Composer:
    """Makes the letters of one sender into bytes; what many share is made once."""

    def __init__(self, *, name: str, address: str) -> None:
        """Raises Misconfigured for a name that cannot stand in a header."""
        address = on_the_wire(address)
        self._domain = address.rpartition("@")[2]
        self._from = f"From: {_display_name(name)}<{address}>"
        self._subject = lru_cache(maxsize=KEPT)(_subject)
        self._date = lru_cache(maxsize=KEPT)(_date)

    def compose(self, letter: Letter) -> bytes:
        """The message, every line ended by CRLF; the same letter gives the same bytes.

        Raises Misconfigured for a header that would not stay on its line, VisitorError
        for an address that is none.
        """
        boundary = "=_" + hashlib.sha256(letter.message_id.encode()).hexdigest()[:32]
        head = (
            *self._who_and_what(letter),
            *self._mailing(letter),
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
            "",
        )
        return b"\r\n".join(
            (
                _bounded("\r\n".join(head).encode()),
                _part_head(boundary, "plain"),
                letter.text,
                _part_head(boundary, "html"),
                letter.html,
                f"--{boundary}--\r\n".encode(),
            )
        )

    def _who_and_what(self, letter: Letter) -> tuple[str, ...]:
        if not PLAIN_MESSAGE_ID.fullmatch(letter.message_id):
            raise _bad_header("Message-ID", "holds no message id")
        return (
            self._from,
            f"To: {on_the_wire(letter.to_address)}",
            self._subject(letter.subject),
            self._date(letter.date),
            f"Message-ID: {letter.message_id}",
            f"Feedback-ID: {letter.kind}:eventide:{self._domain}:eventide",
        )

    def _mailing(self, letter: Letter) -> tuple[str, ...]:
        """RFC 2369, 2919 and 8058: what a mailing says about itself."""
        url = letter.unsubscribe_url
        if url is None:
            return ()
        if not PLAIN_URL.fullmatch(url):
            raise _bad_header("List-Unsubscribe", "holds no plain web address")
        return (
            f"List-ID: Evening tips <tips.{self._domain}>",
            # Never folded: a break inside the address would end one-click unsubscribe.
            f"List-Unsubscribe: <{url}>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Precedence: bulk",
        )


def message_id(
    key: bytes, *, subscriber_id: int, kind: Kind, night: date, domain: str
) -> str:
    """The same for every try at the same message, and it tells nobody whose it is."""
    subject = f"message-id|{subscriber_id}|{kind}|{night.isoformat()}"
    digest = hmac.digest(key, subject.encode(), "sha256")[:15]
    return f"<{kind}.{digest.hex()}@{domain}>"


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


def _date(moment: datetime) -> str:
    return f"Date: {format_datetime(moment.astimezone(UTC))}"


def _bounded(head: bytes) -> bytes:
    """The headers, if none of their lines outgrows RFC 5322's limit."""
    if len(head) > HARD_LINE:
        longest = max(head.split(b"\r\n"), key=len)
        if len(longest) > HARD_LINE:
            name = longest.partition(b":")[0].decode()
            raise _bad_header(name, f"has a line of more than {HARD_LINE} bytes")
    return head


def _part_head(boundary: str, subtype: str) -> bytes:
    return (
        f"--{boundary}\r\n"
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
    ).encode()


def _bad_header(name: str, what: str) -> Misconfigured:
    return Misconfigured(
        what=what,
        where=f"header {name} of a mail",
        remedy="Mend the template or the setting that its value comes from",
    )
