"""A message on its way: its states, its deadline and what an SMTP answer means.

due -> claimed -> sending -> sent | failed | unknown
due -> expired | suppressed        claimed -> due (lease ended) | suppressed
sending -> due (temporary refusal) sending -> unknown (lease ended)
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """The mails this service sends; one template folder each."""

    REMINDER = "reminder"
    CONFIRMATION = "confirmation"
    MANAGE_LINK = "manage_link"


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
    """The relay took the message and said so; `reply` is its text (queue id)."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """The relay did not take the message now; the same message may be tried again."""

    code: int
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The relay will not take this message; `enhanced` is RFC 3463's code or ""."""

    code: int
    enhanced: str
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The connection was lost when the relay may already have taken the message."""

    reason: str


Outcome = Accepted | Deferred | Rejected | Unknown


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
    """What becomes of a message after an attempt; `not_before` is for DUE alone."""

    message: Message
    state: State
    reason: str
    not_before: datetime


#: Somebody waits for these mails; after a day they have tried again.
WAITED_FOR = timedelta(days=1)
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))


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


def settle(message: Message, outcome: Outcome, *, now: datetime) -> Settled:
    """What an answer means for the message, of which this was the last attempt.

    A temporary refusal goes back to `due` for a later try inside the deadline, or
    becomes `expired`. An unknown outcome is never sent again, with one exception:
    somebody waits for a confirmation or a link, and one second copy does no harm.
    The relay's own words are not kept: they may repeat an address.
    """
    match outcome:
        case Accepted():
            return _settled(message, State.SENT, "accepted", now)
        case Rejected(code=code, enhanced=enhanced):
            return _settled(message, State.FAILED, f"{code} {enhanced}".strip(), now)
        case Unknown(reason=why) if message.kind is Kind.REMINDER or _is_repeat(
            message
        ):
            return _settled(message, State.UNKNOWN, why, now)
        case Unknown(reason=reason):
            return _try_later(message, reason, now=now)
        case Deferred(code=code, reply=reply):
            # Without a code no relay said it: it is our word for why none was asked.
            why = f"refused for now ({code})" if code else reply
            return _try_later(message, why, now=now)


def _is_repeat(message: Message) -> bool:
    return message.attempts > 1


def _try_later(message: Message, reason: str, *, now: datetime) -> Settled:
    step = RETRY_AFTER[min(message.attempts, len(RETRY_AFTER)) - 1]
    if now + step > message.expires_at:
        return _settled(message, State.EXPIRED, reason, now)
    return _settled(message, State.DUE, reason, now + step)


def _settled(message: Message, state: State, reason: str, when: datetime) -> Settled:
    return Settled(message=message, state=state, reason=reason, not_before=when)
