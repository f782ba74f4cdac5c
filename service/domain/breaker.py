"""Whoever fails again and again is left alone for a while, then asked with one message.

closed -> open (so many failures in a row) -> half-open (the wait is over)
half-open -> closed (its one message went well) | open for twice as long
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from service.domain.outbox import Accepted, Outcome, Refused, Unsent
from service.domain.pace import LONG_AGO, SET_BACK
from service.domain.refusals import ABOUT_ALL_MAIL, Meaning, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A kind of failure: how many in a row are too many, how long to wait, what to do."""

    in_a_row: int
    first_wait: timedelta
    longest_wait: timedelta
    remedy: str


#: A relay that is away is asked often: everybody must be mailed soon after its return.
AWAY = Fault(
    in_a_row=3,
    first_wait=timedelta(seconds=10),
    longest_wait=timedelta(minutes=5),
    remedy="See that the relay runs and can be reached from here",
)
#: Nothing gets better by asking again before somebody has changed something.
OUR_SENDER = Fault(
    in_a_row=1,
    first_wait=timedelta(minutes=5),
    longest_wait=timedelta(minutes=30),
    remedy="See that the relay knows our name, password and sender address",
)
OUR_MAIL = replace(
    OUR_SENDER,
    in_a_row=3,
    remedy="See which limits and checks of the relay our mails do not pass",
)
#: Of a recipient domain: so many different people of it were refused. One mailbox that
#: takes mail from few is not its domain.
POLICY = Fault(
    in_a_row=3,
    first_wait=timedelta(minutes=15),
    longest_wait=timedelta(hours=2),
    remedy="See SPF, DKIM and DMARC of the sender and its standing at this domain",
)
#: Of a relay that refuses one recipient after another for the same reason: as if it
#: were our fault, theirs, or a matter of time.
SHUNNED = replace(
    OUR_SENDER,
    remedy="See that the relay may send our mail on and is on no block list",
)
ASTRAY = replace(
    OUR_SENDER,
    remedy="See why the relay refuses every recipient: its tables, database or rules",
)
THROTTLED = replace(
    AWAY,
    in_a_row=1,
    remedy="See how much the relay takes from us: EVENTIDE_SMTP__RATE must be less",
)

_FAULTS: Mapping[Meaning, Fault] = MappingProxyType(
    {
        Meaning.RELAY_BUSY: AWAY,
        Meaning.POLICY: OUR_MAIL,
        Meaning.OUR_SIZE: OUR_MAIL,
        Meaning.OUR_PROTOCOL: OUR_MAIL,
        Meaning.OUR_MESSAGE: OUR_MAIL,
    }
)
#: The relay closes the connection: RFC 5321, 3.8.
CLOSING_DOWN = 421


def fault(outcome: Outcome) -> Fault | None:
    """What an outcome says against the relay; None is a relay at work.

    A refusal does so only where it is about all mail: what it says to a recipient or a
    message is about those. A relay that takes messages and does not say so fails as
    well: each one would end as `unknown`.
    """
    match outcome:
        case Accepted():
            return None
        case Refused(code=code) if code == CLOSING_DOWN:
            return AWAY
        case Refused(stage=stage, ruling=ruling):
            is_ours = stage in ABOUT_ALL_MAIL
            return _FAULTS.get(ruling.about, OUR_SENDER) if is_ours else None
        case _:
            return AWAY


def is_before_a_recipient(outcome: Outcome) -> bool:
    """Whether it came of it before the relay was told for whom the message is."""
    match outcome:
        case Refused(stage=stage):
            return stage in (Stage.CONNECT, Stage.MAIL)
        case Unsent(stage=stage):
            return stage is Stage.CONNECT
        case _:
            return False


