"""What links and sessions open, and the two mails about it.

A link in a reminder stops the mails, pauses them, and changes time and days. Answers and
address are opened by a fresh link, which is mailed on request and pressed once: the
press opens a session on that browser.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from service.domain.errors import VisitorError
from service.domain.outbox import Kind, Message, at_once
from service.domain.subscriber import Status, Subscriber
from service.domain.tokens import BadLink, Link

#: How long a session lasts, whatever is done meanwhile.
SESSION = timedelta(hours=1)
#: So many fresh links are mailed to a person in a day, and so many changes told.
A_DAY = 3
#: How long a mail that tells of a change is tried, so that no outage of a night loses it.
TOLD_FOR = timedelta(days=3)


class Why(StrEnum):
    """Why a fresh link is mailed: somebody asked for it, or undid a change."""

    ASKED = "asked"
    UNDONE = "undone"


class TooManyChanges(VisitorError):
    """A change that no mail could tell of today."""

    def __init__(self) -> None:
        """Say what a person can do about it."""
        what = "Your answers were changed several times today. Please try it tomorrow."
        super().__init__({"answer": what})


class SessionOver(VisitorError):
    """The hour of a session is over, or it was ended."""

    def __init__(self) -> None:
        """Say what a person can do about it."""
        super().__init__({"link": "Your page was closed. Ask for a fresh link."})


class TooManyLinks(VisitorError):
    """A fresh link that no mail could carry today."""

    def __init__(self) -> None:
        """Say what a person can do about it."""
        what = "We have mailed several links today. Use the newest, or try it tomorrow."
        super().__init__({"link": what})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a mail about a link or a change says; sealed in its outbox row.

    `change` is the number of the change that it tells of, 0 for none.
    """

    address: str
    language: str
    generation: int
    why: Why
    change: int


def holder(found: Subscriber | None, link: Link) -> Subscriber:
    """The subscriber whose link it is. Raises BadLink where it was ended."""
    if found is None or found.generation != link.generation:
        raise BadLink
    return found


def reachable(found: Subscriber) -> Subscriber:
    """The same subscriber. Raises BadLink for one who gets no mails any more."""
    if found.status not in (Status.ACTIVE, Status.PAUSED):
        raise BadLink
    return found


def fresh_link(subscriber: Subscriber, why: Why, *, now: datetime) -> Message:
    """The mail with a link that opens a session."""
    mail = _mail(Kind.MANAGE_LINK, subscriber, why, 0, now=now)
    # Workers of the release before, during an upgrade, read an address alone.
    address = subscriber.person.address
    is_plain = notice(mail.payload) == notice(address)
    return replace(mail, payload=address) if is_plain else mail


def change_told(subscriber: Subscriber, change: int, *, now: datetime) -> Message:
    """The mail that says that answers were changed, and holds the undo."""
    mail = _mail(Kind.ANSWERED, subscriber, Why.ASKED, change, now=now)
    return replace(mail, expires_at=now + TOLD_FOR)


def notice(payload: str) -> Notice:
    """What `fresh_link` and `change_told` wrote.

    The address alone is that of a mail that has nothing else to say. The release before
    this one wrote no number of a change.
    """
    is_address = not payload.startswith("{")
    said: dict[str, Any] = {"address": payload} if is_address else json.loads(payload)
    return Notice(
        address=said["address"],
        language=said.get("language", "en"),
        generation=said.get("generation", 0),
        why=Why(said.get("why", Why.ASKED)),
        change=said.get("change", 0),
    )


def _mail(
    kind: Kind, subscriber: Subscriber, why: Why, change: int, *, now: datetime
) -> Message:
    address = subscriber.person.address
    said = Notice(
        address=address,
        language=subscriber.language,
        generation=subscriber.generation,
        why=why,
        change=change,
    )
    # The workers of the release before, some of which may still run, read nothing else.
    says_all = notice(address) == said
    payload = address if says_all else json.dumps(asdict(said))
    return at_once(kind, subscriber_id=subscriber.id, address=payload, now=now)
