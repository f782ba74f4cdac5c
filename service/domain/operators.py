"""Who runs the console and what each of them may do: named permissions, default deny."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from service.domain.errors import ServiceError, VisitorError

#: A sign-in name or an e-mail address, in lower case. No colon: `cli:` is not a person.
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
#: What anybody would try here first: words that stand on the pages, and in their address.
OWN_WORDS = (
    "eventide", "evening", "reminder", "operator", "console", "cramps", "cramp", "night",
    "calf", "calves", "muscle", "stretch", "admin", "legs", "leg",
)  # fmt: skip
#: The most that zxcvbn gives: more than 10^10 guesses.
STRONG = 4
#: zxcvbn takes no more, and more makes no password weaker.
LOOKED_AT = 72


class NotVouched(ServiceError):
    """An identity provider does not say who it is, or it is not it who says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Whom an identity provider vouches for.

    `name` is an operator's name here, `subject` the provider's own: the one may become
    another person's, the other never.
    """

    name: str
    subject: str


class Role(StrEnum):
    """What an operator is; each may do all that the one before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class May(StrEnum):
    """One thing that not everybody may do."""

    #: Set up one's own second factor: all that somebody may who must, and has none.
    ENROL = "set up a second factor"
    #: Own password, and a second factor that is there.
    HAVE_AN_ACCOUNT = "have an account"
    #: Counts, charts, catalogue, preview: nobody's data.
    SEE_FIGURES = "see figures"
    #: Look up a person by address: status, nights, consent; never what they answered.
    FIND_PEOPLE = "find people"
    #: What a person answered about their health, and what they were told for it.
    SEE_ANSWERS = "see answers"
    #: Send somebody their link, pause, resume, suppress.
    CHANGE_PEOPLE = "change people"
    EXPORT_PEOPLE = "export people"
    ERASE_PEOPLE = "erase people"
    PAUSE_ALL = "pause all"
    SEE_AUDIT = "see the audit log"
    MANAGE_OPERATORS = "manage operators"


_VIEWER = frozenset({May.ENROL, May.HAVE_AN_ACCOUNT, May.SEE_FIGURES, May.FIND_PEOPLE})
_OPERATOR = _VIEWER | {
    May.SEE_ANSWERS,
    May.CHANGE_PEOPLE,
    May.EXPORT_PEOPLE,
    May.ERASE_PEOPLE,
    # At eight in the evening there may be nobody else.
    May.PAUSE_ALL,
}
_ADMIN = _OPERATOR | {May.SEE_AUDIT, May.MANAGE_OPERATORS}
ALLOWED: Mapping[Role, frozenset[May]] = MappingProxyType(
    {Role.VIEWER: _VIEWER, Role.OPERATOR: _OPERATOR, Role.ADMIN: _ADMIN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody who is signed in.

    `is_proven`: not by a password alone, but with a second factor or by the word of an
    identity provider.
    """

    name: str
    role: Role
    is_proven: bool

    def may(self, what: May) -> bool:
        """Whether their role allows it."""
        return what in ALLOWED[self.role]

    @property
    def must_enrol(self) -> bool:
        """Whether a second factor is missing, where the settings ask for it."""
        return self.role is not Role.VIEWER and not self.is_proven


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of an operator. `second_factor`: the secret, "" for none.

    `last_step` is that of the newest code that was taken; None as long as the second
    factor was not confirmed by one. `subject` is who an identity provider said that this
    is, when it first vouched for them.
    """

    name: str
    role: Role
    created_at: datetime
    password_hash: str = ""
    second_factor: str = ""
    last_step: int | None = None
    disabled_at: datetime | None = None
    subject: str = ""

    @property
    def has_second_factor(self) -> bool:
        """Whether signing in takes a code."""
        return self.last_step is not None


def checked_name(text: str) -> str:
    """The name of an operator as it is kept. Raises VisitorError."""
    name = text.strip().lower()
    if not NAME.fullmatch(name):
        words = "Use up to 100 letters a to z, digits and . _ @ + -, such as ada or ada@example.org."
        raise VisitorError({"name": words})
    return name


def checked_password(text: str, *, name: str) -> str:
    """A password that will do. Raises VisitorError for the field `new_password`."""
    problem = ""
    if len(text) < SHORTEST_PASSWORD:
        problem = f"Use at least {SHORTEST_PASSWORD} characters; a few words do well."
    elif len(text) > LONGEST_PASSWORD:
        problem = f"Use at most {LONGEST_PASSWORD} characters."
    elif not _is_strong(text.lower(), known=(name, *OWN_WORDS)):
        problem = (
            "This is too easy to guess. A few words that nobody would join do well."
        )
    if problem:
        raise VisitorError({"new_password": problem})
    return text


def _is_strong(text: str, *, known: tuple[str, ...]) -> bool:
    """Whether what is left of it without the words that are known is hard to guess."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its word lists are large, asked for seldom

    for word in known:
        text = text.replace(word, "")
    # Several lists of common passwords, names and words, keys beside each other, dates,
    # repeats, and letters written as digits.
    return bool(text) and zxcvbn(text[:LOOKED_AT])["score"] >= STRONG
