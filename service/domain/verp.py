"""The envelope sender of each mail: signed, so that a bounce says whose mail it was.

`bounce+1jq-rg18-6f1c0a9be2d34c57@bounce.example.org`: the person's number, the kind and
the night of the mail, and 16 hex digits over them. Anybody can write to that address:
only what was signed here is believed, and only for as long as reports take to come.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from service.domain.outbox import Kind, Message

#: A relay gives up after five days, and its report may wait as long on the way back.
BELIEVED_FOR = timedelta(days=14)
#: RFC 5321, 4.5.3.1.1: the longest local part. The token and its "+" take so much of
#: it, with the largest number of a person.
LONGEST_LOCAL_PART, TOKEN_SIZE = 64, 37
PLAIN = re.compile(r"[\w.-]+@[\w.-]+", re.ASCII)
NOT_PLAIN = "is not a plain address, as bounce@bounce.example.org"
EPOCH = date(1970, 1, 1)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
LETTERS = {
    Kind.REMINDER: "r",
    Kind.CONFIRMATION: "c",
    Kind.MANAGE_LINK: "m",
    Kind.ANSWERED: "a",
    Kind.ZONE_QUESTION: "z",
}
KINDS = {letter: kind for kind, letter in LETTERS.items()}
# Some hosts change the case of a local part.
TOKEN = re.compile(
    r"(?<![0-9a-z])([0-9a-z]{1,13})-([rcmaz])([0-9a-z]{1,4})-([0-9a-f]{16})(?![0-9a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """The mail that a token names: an outbox key that was signed here."""

    subscriber_id: int
    night: date
    kind: Kind

    def is_believed(self, *, now: datetime) -> bool:
        """Whether news of this mail still counts."""
        return now.date() - self.night <= BELIEVED_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Verp:
    """Makes and reads signed envelope senders. `keys`: those of the links, newest first.

    Without an `address` for bounces the envelope sender is the plain From address. Of a
    key that was `ended` on a day, mails of nights up to it are known; news of them counts
    for as long as of any other, and then the key is worth nothing.
    """

    keys: tuple[bytes, ...]
    address: str
    ended: Mapping[bytes, date] = field(default_factory=dict)

    def token(self, message: Message) -> str:
        """What names the mail in its envelope; letters, digits and hyphens."""
        number = _base36(message.subscriber_id)
        day = _base36((message.night - EPOCH).days)
        named = f"{number}-{LETTERS[message.kind]}{day}"
        return f"{named}-{_signature(self.keys[0], named)}"

    def sender(self, token: str, *, default: str) -> str:
        """The address that bounces of the mail of this token go to."""
        if not self.address:
            return default
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{token}@{domain}"

    def is_ours(self, recipient: str) -> bool:
        """Whether mail to this recipient is mail to the address of bounces."""
        local, _, domain = recipient.lower().rpartition("@")
        address = f"{local.partition('+')[0]}@{domain}"
        return address == self.address.lower()

    def mailed(self, *traces: str) -> Mailed | None:
        """The mail that the first token signed here names, in the order given."""
        found = (match for text in traces for match in TOKEN.finditer(text))
        return next(filter(None, map(self._read, found)), None)

    def _read(self, match: re.Match[str]) -> Mailed | None:
        number, letter, day, signature = match.group(1, 2, 3, 4)
        named = f"{number}-{letter}{day}".lower()
        night = EPOCH + timedelta(days=int(day, 36))
        keys = (*self.keys, *(k for k, end in self.ended.items() if night <= end))
        is_signed = [
            hmac.compare_digest(_signature(key, named), signature.lower())
            for key in keys
        ]
        if not any(is_signed):
            return None
        return Mailed(
            subscriber_id=int(number, 36), night=night, kind=KINDS[letter.lower()]
        )


def checked(address: str) -> str:
    """The address itself, if a token has room in it. Raises ValueError."""
    longest = LONGEST_LOCAL_PART - TOKEN_SIZE
    if address and not PLAIN.fullmatch(address):
        raise ValueError(NOT_PLAIN)
    if len(address.partition("@")[0]) > longest:
        message = f"has more than {longest} letters before the @"
        raise ValueError(message)
    return address


def _signature(key: bytes, named: str) -> str:
    return hmac.digest(key, f"eventide.bounce|{named}".encode(), "sha256").hex()[:16]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"
