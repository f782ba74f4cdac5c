"""One person as the operator sees them, and what can be done for them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from service.domain.access import Why, fresh_link
from service.domain.audit import Act
from service.domain.errors import VisitorError
from service.domain.night import first_slot, night_at
from service.domain.outbox import Kind, State
from service.domain.records import Said, said
from service.domain.subscriber import (
    Evening,
    Person,
    Status,
    Subscriber,
    may_become,
)
from service.store.consents import Consent
from service.store.dossier import Dates, Mail
from service.store.engine import Store, Transaction
from service.store.refusals import Refused
from service.store.suppression import Entry, Reason

#: How far back a page shows a person's nights.
NIGHTS_SHOWN = 90


class NoSuchPerson(VisitorError):
    """Nobody has this number: never confirmed in time, or erased."""

    def __init__(self) -> None:
        """Say what it can mean."""
        super().__init__({"person": "Nobody has this number any more."})


class NotPossible(VisitorError):
    """The act does not fit the person's state, which may just have changed."""

    def __init__(self, status: Status) -> None:
        """Say which state that is."""
        super().__init__({"act": f"That cannot be done: the person is {status} now."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Who has an address: a subscriber, sign-ups that wait, a place on the list."""

    subscriber: int | None
    waiting: tuple[int, ...]
    suppressed: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightSeen:
    """What became of a person's night; what it said is not part of it."""

    night: date
    outcome: State
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A sign-up that nobody has confirmed yet."""

    number: int
    evening: Evening
    requested_at: datetime
    expires_at: datetime
    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A subscriber as any operator may see them: no address, no answer, no tip."""

    number: int
    status: Status
    evening: Evening
    language: str
    started_on: date
    paused_until: date | None
    stopped_at: datetime | None
    dates: Dates
    next_due_at: datetime | None
    suppressed: Entry | None
    nights: tuple[NightSeen, ...]
    mails: tuple[Mail, ...]
    refusals: tuple[Refused, ...]
    was_refused: bool
    consents: tuple[Consent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is sealed about a person: address, answers, and the tips of each night."""

    person: Person
    tips: Mapping[date, tuple[Said, ...]]


async def find(store: Store, address: str, *, by: str, now: datetime) -> Found:
    """Who has this address. The look is noted, the address is not."""
    async with store.transaction() as tx:
        known = await tx.subscribers.find(address)
        found = Found(
            subscriber=None if known is None else known.id,
            waiting=tuple(one.id for one in await tx.signups.of(address)),
            suppressed=await tx.suppression.entry(address),
        )
        await tx.audit.add(
            by, Act.PERSON_LOOKED_UP, subscriber_id=found.subscriber, now=now
        )
    return found


async def look(store: Store, number: int, *, now: datetime) -> Known | Waiting:
    """The person of this number. Raises NoSuchPerson."""
    async with store.transaction() as tx:
        known = await tx.subscribers.get(number)
        dates = await tx.dossier.dates(number)
        if known is not None and dates is not None:
            return await _known(tx, known, dates, now=now)
        pending = await tx.signups.get(number)
        if pending is None:
            raise NoSuchPerson
        return Waiting(
            number=number,
            evening=pending.evening,
            requested_at=pending.requested_at,
            expires_at=pending.expires_at,
            mails=await tx.dossier.mails(number),
        )


async def open_up(store: Store, number: int, *, by: str, now: datetime) -> Opened:
    """What is sealed about a subscriber. The look is noted. Raises NoSuchPerson."""
    async with store.transaction() as tx:
        known = _there(await tx.subscribers.get(number))
        nights = await tx.nights.last(number, since=_since(now), limit=NIGHTS_SHOWN)
        await tx.audit.add(by, Act.ANSWERS_SEEN, subscriber_id=number, now=now)
    tips = {record.night: said(json.loads(record.choice)) for record in nights}
    return Opened(person=known.person, tips=tips)


async def send_link(store: Store, number: int, *, by: str, now: datetime) -> bool:
    """Mail a subscriber a fresh link; False where one was mailed within a day.

    Raises NotPossible.
    """
    async with store.transaction() as tx:
        known = _there(await tx.subscribers.get(number))
        if known.status not in (Status.ACTIVE, Status.PAUSED):
            raise NotPossible(known.status)
        mail = fresh_link(known, Why.ASKED, now=now)
        is_new = await tx.outbox.put_one_of_a_day(mail, most=1)
        await tx.audit.add(by, Act.LINK_SENT, subscriber_id=number, now=now)
        return is_new


async def pause(
    store: Store, number: int, until: date | None, *, by: str, now: datetime
) -> None:
    """No reminders before the night `until`, None for until they come back."""
    async with store.transaction() as tx:
        found = _fit(await tx.subscribers.lock(number), Status.PAUSED)
        paused = replace(found, status=Status.PAUSED, paused_until=until)
        await tx.outbox.suppress(number, reason="paused", now=now)
        await tx.subscribers.save(paused, next_due_at=None, now=now)
        await tx.audit.add(by, Act.PERSON_PAUSED, subscriber_id=number, now=now)


async def resume(store: Store, number: int, *, by: str, now: datetime) -> None:
    """Reminders again after a pause. Raises NotPossible.

    Whoever stopped the mails comes back by themselves, or not at all.
    """
    async with store.transaction() as tx:
        found = _there(await tx.subscribers.lock(number))
        if found.status is not Status.PAUSED:
            raise NotPossible(found.status)
        tonight = night_at(found.evening.zone, now=now)
        is_taken = await tx.outbox.has_reminder(number, tonight)
        first = first_slot(
            found.evening,
            subscriber_id=number,
            started_on=found.started_on,
            taken=tonight if is_taken else None,
            now=now,
        )
        active = replace(found, status=Status.ACTIVE, paused_until=None)
        await tx.subscribers.save(active, next_due_at=first.due_at, now=now)
        await tx.audit.add(by, Act.PERSON_RESUMED, subscriber_id=number, now=now)


async def suppress(
    store: Store, number: int, reason: Reason, *, by: str, now: datetime
) -> None:
    """No mail to this person's address any more. Raises NotPossible.

    COMPLAINT: for good. UNSUBSCRIBED: until they sign up again; the answers are kept
    for 14 days so that they can undo it. Safe to do twice.
    """
    async with store.transaction() as tx:
        if reason is Reason.COMPLAINT:
            _there(await tx.subscribers.get(number))
            await tx.feedback.complained(number, now=now)
        else:
            await _stop(tx, number, now=now)
        await tx.audit.add(
            by, Act.PERSON_SUPPRESSED, subscriber_id=number, details=reason, now=now
        )


async def _stop(tx: Transaction, number: int, *, now: datetime) -> None:
    found = _fit(await tx.subscribers.lock(number), Status.STOPPED)
    stopped_at = found.stopped_at or now
    stopped = replace(found, status=Status.STOPPED, stopped_at=stopped_at)
    await tx.outbox.suppress(number, reason="unsubscribed", now=now)
    await tx.suppression.add(found.person.address, Reason.UNSUBSCRIBED, now=now)
    await tx.consents.withdraw(number, now=now)
    await tx.subscribers.save(stopped, next_due_at=None, now=now)


async def _known(
    tx: Transaction, person: Subscriber, dates: Dates, *, now: datetime
) -> Known:
    number = person.id
    records = await tx.nights.last(number, since=_since(now), limit=NIGHTS_SHOWN)
    mails = await tx.dossier.mails(number)
    standing = {
        mail.night: (mail.state, mail.reason or "")
        for mail in mails
        if mail.kind is Kind.REMINDER
    }
    standing |= {
        record.night: (State(record.outcome), record.reason or "")
        for record in records
        if record.outcome
    }
    return Known(
        number=number,
        status=person.status,
        evening=person.evening,
        language=person.language,
        started_on=person.started_on,
        paused_until=person.paused_until,
        stopped_at=person.stopped_at,
        dates=dates,
        next_due_at=await tx.subscribers.next_due_at(number),
        suppressed=await tx.suppression.entry(person.person.address),
        nights=tuple(
            NightSeen(night=night, outcome=outcome, reason=reason)
            for night, (outcome, reason) in sorted(standing.items(), reverse=True)
        ),
        mails=mails,
        refusals=await tx.refusals.of(number),
        was_refused=await tx.refusals.has_ended(number),
        consents=await tx.consents.of(number),
    )


def _since(now: datetime) -> date:
    return now.date() - timedelta(days=NIGHTS_SHOWN)


def _there(found: Subscriber | None) -> Subscriber:
    if found is None:
        raise NoSuchPerson
    return found


def _fit(found: Subscriber | None, new: Status) -> Subscriber:
    known = _there(found)
    if not may_become(known.status, new):
        raise NotPossible(known.status)
    return known
