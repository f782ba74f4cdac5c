"""What comes back after a mail was sent, and what it means for the person it was for.

A report (RFC 3464) says what a relay further on refused; a complaint (RFC 5965), that
somebody pressed "this is spam". Both can be forged: the caller has found the mail they
are about by its signed token, and says which of the addresses named are that person's.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from enum import StrEnum

from service.domain.refusals import Meaning, Refusals, Said, Stage, Verdict
from service.domain.verp import Mailed

#: What is kept of a host's words for the operator, in characters.
KEPT_WORDS = 300
#: RFC 5965, 7.3: the ways to say that the mail was not wanted.
UNWANTED = frozenset({"abuse", "fraud", "opt-out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A recipient given up: the addresses named, RFC 3463's code, the relay's words.

    `hosts` are those that say so.
    """

    named: tuple[str, ...]
    status: str
    diagnostic: str
    hosts: tuple[str, ...] = ()

    @property
    def said(self) -> Said:
        """It, for `refusals` to read."""
        return Said(
            stage=Stage.REPORT,
            code=0,
            enhanced=self.status,
            words=self.diagnostic,
            hosts=self.hosts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A delivery report. It has no refusals where the mail is only late, or arrived.

    `traces` are the texts that may hold the token of the mail it is about. `is_prose`:
    it has no part that a machine is meant to read (RFC 3464), only words.
    """

    traces: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    is_prose: bool = False

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
    WANTED = "not a complaint"
    NOBODY = "nobody by that number any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """This mail did not reach the person it was for, by this verdict.

    `is_local`: our own relay says so, and no other host had a word in it: it found no
    way to one (connection timed out, DNS). `is_unread`: its words are known to no row,
    and it has nothing else.
    """

    mailed: Mailed
    verdict: Verdict
    about: Meaning
    status: str
    is_local: bool = False
    #: The host's own, which may repeat an address.
    words: str = field(default="", repr=False, compare=False)
    is_unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Complained:
    """The person whom this mail was for did not want it."""

    mailed: Mailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """It cannot be believed, or not be understood: it is kept for the operator."""

    why: str


ABOUT_ANOTHER = Unusable(why="about another address")

Judgement = Bounced | Complained | Ignored | Unusable


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
            return _BOUNCES.get(verdict, "soft bounce")
        case Complained():
            return "complaint"
        case Ignored():
            return "ignored"
        case Unusable():
            return "unusable"


_BOUNCES = {Verdict.DEAD: "hard bounce", Verdict.OURS: "refused by policy"}


def judged(
    feedback: Report | Complaint,
    mailed: Mailed,
    theirs: Container[str],
    refusals: Refusals,
) -> Judgement:
    """What it means; `theirs` holds those of the addresses named that are the person's."""
    match feedback:
        case Complaint():
            return _complained(feedback, mailed, theirs)
        case Report():
            return _reported(feedback, mailed, theirs, refusals)


def _complained(
    complaint: Complaint, mailed: Mailed, theirs: Container[str]
) -> Judgement:
    if complaint.type not in UNWANTED:
        return Ignored.WANTED
    is_theirs = _is_about(complaint.named, theirs)
    return Complained(mailed=mailed) if is_theirs else ABOUT_ANOTHER


def _reported(
    report: Report, mailed: Mailed, theirs: Container[str], refusals: Refusals
) -> Judgement:
    """The token says whose mail it was, also where it was passed on to elsewhere.

    Of several refusals the person's own count, if there are any, and of those the
    gentlest.
    """
    own = [each for each in report.refusals if _is_about(each.named, theirs)]
    found = [
        _bounced(each, report, mailed, refusals) for each in own or report.refusals
    ]
    judgement = min(found, key=lambda each: each.verdict.severity, default=None)
    if judgement is None or judgement.verdict is Verdict.NOTHING:
        return Ignored.NOT_FINAL
    return judgement


def _bounced(
    refusal: Refusal, report: Report, mailed: Mailed, refusals: Refusals
) -> Bounced:
    said = refusal.said
    ruling = refusals.ruling(said)
    return Bounced(
        mailed=mailed,
        verdict=ruling.verdict,
        about=ruling.about,
        status=refusal.status,
        is_local=ruling.about is Meaning.NO_ROUTE and not said.has_remote_reply,
        is_unread=report.is_prose and not refusals.knows_words(said),
        words=refusal.diagnostic[:KEPT_WORDS],
    )


def _is_about(named: tuple[str, ...], theirs: Container[str]) -> bool:
    """What names nobody is about whose token it has; some hosts redact."""
    return not named or any(address in theirs for address in named)
