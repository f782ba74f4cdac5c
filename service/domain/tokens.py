"""Signed links: who may do one thing, without a log-in.

A token names a person and a purpose; a token for one purpose is worthless for
another. One for a question names that by its number: it holds no health data. Keys rotate: the first signs, all of them verify.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hmac import HMAC
from types import MappingProxyType

from itsdangerous import BadSignature, URLSafeSerializer

from service.domain.errors import VisitorError


class Purpose(StrEnum):
    """What a link is for."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    UNSUBSCRIBE = "unsubscribe"
    QUESTION = "question"
    UNDO = "undo"

    @property
    def path(self) -> str:
        """The page of the link."""
        is_setting = self in (Purpose.QUESTION, Purpose.UNDO)
        return f"manage/{self}" if is_setting else self.value


#: A sign-up that is not confirmed by then is forgotten.
CONFIRM_WITHIN = timedelta(days=7)
#: How long a link works. An old mail's unsubscribe link must never fail (RFC 8058).
LIFETIMES: Mapping[Purpose, timedelta | None] = MappingProxyType(
    {
        Purpose.CONFIRM: CONFIRM_WITHIN,
        Purpose.MANAGE: timedelta(days=30),
        Purpose.UNSUBSCRIBE: None,
        Purpose.QUESTION: timedelta(days=30),
        Purpose.UNDO: timedelta(days=14),
    }
)


class BadLink(VisitorError):
    """The link was changed, is for something else, was used, or is too old."""

    def __init__(self) -> None:
        """Say what a person can do about it; never which check failed."""
        super().__init__({"link": "This link does not work any more."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Makes and reads signed links. `keys`: newest first, at least one.

    Those that are `ended`, each on a day, open `unsubscribe` alone: that must never fail.
    """

    keys: tuple[bytes, ...]
    base_url: str
    ended: Mapping[bytes, date] = field(default_factory=dict)
    _macs: Mapping[Purpose, HMAC] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive what signs for each purpose once; every reminder has two links."""
        signers = {p: self._serializer(p).make_signer() for p in Purpose}
        macs = {
            p: hmac.new(s.derive_key(), digestmod="sha1") for p, s in signers.items()
        }
        object.__setattr__(self, "_macs", MappingProxyType(macs))

    def url(
        self, purpose: Purpose, subject: int, *, about: int = 0, now: datetime
    ) -> str:
        """The address of the page for `purpose`, signed for one person."""
        token = self.token(purpose, subject, about=about, now=now)
        return f"{self.base_url}/{purpose.path}?token={token}"

    def token(
        self, purpose: Purpose, subject: int, *, about: int = 0, now: datetime
    ) -> str:
        """The signed part of the link; the issue time is kept in whole minutes.

        `about` is the number of the question that it is about, if it is about one.
        """
        minutes = int(now.timestamp()) // 60
        # What the serializer would write, had it not tried to compress it first.
        said = (
            b"%d,%d,%d" % (subject, minutes, about)
            if about
            else b"%d,%d" % (subject, minutes)
        )
        payload = _base64(b"[%b]" % said)
        mac = self._macs[purpose].copy()
        mac.update(payload)
        return (payload + b"." + _base64(mac.digest())).decode()

    def subject(self, purpose: Purpose, token: str, *, now: datetime) -> int:
        """The person whom the link is for. Raises BadLink."""
        subject, _ = self.opened(purpose, token, now=now)
        return subject

    def opened(self, purpose: Purpose, token: str, *, now: datetime) -> tuple[int, int]:
        """The person whom the link is for, and what it is about. Raises BadLink."""
        try:
            subject, minutes, *about = self._serializer(purpose).loads(token)
        except BadSignature:
            raise BadLink from None
        lifetime = LIFETIMES[purpose]
        issued = datetime.fromtimestamp(minutes * 60, tz=UTC)
        if lifetime is not None and now - issued > lifetime:
            raise BadLink
        return int(subject), int(about[0]) if about else 0

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        ended = tuple(self.ended) if purpose is Purpose.UNSUBSCRIBE else ()
        # itsdangerous signs with the last key of its list and tries them all.
        keys = [*reversed(ended), *reversed(self.keys)]
        return URLSafeSerializer(keys, salt=f"eventide.{purpose}")


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
