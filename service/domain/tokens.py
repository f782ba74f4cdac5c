"""Links in mails: who may do one thing, without a log-in.

A token names a person and a purpose, and is worthless for another purpose. It is
encrypted (AES-SIV, RFC 5297), so that no URL, log or history of a browser says whom it
is for or what it is about. Keys rotate: the first makes tokens, all of them read.
Releases before this one signed their tokens and showed what was in them.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from struct import Struct
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from itsdangerous import BadSignature, URLSafeSerializer

from service.domain.errors import VisitorError


class Purpose(StrEnum):
    """What a link is for."""

    CONFIRM = "confirm"
    MANAGE = "manage"
    FRESH = "fresh"
    UNSUBSCRIBE = "unsubscribe"
    QUESTION = "question"
    UNDO = "undo"

    @property
    def path(self) -> str:
        """The page of the link."""
        return PATHS.get(self, self.value)


PATHS: Mapping[Purpose, str] = MappingProxyType(
    {
        Purpose.FRESH: "manage/open",
        Purpose.QUESTION: "manage/question",
        Purpose.UNDO: "manage/undo",
    }
)
#: A sign-up that is not confirmed by then is forgotten.
CONFIRM_WITHIN = timedelta(days=7)
#: How long a change of answers can be undone.
UNDO_WITHIN = timedelta(days=14)
#: How long a link works. An old mail's unsubscribe link must never fail (RFC 8058).
LIFETIMES: Mapping[Purpose, timedelta | None] = MappingProxyType(
    {
        Purpose.CONFIRM: CONFIRM_WITHIN,
        Purpose.MANAGE: None,
        Purpose.FRESH: timedelta(hours=24),
        Purpose.UNSUBSCRIBE: None,
        Purpose.QUESTION: timedelta(days=8),
        Purpose.UNDO: UNDO_WITHIN,
    }
)
#: What a signed link of an earlier release still does, and for how long.
SIGNED: Mapping[Purpose, timedelta | None] = MappingProxyType(
    {Purpose.CONFIRM: CONFIRM_WITHIN, Purpose.UNSUBSCRIBE: None}
)
#: How long its link to the settings page can still ask for a fresh one.
SIGNED_MANAGE = timedelta(days=30)
#: Person, minute of issue, generation of their links, what the link is about.
CONTENT = Struct(">QIII")
#: With the 16 bytes that prove it whole, in base64 without a remainder.
TOKEN_SIZE = (CONTENT.size + 16) * 4 // 3
SHAPE = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_SIZE}}}")


class BadLink(VisitorError):
    """The link was changed, is for something else, was used, ended, or is too old."""

    def __init__(self) -> None:
        """Say what a person can do about it; never which check failed."""
        super().__init__({"link": "This link does not work any more."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a token says: whose it is, of which generation of their links, about what."""

    subject: int
    generation: int
    about: int
    issued_at: datetime

    def is_too_old(self, lifetime: timedelta | None, *, now: datetime) -> bool:
        """Whether it was issued longer ago than this; never for None."""
        return lifetime is not None and now - self.issued_at > lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Makes and reads encrypted links. `keys`: newest first, at least one.

    Those that are `ended`, each on a day, open `unsubscribe` alone: that must never fail.
    """

    keys: tuple[bytes, ...]
    base_url: str
    ended: Mapping[bytes, date] = field(default_factory=dict)
    _ciphers: Mapping[Purpose, tuple[AESSIV, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Derive the keys of each purpose once; every reminder has two links."""
        ciphers = {
            purpose: tuple(_cipher(key, purpose) for key in self._readers(purpose))
            for purpose in Purpose
        }
        object.__setattr__(self, "_ciphers", MappingProxyType(ciphers))

    def url(
        self,
        purpose: Purpose,
        subject: int,
        *,
        generation: int = 0,
        about: int = 0,
        now: datetime,
    ) -> str:
        """The address of the page for `purpose`, for one person."""
        token = self.token(
            purpose, subject, generation=generation, about=about, now=now
        )
        return f"{self.base_url}/{purpose.path}?token={token}"

    def token(
        self,
        purpose: Purpose,
        subject: int,
        *,
        generation: int = 0,
        about: int = 0,
        now: datetime,
    ) -> str:
        """The encrypted part of the link; the issue time is kept in whole minutes.

        The same content gives the same token. `generation` is that of the person's
        links, 0 for what no generation ends; `about` is a number that depends on the
        purpose: of a question, of a change, of the day of the mail.
        """
        minutes = int(now.timestamp()) // 60
        content = CONTENT.pack(subject, minutes, generation, about)
        sealed = self._ciphers[purpose][0].encrypt(content, None)
        return urlsafe_b64encode(sealed).decode()

    def subject(self, purpose: Purpose, token: str, *, now: datetime) -> int:
        """The person whom the link is for. Raises BadLink."""
        return self.opened(purpose, token, now=now).subject

    def opened(self, purpose: Purpose, token: str, *, now: datetime) -> Link:
        """What the link says. Raises BadLink.

        Whether its generation is still that of the person, only their row can tell.
        """
        lifetime = LIFETIMES[purpose]
        link = self._decrypted(purpose, token)
        if link is None and purpose in SIGNED:
            link, lifetime = self._signed(purpose, token), SIGNED[purpose]
        if link is None or link.is_too_old(lifetime, now=now):
            raise BadLink
        return link

    def asks_for_fresh(self, token: str, *, now: datetime) -> Link:
        """The holder of a link to the settings page, also of an earlier release.

        That is all that those of an earlier release are good for. Raises BadLink.
        """
        link = self._decrypted(Purpose.MANAGE, token)
        if link is not None:
            return link
        link = self._signed(Purpose.MANAGE, token)
        if link is None or link.is_too_old(SIGNED_MANAGE, now=now):
            raise BadLink
        return link

    def _readers(self, purpose: Purpose) -> tuple[bytes, ...]:
        """The keys that read links of this purpose; the first makes them."""
        is_for_ever = purpose is Purpose.UNSUBSCRIBE
        return (*self.keys, *self.ended) if is_for_ever else self.keys

    def _decrypted(self, purpose: Purpose, token: str) -> Link | None:
        sealed = _bytes(token)
        for cipher in self._ciphers[purpose] if sealed else ():
            try:
                content = cipher.decrypt(sealed, None)
            except InvalidTag:
                continue
            subject, minutes, generation, about = CONTENT.unpack(content)
            return Link(
                subject=subject,
                generation=generation,
                about=about,
                issued_at=datetime.fromtimestamp(minutes * 60, tz=UTC),
            )
        return None

    def _signed(self, purpose: Purpose, token: str) -> Link | None:
        """What a token of an earlier release says: person and minute, in the open."""
        try:
            keys = self._readers(purpose)
            said = URLSafeSerializer(keys, salt=f"eventide.{purpose}").loads(token)
        except BadSignature:
            return None
        subject, minutes = said
        issued_at = datetime.fromtimestamp(minutes * 60, tz=UTC)
        return Link(subject=subject, generation=0, about=0, issued_at=issued_at)


def _cipher(key: bytes, purpose: Purpose) -> AESSIV:
    return AESSIV(hmac.digest(key, f"eventide.link|{purpose}".encode(), "sha512"))


def _bytes(token: str) -> bytes:
    """The bytes of a token, none where it cannot be one."""
    # Other letters that are read as the same bytes would be another link, not yet used.
    return urlsafe_b64decode(token) if SHAPE.fullmatch(token) else b""
