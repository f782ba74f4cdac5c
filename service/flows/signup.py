"""Signing up, in two steps (double opt-in): answers wait apart until confirmed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.domain.access import Why, fresh_link
from service.domain.night import first_slot, night_at
from service.domain.outbox import Kind, at_once
from service.domain.risk import Answers
from service.domain.subscriber import (
    CONSENT_VERSION,
    CONSENTS,
    Evening,
    Person,
    Status,
    Subscriber,
)
from service.domain.tokens import CONFIRM_WITHIN, BadLink, Links, Purpose
from service.store.engine import Store, Transaction
from service.store.signups import Pending

#: One address gets this many confirmation mails in a day, whoever fills in the form.
REQUESTS_A_DAY = 3
DAY = timedelta(days=1)
#: One whose mailbox did not take our reminders gets one, for as long as its link works.
REQUESTS_REFUSED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A valid sign-up form."""

    address: str
    answers: Answers
    evening: Evening
    language: str
    consents: tuple[str, ...]


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


async def request(store: Store, form: SignUp, *, now: datetime) -> None:
    """Queue the mail that answers a sign-up form.

    A new or departed address gets a confirmation mail, a subscriber their own link, a
    one that complained nothing: the caller cannot tell, so that nobody can find out
    who is signed up.
    """
    async with store.transaction() as tx:
        reason = await tx.suppression.reason(form.address)
        if reason is not None and reason.is_for_good:
            return
        known = await tx.subscribers.find(form.address)
        if known is not None and known.status in (Status.ACTIVE, Status.PAUSED):
            await tx.outbox.put([fresh_link(known, Why.ASKED, now=now)])
            return
        is_refused = reason is not None and reason.is_refused
        window = CONFIRM_WITHIN if is_refused else DAY
        requests = await tx.signups.recent(form.address, since=now - window)
        if requests >= (REQUESTS_REFUSED if is_refused else REQUESTS_A_DAY):
            return
        await _ask_to_confirm(tx, form, now=now)


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


async def _ask_to_confirm(tx: Transaction, form: SignUp, *, now: datetime) -> None:
    pending = Pending(
        id=await tx.signups.new_id(),
        person=Person(address=form.address, answers=form.answers),
        evening=form.evening,
        language=form.language,
        consents=form.consents,
        requested_at=now,
        expires_at=now + CONFIRM_WITHIN,
    )
    await tx.signups.add(pending)
    mail = at_once(
        Kind.CONFIRMATION, subscriber_id=pending.id, address=form.address, now=now
    )
    await tx.outbox.put([mail])


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
