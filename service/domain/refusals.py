"""What a refusal means: who is to blame, and what it is about.

An SMTP answer or a delivery report says so twice: in digits (RFC 5321, 4.2; RFC 3463)
and in words. The digits are often wrong: a relay makes some up where the remote host
gave none. The table, config/refusals.toml, reads both; the words come first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Verdict(StrEnum):
    """What a refusal or a report says about the person it was for.

    DEAD: the address does not exist. UNDELIVERED: this person did not get it tonight,
    for a reason that is unknown or may pass. COMPLAINT: it was not wanted. OURS: our
    reputation, protocol, relay or network, or a provider's policy. NOTHING: a delay,
    an automatic answer, a test.
    """

    DEAD = "dead"
    UNDELIVERED = "undelivered"
    COMPLAINT = "complaint"
    OURS = "ours"
    NOTHING = "nothing"

    @property
    def severity(self) -> int:
        """Where two count, the gentler does: the one of less severity."""
        return _BY_SEVERITY.index(self)


_BY_SEVERITY = (
    Verdict.NOTHING,
    Verdict.OURS,
    Verdict.UNDELIVERED,
    Verdict.DEAD,
    Verdict.COMPLAINT,
)


class Stage(StrEnum):
    """What a relay answered to. REPORT: it told us later, by mail (RFC 3464)."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    MESSAGE = "message"
    REPORT = "report"


#: What is refused at these is refused to all mail: no address was heard, or each one
#: that was heard was taken.
ABOUT_ALL_MAIL = frozenset({Stage.CONNECT, Stage.MAIL, Stage.DATA})


class Meaning(StrEnum):
    """What a refusal is about, and so what must be done about it."""

    LATER = "later"
    SLOWER = "slower"
    RELAY_BUSY = "relay busy"
    MAILBOX_BUSY = "mailbox busy"
    MAILBOX_FULL = "mailbox full"
    NO_SUCH_ADDRESS = "no such address"
    BAD_ADDRESS = "bad address"
    NO_ROUTE = "no route"
    UNCLEAR = "unclear"
    POLICY = "policy"
    OUR_SENDER = "our sender"
    OUR_SIZE = "our size"
    OUR_PROTOCOL = "our protocol"
    OUR_MESSAGE = "our message"
    OUR_RELAY = "our relay"