#: So many different people, at so many domains, are not refused alike by chance.
MANY_PEOPLE, MANY_DOMAINS = 10, 3
#: What is the trouble of one mailbox, or of one address at one relay, however many
#: have it.
THEIR_OWN = frozenset({Meaning.MAILBOX_FULL, Meaning.MAILBOX_BUSY, Meaning.OUR_RELAY})
_TURNED_AWAY = replace(OUR_MAIL, in_a_row=1)
_OF_A_STREAK: Mapping[Meaning, Fault] = MappingProxyType(
    {
        Meaning.SLOWER: THROTTLED,
        Meaning.LATER: THROTTLED,
        Meaning.POLICY: SHUNNED,
        Meaning.OUR_SENDER: OUR_SENDER,
        Meaning.OUR_SIZE: _TURNED_AWAY,
        Meaning.OUR_PROTOCOL: _TURNED_AWAY,
        Meaning.OUR_MESSAGE: _TURNED_AWAY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """The same refusal again and again, and nothing accepted between."""

    answer: tuple[Meaning, int, str] | None = None
    people: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    def and_then(self, recipient: str, refused: Refused) -> "Streak":
        """The streak with one refusal more, or the one that it begins.

        What may pass is none: the message comes back by itself, and a relay that looks
        at each address first, to take it the next time, says so to everybody.
        """
        about = refused.ruling.about
        answer = about, refused.code, refused.enhanced
        if not refused.is_permanent or about in THEIR_OWN:
            return self
        if answer == self.answer and self.is_telling:
            return self
        before = self if answer == self.answer else NO_STREAK
        return Streak(
            answer=answer,
            people=before.people | {recipient},
            domains=before.domains | {recipient.rpartition("@")[2]},
        )

    @property
    def is_telling(self) -> bool:
        """Whether it is about us, or the relay, and no longer about those people."""
        return len(self.people) >= MANY_PEOPLE and len(self.domains) >= MANY_DOMAINS

    @property
    def fault(self) -> Fault | None:
        """What it says against the relay."""
        if self.answer is None or not self.is_telling:
            return None
        return _OF_A_STREAK.get(self.answer[0], ASTRAY)


NO_STREAK = Streak()


class Gate(StrEnum):
    """What a breaker lets through: everything, nothing, or one message."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


#: After so long without an answer the one message is given up, and another may go.
#: It may be lost without a word, as with the worker that was to send it.
PROBE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Where a relay or a domain stands. `wait` is zero while it is closed."""

    failures: int = 0
    wait: timedelta = timedelta()
    until: datetime = LONG_AGO
    is_probing: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether everything may pass."""
        return not self.wait

    def gate(self, *, now: datetime) -> Gate:
        """What may pass; nothing more while the one message is on its way.

        An end further off than any wait is long means that the clock was set back.
        """
        if self.is_closed:
            return Gate.CLOSED
        longest = max(self.wait, PROBE) + SET_BACK
        return Gate.OPEN if now < self.until <= now + longest else Gate.HALF_OPEN

    def passed(self, *, now: datetime) -> "Breaker":
        """The breaker after it let a message through."""
        if self.is_closed:
            return self
        return replace(self, is_probing=True, until=now + PROBE)

    def succeeded(self, *, now: datetime) -> "Breaker":
        """Closed, unless it is open: then that message was sent before it opened."""
        if self._is_deaf(now):
            return self
        return CLOSED

    def failed(self, fault: Fault, *, now: datetime) -> "Breaker":
        """One failure more, and open where that is one too many.

        What was already on its way when it opened does not make the wait longer.
        """
        if self._is_deaf(now):
            return self
        failures = self.failures + 1
        if self.is_closed and failures < fault.in_a_row:
            return replace(self, failures=failures)
        wait = min(max(2 * self.wait, fault.first_wait), fault.longest_wait)
        return Breaker(failures=failures, wait=wait, until=now + wait)

    def unanswered(self, *, now: datetime) -> "Breaker":
        """The one message told nothing: the next may go in its place."""
        return replace(self, is_probing=False, until=now) if self.is_probing else self

    def _is_deaf(self, now: datetime) -> bool:
        return not self.is_probing and self.gate(now=now) is Gate.OPEN


#: The breaker of whoever gives no trouble.
CLOSED = Breaker()
