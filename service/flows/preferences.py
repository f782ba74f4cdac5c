"""What the link of a reminder changes: time and days, a break, the end; and the form.

Answers are changed in a session alone (flows/access.py).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from service.domain.access import (
    A_DAY,
    SessionOver,
    TooManyChanges,
    change_told,
    holder,
    reachable,
)
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
from service.domain.tokens import BadLink, Link, Links, Purpose
from service.store.engine import Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """New settings from the page of a session."""

    evening: Evening
    answers: Answers


async def show(store: Store, links: Links, token: str, *, now: datetime) -> Subscriber:
    """The subscriber whose link it is. Raises BadLink. Writes nothing."""
    link = links.opened(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        return holder(await tx.subscribers.get(link.subject), link)


async def was_refused(store: Store, subscriber_id: int) -> bool:
    """Whether the mails ended because the mailbox did not take them. Writes nothing."""
    async with store.transaction() as tx:
        return await tx.refusals.has_ended(subscriber_id)


async def set_evening(
    store: Store, links: Links, token: str, evening: Evening, *, now: datetime
) -> datetime | None:
    """Keep time and days; returns when the next reminder comes (UTC), None if paused.

    A reminder of tonight that still waits is not sent: it may be for another hour.
    Raises BadLink.
    """
    link = links.opened(Purpose.MANAGE, token, now=now)
    async with store.transaction() as tx:
        found = holder(await tx.subscribers.lock(link.subject), link)
        return await _changed(tx, found, replace(found, evening=evening), now=now)


async def change(
    store: Store, session: str, new: Change, *, now: datetime
) -> datetime | None:
    """Keep the form of a session; returns as set_evening does.

    A reminder of tonight that still waits was chosen for the old answers: it is not
    sent. A mail tells that answers changed. Raises SessionOver or TooManyChanges.
    """
    async with store.transaction() as tx:
        who = await tx.subscriber_sessions.holder(session, now=now)
        if who is None:
            raise SessionOver
        # What waited to be claimed is out of date; a sign-up goes before its subscriber.
        await tx.signups.drop_waiting(who)
        found = await tx.subscribers.lock(who)
        if found is None:
            raise SessionOver
        if not new.answers.says_the_same(reachable(found).person.answers):
            number = await tx.changes.add(found, now=now)
            told = change_told(found, number, now=now)
            if not await tx.outbox.put_one_of_a_day(told, most=A_DAY):
                raise TooManyChanges
        person = replace(found.person, answers=new.answers)
        changed = replace(
            found, evening=new.evening, person=person, given_by=GivenBy.PERSON
        )
        return await _changed(tx, found, changed, now=now)


async def confirm_zone(
    store: Store, links: Links, token: str, country: str, zone: str, *, now: datetime
) -> Subscriber:
    """Keep the zone whose time the person pressed as theirs; who they are now.

    Nothing changes where their country is another one by now. Raises BadLink.
    """
    link = links.opened(Purpose.MANAGE, token, now=now)
    subject = link.subject
    async with store.transaction() as tx:
        found = holder(await tx.subscribers.lock(subject), link)
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


async def pause(
    store: Store, links: Links, token: str, until: date | None, *, now: datetime
) -> None:
    """No reminders before the night `until` (None: until they come back). BadLink."""
    link = links.opened(Purpose.MANAGE, token, now=now)
    subject = link.subject
    async with store.transaction() as tx:
        found = _allowed(await tx.subscribers.lock(subject), link, Status.PAUSED)
        paused = replace(found, status=Status.PAUSED, paused_until=until)
        await tx.outbox.suppress(subject, reason="paused", now=now)
        await tx.subscribers.save(paused, next_due_at=None, now=now)


async def resume(store: Store, links: Links, token: str, *, now: datetime) -> datetime:
    """Reminders again, after a pause or an unsubscribe; returns the next (UTC)."""
    link = links.opened(Purpose.MANAGE, token, now=now)
    subject = link.subject
    async with store.transaction() as tx:
        found = _allowed(await tx.subscribers.lock(subject), link, Status.ACTIVE)
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


def _allowed(found: Subscriber | None, link: Link, new: Status) -> Subscriber:
    known = holder(found, link)
    if not may_become(known.status, new):
        raise BadLink
    return known


async def _changed(
    tx: Transaction, found: Subscriber, changed: Subscriber, *, now: datetime
) -> datetime | None:
    """Keep what was changed; when the next reminder comes (UTC), None if paused."""
    await tx.outbox.suppress(found.id, reason="answers changed", now=now)
    if found.status is not Status.ACTIVE:
        await tx.subscribers.save(changed, next_due_at=None, now=now)
        return None
    # Who chooses another rhythm starts it afresh.
    is_same = changed.evening.frequency is found.evening.frequency
    started_on = found.started_on if is_same else None
    return await _schedule(tx, changed, started_on, now=now)


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
