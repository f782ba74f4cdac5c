"""A message on its way: its states, its deadline and what an SMTP answer means.

due -> claimed -> sending -> sent | failed | unknown | expired
due -> expired | failed | suppressed
claimed -> due (held, lease ended) | expired | failed | suppressed
sending -> due (temporary refusal) | unknown (lease ended)
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from service.domain.provider import Provider
from service.domain.refusals import Meaning, Ruling, Stage, Verdict


class Kind(StrEnum):
    """The mails this service sends; one template folder each."""

    REMINDER = "reminder"
    CONFIRMATION = "confirmation"
    MANAGE_LINK = "manage_link"
    ANSWERED = "answered"
    ZONE_QUESTION = "zone_question"


#: Why a reminder is held back whose time is no evening in the person's country.
OTHER_CLOCK = "no evening in their country"


class State(StrEnum):
    """Where a message stands; only `due` rows are ever picked up."""

    DUE = "due"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


class Lane(StrEnum):
    """Somebody waits for a PRIORITY mail; an EVENING mail waits for its hour."""

    PRIORITY = "priority"
    EVENING = "evening"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The relay took the message and said so; `reply` is its text (queue id).

    `relay` is the one that answered, by host and port; what it said is the same.
    """

    reply: str
    relay: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A relay said no, for now or for good: its `ruling` tells which.

    `enhanced` is RFC 3463's code or "".
    """

    stage: Stage
    code: int
    enhanced: str
    reply: str
    ruling: Ruling
    relay: str = field(default="", compare=False)

    @property
    def is_permanent(self) -> bool:
        """Whether its digits say that another try is in vain (RFC 5321, 4.2.1)."""
        return self.code >= 500  # noqa: PLR2004  # 5yz


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """Nothing of the message was handed over, and no relay said anything about it.

    `stage` is how far it had come: to CONNECT, no relay had heard of it.
    """

    reason: str
    stage: Stage = Stage.CONNECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The connection was lost when the relay may already have taken the message."""

    reason: str


Outcome = Accepted | Refused | Unsent | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One outbox row in a worker's hands. (subscriber_id, night, kind) is its key.

    `attempts` counts this one: it is at least 1 once a relay is spoken to.
    """

    subscriber_id: int
    night: date
    kind: Kind
    attempts: int
    not_before: datetime
    expires_at: datetime
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What becomes of a message after an attempt; `not_before` is for DUE alone.

    `verdict`: what its end says about its address, in the provider's own `words`, which
    may repeat it. `provider`: once a relay looked at it. `relay` and `domain`: which one
    took or refused it, and where it was for.
    """

    message: Message
    state: State
    reason: str
    not_before: datetime
    verdict: Verdict | None = None
    provider: Provider | None = None
    words: str = field(default="", repr=False)
    relay: str = ""
    domain: str = ""


#: Somebody waits for these mails; after a day they have tried again.
WAITED_FOR = timedelta(days=1)
#: Each further mail of one network goes as if it had been asked for so much later.
TURN = timedelta(minutes=5)
#: The wait after the first refusal; it doubles with each one, up to the longest.
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=30)
#: The relay is away or pauses: it is asked again as soon as that may be over.
AWAY_WAIT = timedelta(seconds=20)
#: The last try leaves so much before the deadline, for the relay to answer.
LAST_CALL = timedelta(minutes=1)


def at_once(kind: Kind, *, subscriber_id: int, address: str, now: datetime) -> Message:
    """A mail that somebody is waiting for; one of a kind a day, by the outbox key."""
    return Message(
        subscriber_id=subscriber_id,
        night=now.date(),
        kind=kind,
        attempts=0,
        not_before=now,
        expires_at=now + WAITED_FOR,
        payload=address,
    )


def in_turn(message: Message, turn: int) -> Message:
    """The same mail, which is the how manieth that a network asks for.

    Mails leave by their deadline, so that the later ones of a network wait behind the
    first ones of all others.
    """
    return replace(message, expires_at=message.expires_at + (turn - 1) * TURN)


def settle(message: Message, outcome: Outcome, *, now: datetime) -> Settled:
    """What an answer means for the message, of which this was the last attempt.

    A temporary refusal, or one that is our own fault or the domain's policy, goes back
    to `due` for a later try inside the deadline, or becomes `expired`. An unknown
    outcome is never sent again, with one exception: somebody waits for a confirmation
    or a link, and one second copy does no harm.
    The relay's own words may repeat an address: they are never shown in a reason.
    """
    match outcome:
        case Accepted():
            return ended(message, State.SENT, "accepted", now)
        case Refused():
            return _refused(message, outcome, now=now)
        case Unknown(reason=why):
            if message.kind is not Kind.REMINDER and message.attempts == 1:
                return _try_later(message, why, wait=_ladder(message), now=now)
            return ended(message, State.UNKNOWN, why, now)
        case Unsent(reason=why):
            return _try_later(message, why, wait=_spread(message, AWAY_WAIT), now=now)


def ended(message: Message, state: State, reason: str, when: datetime) -> Settled:
    """This state and reason for a message; `when` counts for DUE alone."""
    return Settled(message=message, state=state, reason=reason, not_before=when)


def put_back(message: Message, reason: str, *, until: datetime) -> Settled:
    """What becomes of a claimed message that must wait before a relay is asked.

    `until` may lie past its deadline: then there is no use in waiting.
    """
    state = State.EXPIRED if until >= message.expires_at else State.DUE
    return ended(message, state, reason, until)


def _refused(message: Message, refused: Refused, *, now: datetime) -> Settled:
    ruling = refused.ruling
    why = f"{ruling.about}: {refused.code} {refused.enhanced}".strip()
    if ruling.is_final and refused.is_permanent:
        settled = ended(message, State.FAILED, why, now)
    else:
        is_untouched = ruling.about is Meaning.RELAY_BUSY
        wait = _spread(message, AWAY_WAIT) if is_untouched else _ladder(message)
        settled = _try_later(message, why, wait=wait, now=now)
    if settled.state is State.DUE:
        return settled
    return replace(settled, verdict=ruling.verdict, words=refused.reply)


def _try_later(
    message: Message, reason: str, *, wait: timedelta, now: datetime
) -> Settled:
    """Once more after `wait`, or a last time just before the deadline, or never."""
    last_call = message.expires_at - LAST_CALL
    if now >= last_call:
        return ended(message, State.EXPIRED, reason, now)
    when = min(now + wait, last_call)
    return ended(message, State.DUE, reason, when)


def _ladder(message: Message) -> timedelta:
    """1, 2, 4, 8, 16, 30, 30, ... minutes, each person's a little apart."""
    steps = min(message.attempts, 10) - 1
    return _spread(message, min(FIRST_WAIT * 2**steps, LONGEST_WAIT))


def _spread(message: Message, wait: timedelta) -> timedelta:
    """`wait` give or take a fifth: stable, so that all do not come back at once."""
    key = f"{message.subscriber_id}|{message.night}|{message.attempts}"
    dice = hashlib.blake2b(key.encode(), digest_size=2).digest()
    return wait * (0.8 + 0.4 * int.from_bytes(dice) / 0xFFFF)
