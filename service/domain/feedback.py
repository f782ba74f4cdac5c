"""What comes back after a mail was sent, and what it means for the person it was for.

A report (RFC 3464) says what a relay further on refused; a complaint (RFC 5965), that
somebody pressed "this is spam". Both can be forged: the caller has found the mail they
are about by its signed token, and says which of the addresses named are that person's.
"""

import re
from collections.abc import Container
from dataclasses import dataclass, field
from enum import StrEnum

from service.domain.outbox import (
    VERDICTS,
    Meaning,
    Refused,
    Stage,
    meaning,
)
from service.domain.refusals import Verdict
from service.domain.verp import Mailed

#: What the relay may mend by itself: nothing to note, nobody to call.
PASSING = frozenset({Meaning.LATER, Meaning.SLOWER, Meaning.RELAY_BUSY})
#: RFC 5965, 7.3: the ways to say that the mail was not wanted.
UNWANTED = frozenset({"abuse", "fraud", "opt-out"})
SAYS_NOTHING = re.compile(r"[245]\.0\.0|")
CODE = re.compile(r"\b[45]\d\d[ -]([45]\.\d{1,3}\.\d{1,3})(?![.\d])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A recipient given up: the addresses named, RFC 3463's code, the relay's words."""

    named: tuple[str, ...]
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A delivery report. It has no refusals where the mail is only late, or arrived.

    `traces` are the texts that may hold the token of the mail it is about.
    """

    traces: tuple[str, ...]
    refusals: tuple[Refusal, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """Every address that it names as refused."""
        return tuple(name for each in self.refusals for name in each.named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A feedback report of this type, as "abuse"."""

    traces: tuple[str, ...]
    type: str
    named: tuple[str, ...]


class Ignored(StrEnum):
    """Why something that came back changes nothing, and is not kept either."""

    AUTOMATIC = "an automatic reply"
    NOT_FINAL = "not a refusal"
    PASSING = "the relay's passing trouble"
    WANTED = "not a complaint"
    NOBODY = "nobody by that number any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """This mail did not reach the person it was for.

    `is_local`: our own relay says so, and no other host had a word in it: it found no
    way to one (connection timed out, DNS).
    """

    mailed: Mailed
    verdict: Verdict
    is_local: bool = False
    #: The host's own, which may repeat an address.
    words: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complained:
    """The person whom this mail was for did not want it."""

    mailed: Mailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Our own fault, or a host's policy: nothing about the person, all about us."""

    mailed: Mailed
    meaning: Meaning
    status: str
    words: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """It cannot be believed, or not be understood: it is kept for the operator."""

    why: str


ABOUT_ANOTHER = Unusable(why="about another address")

Judgement = Bounced | Complained | Alarm | Ignored | Unusable


#: What came back, in few enough words to count it.
JUDGEMENTS = (
    "hard bounce",
    "soft bounce",
    "complaint",
    "refused by policy",
    "ignored",
    "unusable",
)


def in_short(found: Judgement) -> str:
    """Which of JUDGEMENTS it is."""
    match found:
        case Bounced(verdict=verdict):
            return "hard bounce" if verdict is Verdict.DEAD else "soft bounce"
        case Complained():
            return "complaint"
        case Alarm():
            return "refused by policy"
        case Ignored():
            return "ignored"
        case Unusable():
            return "unusable"


def judged(
    feedback: Report | Complaint, mailed: Mailed, theirs: Container[str]
) -> Judgement:
    """What it means; `theirs` holds those of the addresses named that are the person's."""
    match feedback:
        case Complaint():
            return _complained(feedback, mailed, theirs)
        case Report():
            return _reported(feedback, mailed, theirs)


def _complained(
    complaint: Complaint, mailed: Mailed, theirs: Container[str]
) -> Judgement:
    if complaint.type not in UNWANTED:
        return Ignored.WANTED
    is_theirs = _is_about(complaint.named, theirs)
    return Complained(mailed=mailed) if is_theirs else ABOUT_ANOTHER


def _reported(report: Report, mailed: Mailed, theirs: Container[str]) -> Judgement:
    if not report.refusals:
        return Ignored.NOT_FINAL
    for refusal in report.refusals:
        if _is_about(refusal.named, theirs):
            return _meant(refusal, mailed)
    return ABOUT_ANOTHER


def _meant(refusal: Refusal, mailed: Mailed) -> Judgement:
    status = _telling(refusal)
    refused = Refused(
        stage=Stage.REPORT, code=0, enhanced=status, reply=refusal.diagnostic
    )
    what = meaning(refused)
    if what in VERDICTS:
        words = refusal.diagnostic
        return Bounced(mailed=mailed, verdict=VERDICTS[what], words=words)
    if what in PASSING:
        return Ignored.PASSING
    words = refusal.diagnostic
    return Alarm(mailed=mailed, meaning=what, status=status, words=words)


def _telling(refusal: Refusal) -> str:
    """The code that says most: some hosts put it into their words alone."""
    if not SAYS_NOTHING.fullmatch(refusal.status):
        return refusal.status
    found = CODE.search(refusal.diagnostic)
    return found[1] if found else refusal.status


def _is_about(named: tuple[str, ...], theirs: Container[str]) -> bool:
    """A report that names nobody is about whose token it has; some hosts redact."""
    return not named or any(address in theirs for address in named)
