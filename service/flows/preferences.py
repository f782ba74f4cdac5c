"""What a subscriber can change by a signed link: the evening, the answers, silence."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from service.domain.night import first_slot, night_at
from service.domain.risk import Answers
from service.domain.subscriber import (
    CONSENT_VERSION,
    CONSENTS,
    Evening,
    GivenBy,
    Status,
    Subscriber,
    may_become,
)
from service.domain.tokens import BadLink, Links, Purpose
from service.store.engine import Store, Transaction

#: How long reminders rest after a warning sign, unless the person says sooner.
REST = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New settings from the page."""

    evening: Evening
    answers: Answers


async def show(store: Store, links: Links, token: str, *, now: datetime) -> Subscriber:
    """The subscriber whose link it is. Raises BadLink. Writes nothing."""
    subject = links.subject(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        return _known(await tx.subscribers.get(subject))


async def was_refused(store: Store, subscriber_id: int) -> bool:
    """Whether the mails ended because the mailbox did not take them. Writes nothing."""
    async with store.transaction() as tx:
        return await tx.refusals.has_ended(subscriber_id)


async def change(
    store: Store, links: Links, token: str, new: Change, *, now: datetime
) -> datetime | None:
    """Keep new settings; returns when the next reminder comes (UTC), None if paused.

    A reminder of tonight that still waits was chosen for the old answers: it is not
    sent. Raises BadLink.
    """
    subject = links.subject(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        # What waited to be claimed is out of date; a sign-up goes before its subscriber.
        await tx.signups.drop_waiting(subject)
        found = _known(await tx.subscribers.lock(subject))
        changed = replace(
            found,
            given_by=GivenBy.PERSON,
            evening=new.evening,
            person=replace(found.person, answers=new.answers),
        )
        await tx.outbox.suppress(subject, reason="answers changed", now=now)
        if found.status is not Status.ACTIVE:
            await tx.subscribers.save(changed, next_due_at=None, now=now)
            return None
        # Who chooses another rhythm starts it afresh.
        is_same = new.evening.frequency is found.evening.frequency
        started_on = found.started_on if is_same else None
        return await _schedule(tx, changed, started_on, now=now)


async def confirm_zone(
    store: Store, links: Links, token: str, country: str, zone: str, *, now: datetime
) -> Subscriber:
    """Keep the zone whose time the person pressed as theirs; who they are now.

    Nothing changes where their country is another one by now. Raises BadLink.
    """
    subject = links.subject(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        found = _known(await tx.subscribers.lock(subject))
        if found.person.answers.country != country:
            return found
        evening = replace(found.evening, zone=zone, is_zone_confirmed=True)
        changed = replace(found, evening=evening)
        await tx.outbox.suppress(subject, reason="answers changed", now=now)
        if found.status is Status.ACTIVE:
            await _schedule(tx, changed, found.started_on, now=now)
        else:
            await tx.subscribers.save(changed, next_due_at=None, now=now)
        return changed


async def nothing_changed(
    store: Store, links: Links, token: str, *, now: datetime
) -> None:
    """Take the answers as given today, so that they count as fresh. Raises BadLink."""
    subject = links.subject(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        found = _known(await tx.subscribers.lock(subject))
        today = night_at(found.evening.zone, now=now)
        answers = replace(found.person.answers, answered_on=today)
        fresh = replace(found, person=replace(found.person, answers=answers))
        due = await tx.subscribers.next_due_at(subject)
        await tx.subscribers.save(fresh, next_due_at=due, now=now)


async def pause(
    store: Store, links: Links, token: str, until: date | None, *, now: datetime
) -> None:
    """No reminders before the night `until` (None: until they come back). BadLink."""
    subject = links.subject(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        found = _allowed(await tx.subscribers.lock(subject), Status.PAUSED)
        paused = replace(found, status=Status.PAUSED, paused_until=until)
        await tx.outbox.suppress(subject, reason="paused", now=now)
        await tx.subscribers.save(paused, next_due_at=None, now=now)


async def rest(store: Store, links: Links, token: str, *, now: datetime) -> None:
    """No reminders for 14 nights: a warning sign is looked at first (rule H26).

    Which sign it was is not kept. A longer pause stays as it is. Raises BadLink.
    """
    subject = links.subject(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        found = _known(await tx.subscribers.lock(subject))
        until = night_at(found.evening.zone, now=now) + REST
        is_longer = found.paused_until is None or found.paused_until >= until
        if found.status is Status.PAUSED and is_longer:
            return
        if found.status in (Status.ACTIVE, Status.PAUSED):
            paused = replace(found, status=Status.PAUSED, paused_until=until)
            await tx.outbox.suppress(subject, reason="paused", now=now)
            await tx.subscribers.save(paused, next_due_at=None, now=now)


async def resume(store: Store, links: Links, token: str, *, now: datetime) -> datetime:
    """Reminders again, after a pause or an unsubscribe; returns the next (UTC)."""
    subject = links.subject(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        found = _allowed(await tx.subscribers.lock(subject), Status.ACTIVE)
        await tx.suppression.lift(found.person.address)
        if found.status is Status.STOPPED:
            await tx.consents.add(subject, CONSENTS, version=CONSENT_VERSION, now=now)
        active = replace(
            found, status=Status.ACTIVE, paused_until=None, stopped_at=None
        )
        due_at = await _schedule(tx, active, found.started_on, now=now)
        night = night_at(found.evening.zone, now=due_at)
        await tx.refusals.came_back(subject, first_night=night)
        return due_at


async def unsubscribe(store: Store, links: Links, token: str, *, now: datetime) -> None:
    """No mail any more, from now on, one already queued included. Raises BadLink.

    Safe to do twice. The answers are kept for 14 days so that it can be undone. It also
    keeps an operator from bringing back somebody whom refusals had ended before.
    """
    subject = links.subject(Purpose.UNSUBSCRIBE, token, now=now)
    async with store.transaction() as tx:
        found = await tx.subscribers.lock(subject)
        if found is None or not may_become(found.status, Status.STOPPED):
            return
        stopped_at = found.stopped_at or now
        stopped = replace(found, status=Status.STOPPED, stopped_at=stopped_at)
        await tx.outbox.suppress(subject, reason="unsubscribed", now=now)
        await tx.suppression.add(found.person.address, "unsubscribed", now=now)
        await tx.consents.withdraw(subject, now=now)
        await tx.subscribers.save(stopped, next_due_at=None, now=now)


def _known(found: Subscriber | None) -> Subscriber:
    if found is None:
        raise BadLink
    return found


def _allowed(found: Subscriber | None, new: Status) -> Subscriber:
    known = _known(found)
    if not may_become(known.status, new):
        raise BadLink
    return known


async def _schedule(
    tx: Transaction, subscriber: Subscriber, started_on: date | None, *, now: datetime
) -> datetime:
    """Keep the subscriber, due at the next evening that has no mail yet (UTC)."""
    evening = subscriber.evening
    tonight = night_at(evening.zone, now=now)
    is_taken = await tx.outbox.has_reminder(subscriber.id, tonight)
    first = first_slot(
        evening,
        subscriber_id=subscriber.id,
        started_on=started_on,
        taken=tonight if is_taken else None,
        now=now,
    )
    kept = replace(subscriber, started_on=started_on or first.night)
    await tx.subscribers.save(kept, next_due_at=first.due_at, now=now)
    return first.due_at
