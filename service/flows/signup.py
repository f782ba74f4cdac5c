"""The second step of signing up (double opt-in): answers wait apart until confirmed."""

from dataclasses import dataclass
from datetime import datetime

from service.domain.night import first_slot, night_at
from service.domain.subscriber import (
    CONSENT_VERSION,
    CONSENTS,
    Evening,
    Status,
    Subscriber,
)
from service.domain.tokens import BadLink, Links, Purpose
from service.store.engine import Store, Transaction
from service.store.signups import Pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """What waits behind a confirmation link, and what is still to be agreed to."""

    evening: Evening
    consents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """A confirmed sign-up: when the first reminder comes (UTC).

    `was_refused`: mails to the address had come back, and had ended for that.
    """

    first_at: datetime
    evening: Evening
    was_refused: bool = False


async def waiting(
    store: Store, links: Links, token: str, *, now: datetime
) -> Unconfirmed:
    """What the link would confirm, where it works. Raises BadLink. Writes nothing.

    Still to be agreed to is nothing for somebody who came by the form, all of it for
    somebody on a list.
    """
    subject = links.subject(Purpose.CONFIRM, token, now=now)
    async with store.transaction() as tx:
        pending = await tx.signups.get(subject)
        confirmed = await tx.subscribers.get(subject)
    found = pending or confirmed
    if found is None:
        raise BadLink
    consents = CONSENTS if pending and not pending.consents else ()
    return Unconfirmed(evening=found.evening, consents=consents)


async def confirm(store: Store, links: Links, token: str, *, now: datetime) -> Welcome:
    """Make a pending sign-up a subscriber. Raises BadLink.

    Safe to do twice: the sign-up is taken once, and a second call finds the new
    subscriber that it became. For somebody who came back the link works once.
    """
    subject = links.subject(Purpose.CONFIRM, token, now=now)
    async with store.transaction() as tx:
        pending = await tx.signups.take(subject)
        if pending is None:
            return await _welcome_back(tx, subject)
        return await _enrol(tx, pending, now=now)


async def _welcome_back(tx: Transaction, subject: int) -> Welcome:
    known = await tx.subscribers.get(subject)
    first_at = await tx.subscribers.next_due_at(subject)
    if known is None or first_at is None:
        raise BadLink
    return Welcome(first_at=first_at, evening=known.evening)


async def _enrol(tx: Transaction, pending: Pending, *, now: datetime) -> Welcome:
    address, evening = pending.person.address, pending.evening
    known = await tx.subscribers.find(address)
    reason = await tx.suppression.reason(address)
    if reason is not None and reason.is_for_good:
        raise BadLink
    subscriber_id = pending.id if known is None else known.id
    tonight = night_at(evening.zone, now=now)
    is_taken = await tx.outbox.has_reminder(subscriber_id, tonight)
    first = first_slot(
        evening,
        subscriber_id=subscriber_id,
        started_on=None,
        taken=tonight if is_taken else None,
        now=now,
    )
    subscriber = Subscriber(
        id=subscriber_id,
        person=pending.person,
        evening=evening,
        language=pending.language,
        status=Status.ACTIVE,
        started_on=first.night,
    )
    if known is None:
        await tx.subscribers.add(subscriber, next_due_at=first.due_at, now=now)
    else:
        await tx.subscribers.save(subscriber, next_due_at=first.due_at, now=now)
        await tx.refusals.came_back(subscriber_id, first_night=first.night)
    # The page that somebody on a list comes to says what the button agrees to.
    consents = pending.consents or CONSENTS
    await tx.consents.add(subscriber_id, consents, version=CONSENT_VERSION, now=now)
    await tx.suppression.lift(address)
    await _forget_others(tx, pending, now=now)
    was_refused = reason is not None and reason.is_refused
    return Welcome(first_at=first.due_at, evening=evening, was_refused=was_refused)


async def _forget_others(tx: Transaction, pending: Pending, *, now: datetime) -> None:
    """Nobody who confirmed is asked once more: an import asks hours later."""
    forgotten = await tx.signups.forget(pending.person.address)
    others = [one for one in forgotten if one != pending.id]
    await tx.outbox.hold_back(others, reason="confirmed", now=now)