#: What may be over in an hour, even where the answer sounds final.
PASSING = frozenset(
    {Meaning.LATER, Meaning.SLOWER, Meaning.RELAY_BUSY, Meaning.MAILBOX_BUSY}
)
_ANYBODY = frozenset({Verdict.UNDELIVERED, Verdict.OURS})
_THEIRS = frozenset({Verdict.DEAD, Verdict.UNDELIVERED})
_LOST = frozenset({Verdict.UNDELIVERED})
_OURS = frozenset({Verdict.OURS})
#: The verdicts that go with what a refusal is about.
FITTING: Mapping[Meaning, frozenset[Verdict]] = MappingProxyType(
    {
        Meaning.LATER: _ANYBODY | {Verdict.NOTHING},
        Meaning.SLOWER: _ANYBODY,
        Meaning.RELAY_BUSY: _OURS,
        Meaning.MAILBOX_BUSY: _LOST,
        Meaning.MAILBOX_FULL: _LOST,
        Meaning.NO_SUCH_ADDRESS: _THEIRS,
        Meaning.BAD_ADDRESS: _THEIRS,
        Meaning.NO_ROUTE: _LOST,
        Meaning.UNCLEAR: _LOST,
        Meaning.POLICY: _OURS,
        Meaning.OUR_SENDER: _OURS,
        Meaning.OUR_SIZE: _OURS,
        Meaning.OUR_PROTOCOL: _OURS,
        Meaning.OUR_MESSAGE: _OURS,
        Meaning.OUR_RELAY: _OURS,
    }
)
#: What a row is about that does not say it.
USUAL: Mapping[Verdict, Meaning] = MappingProxyType(
    {
        Verdict.DEAD: Meaning.NO_SUCH_ADDRESS,
        Verdict.UNDELIVERED: Meaning.UNCLEAR,
        Verdict.OURS: Meaning.POLICY,
        Verdict.NOTHING: Meaning.LATER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The verdict of a refusal, and what it is about."""

    verdict: Verdict
    about: Meaning

    @property
    def is_final(self) -> bool:
        """Whether no later try tonight can end better: it is about the address."""
        return self.verdict in _THEIRS and self.about not in PASSING


#: What no row knows: the mail was refused, and nobody is to blame for sure.
UNKNOWN = Ruling(verdict=Verdict.UNDELIVERED, about=Meaning.UNCLEAR)
_OUR_PROTOCOL = Ruling(verdict=Verdict.OURS, about=Meaning.OUR_PROTOCOL)
#: Digits that words of "no such user" agree with.
_ABOUT_THE_ADDRESS = frozenset(
    {Meaning.NO_SUCH_ADDRESS, Meaning.BAD_ADDRESS, Meaning.UNCLEAR}
)

#: What is read of somebody's words. Anybody can forge a report, so it is bounded.
LONGEST_WORDS = 4096
CODE = re.compile(r"[45](xx|\d\d)|[45]\.(x\.x|\d{1,3}\.(x|\d{1,3}))")
_REPLY = re.compile(
    r"(?<![\d.])([45]\d\d)[ -]{1,3}['\"#(]{0,2}([45]\.\d{1,3}\.\d{1,3})(?![.\d])"
)
_PLAIN_REPLY = re.compile(
    r"(?:^\s{0,9}(?:smtp;)?|\bsaid:|\breturned:|\bresponse was:)\s{0,9}([45]\d\d)(?![.\d])",
    re.IGNORECASE,
)
_SAYS_NOTHING = frozenset({"", "4.0.0", "5.0.0"})
_BREAKS = str.maketrans(dict.fromkeys("<>()[]{},;:|=", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table: what it fits, and what it says then.

    Fits every code, stage or host where it names none. A code is an SMTP reply (550),
    one of RFC 3463 (5.1.1), or a class of either (5xx, 5.1.x, 5.x.x). A host is the end
    of a name; `phrases` are `spelled`.
    """

    ruling: Ruling
    phrases: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    stages: frozenset[Stage] = frozenset()
    hosts: tuple[str, ...] = ()

    def fits(self, codes: Sequence[str], said: "Said") -> bool:
        """Whether it is about such an answer with these codes, its words aside."""
        fitting = (_is_of(code, each) for code in codes for each in self.codes)
        return (
            (not self.stages or said.stage in self.stages)
            and (not self.codes or any(fitting))
            and (not self.hosts or said.names(self.hosts))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A refusal as it was said.

    `code` is the SMTP reply, 0 where only a report tells; `enhanced` is RFC 3463's, ""
    where there is none. `hosts`: who said it, and the recipient's domain.
    """

    stage: Stage
    code: int
    enhanced: str
    words: str
    hosts: tuple[str, ...] = ()

    @property
    def has_remote_reply(self) -> bool:
        """Whether another host's answer stands in a relay's words."""
        return bool(_REPLY.search(self._words) or _PLAIN_REPLY.search(self._words))

    def names(self, ends: Sequence[str]) -> bool:
        """Whether a host of such a name has to do with it."""
        words = self._words.casefold().translate(_BREAKS).split()
        named = [*(host.casefold() for host in self.hosts), *words]
        return any(
            host == end or host.endswith(f".{end}") for host in named for end in ends
        )

    def codes(self) -> tuple[str, ...]:
        """The codes that count: RFC 3463's, the reply's, and its class.

        What the remote host said counts in place of what a relay made of it. A relay
        that was given no code of RFC 3463 makes one up: that an address is wrong is not
        believed of those.
        """
        own = _REPLY.search(self._words)
        if own:
            return own[2], own[1]
        plain = _PLAIN_REPLY.search(self._words)
        reply = plain[1] if plain else str(self.code or "")
        is_made_up = plain is not None and self.enhanced.startswith("5.1.")
        kind = f"{self.enhanced[0]}xx" if self.enhanced else ""
        found = (self.enhanced, reply, kind)
        return tuple(each for each in found[is_made_up:] if each not in _SAYS_NOTHING)

    @property
    def _words(self) -> str:
        return self.words[:LONGEST_WORDS]


class Refusals:
    """The table: tells of each refusal whose fault it is."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """Where two rows of digits fit, the first counts."""
        self.rows = tuple(rows)
        self._by_digits = tuple(row for row in rows if not row.phrases)
        self._by_words = tuple(row for row in rows if row.phrases)

    def ruling(self, said: Said) -> Ruling:
        """What it means; UNKNOWN where no row fits.

        Where no recipient is in question yet, its words cannot be about one.
        """
        digits = self._digits(said)
        if said.stage in ABOUT_ALL_MAIL:
            is_ours = digits.verdict is Verdict.OURS
            return digits if is_ours else _OUR_PROTOCOL
        words = self._words(said)
        if words is None:
            return digits
        if words.verdict is Verdict.DEAD and digits.about not in _ABOUT_THE_ADDRESS:
            # Its digits say something else: it may be wrong about the address.
            return Ruling(verdict=Verdict.UNDELIVERED, about=words.about)
        return words

    def knows_words(self, said: Said) -> bool:
        """Whether a row knows its words."""
        return self._words(said) is not None

    def _digits(self, said: Said) -> Ruling:
        codes = said.codes() or ("",)
        found = (row for row in self._by_digits if row.fits(codes, said))
        row = next(found, None)
        return UNKNOWN if row is None else row.ruling

    def _words(self, said: Said) -> Ruling | None:
        """What the words say; a phrase within a longer one says nothing by itself."""
        text = f" {spelled(said.words[:LONGEST_WORDS])} "
        codes = said.codes() or ("",)
        found = [
            (start, end, row)
            for row in self._by_words
            if row.fits(codes, said)
            for start, end in _places(row.phrases, text)
        ]
        rulings = [
            row.ruling
            for start, end, row in found
            if not any(_hides(other, (start, end, row)) for other in found)
        ]
        return min(rulings, key=_severity, default=None)


_Place = tuple[int, int, Row]


def spelled(words: str) -> str:
    """Words as they are compared: lower case, one space between, no sign, no address.

    The address is left out because anybody may choose one that reads like a reason.
    """
    pieces = words.casefold().translate(_BREAKS).split()
    kept = " ".join(piece for piece in pieces if "@" not in piece)
    letters = "".join(sign if sign.isalnum() else " " for sign in kept)
    return " ".join(letters.split())


def _places(phrases: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Where the phrases stand: as whole words, in scripts that part them."""
    for phrase in phrases:
        sought = phrase if _is_unparted(phrase) else f" {phrase} "
        start = text.find(sought)
        while start >= 0:
            yield start, start + len(sought)
            start = text.find(sought, start + 1)


def _is_unparted(phrase: str) -> bool:
    """Whether it is of a script that has no spaces: Chinese, Japanese and the like."""
    return any(sign >= "\u2e80" for sign in phrase)


def _hides(other: _Place, one: _Place) -> bool:
    """Whether the other is longer around it, or as long and of a row that knows more."""
    (start, end, row), (left, right, mine) = other, one
    if not (start <= left and right <= end):
        return False
    if (start, end) != (left, right):
        return True
    return _narrowness(row) > _narrowness(mine)


def _narrowness(row: Row) -> int:
    return bool(row.hosts) + bool(row.codes) + bool(row.stages)


def _severity(ruling: Ruling) -> int:
    return ruling.verdict.severity


def _is_of(code: str, sort: str) -> bool:
    """Whether a code is this one, or of this class."""
    return len(code.split(".")) == len(sort.split(".")) and all(
        theirs in ("x", mine) or (theirs.endswith("xx") and theirs[0] == mine[:1])
        for mine, theirs in zip(code.split("."), sort.split("."), strict=True)
    )
