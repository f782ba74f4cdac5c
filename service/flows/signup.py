"""The second step of signing up (double opt-in), and whose the answers are.

The link in the mail confirms the address, whoever presses it. The answers count once
the browser that gave them shows its cookie, or its code is typed; until then they wait,
unread. A sign-up is changed before its subscriber, here as elsewhere.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from service.domain.access import A_DAY, change_told
from service.domain.claim import NO_PROOF, TRIES, Claim, Proof, claim
from service.domain.night import first_slot, night_at
from service.domain.risk import Answers, unsaid
from service.domain.subscriber import (
    CONSENT_VERSION,
    CONSENTS,
    Evening,
    GivenBy,
    Person,
    Status,
    Subscriber,
)
from service.domain.tokens import CONFIRM_WITHIN, BadLink, Links, Purpose
from service.store.engine import Store, Transaction
from service.store.signups import Pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """What a confirmation link leads to.

    `consents` are still to be agreed to. `own` is what was typed, where this browser
    did. `claim` says whether the answers count at a press; `is_confirmed`: the address
    is, and the press is about the answers alone.
    """

    evening: Evening
    country: str
    consents: tuple[str, ...]
    claim: Claim
    is_confirmed: bool
    may_be_deleted: bool
    own: Person | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """A confirmed sign-up: when the next reminder comes (UTC), None while there is none.

    `was_refused`: mails to the address had come back, and had ended for that. `claim`:
    whether the answers count, and else why they wait. `had_begun`: the address was
    confirmed before, and this was about the answers alone.
    """

    first_at: datetime | None
    evening: Evening
    claim: Claim = Claim.COUNTS
    tries_left: int = TRIES
    was_refused: bool = False
    had_begun: bool = False


async def waiting(
    store: Store, links: Links, token: str, shown: Proof, *, now: datetime
) -> Unconfirmed:
    """What the link would confirm, where it works. Raises BadLink. Writes nothing.

    Answers are told to the browser that gave them, and to nobody else.
    """
    subject = links.subject(Purpose.CONFIRM, token, now=now)
    async with store.transaction() as tx:
        pending = await _found(tx, subject, shown)
        confirmed = await tx.subscribers.get(subject)
    found = pending or confirmed
    if found is None:
        raise BadLink
    if pending is None:
        told, is_own = Claim.COUNTS, False
    else:
        told = claim(pending.proof, shown, tries=pending.tries)
        is_own = pending.proof != NO_PROOF and told is Claim.COUNTS
    return Unconfirmed(
        evening=found.evening,
        country=found.person.answers.country,
        consents=() if pending is None or is_own else CONSENTS,
        claim=told,
        is_confirmed=pending is not None and pending.subscriber_id is not None,
        may_be_deleted=pending is not None,
        own=found.person if is_own else None,
    )


async def confirm(
    store: Store, links: Links, token: str, shown: Proof, *, now: datetime
) -> Welcome:
    """Make a pending sign-up a subscriber, and take the answers if they are claimed.

    A wrong code is counted, and keeps nobody from the reminders. Safe to do twice: the
    sign-up is taken once, and a second call finds the new subscriber that it became.
    For somebody who came back the link works once. Raises BadLink.
    """
    subject = links.subject(Purpose.CONFIRM, token, now=now)
    async with store.transaction() as tx:
        pending = await _taken(tx, subject, shown)
        if pending is None:
            return await _welcome_back(tx, subject)
        told = claim(pending.proof, shown, tries=pending.tries)
        if told is Claim.WRONG:
            await tx.signups.count_try(pending.id)
        if pending.subscriber_id is None:
            welcome = await _enrol(tx, pending, told, now=now)
        else:
            welcome = await _claim(tx, pending, pending.subscriber_id, told, now=now)
    tries = pending.tries + (told is Claim.WRONG)
    return replace(welcome, claim=told, tries_left=TRIES - tries)


async def delete(
    store: Store, links: Links, token: str, shown: Proof, *, now: datetime
) -> None:
    """Destroy the sign-up that the link shows. Safe to do twice. Raises BadLink.

    Whoever confirmed with it before stays a subscriber, without its answers.
    """
    subject = links.subject(Purpose.CONFIRM, token, now=now)
    async with store.transaction() as tx:
        pending = await _taken(tx, subject, shown)
        if pending is None:
            return
        await tx.signups.drop([pending.id])
        if pending.subscriber_id is None:
            await tx.outbox.hold_back([pending.id], reason="deleted", now=now)


async def _found(tx: Transaction, subject: int, shown: Proof) -> Pending | None:
    """The sign-up of this address that the browser itself sent, else that of the link."""
    pending = await tx.signups.get(subject)
    if pending is None or not shown.browser:
        return pending
    others = await tx.signups.of(pending.person.address)
    own = [one for one in others if one.proof.browser == shown.browser]
    return own[-1] if own else pending


async def _taken(tx: Transaction, subject: int, shown: Proof) -> Pending | None:
    """The same, and nobody else can take it until this transaction ends."""
    found = await _found(tx, subject, shown)
    return None if found is None else await tx.signups.take(found.id)


async def _welcome_back(tx: Transaction, subject: int) -> Welcome:
    known = await tx.subscribers.get(subject)
    first_at = await tx.subscribers.next_due_at(subject)
    if known is None or first_at is None:
        raise BadLink
    return Welcome(first_at=first_at, evening=known.evening)


async def _enrol(
    tx: Transaction, pending: Pending, told: Claim, *, now: datetime
) -> Welcome:
    address, evening = pending.person.address, pending.evening
    known = await tx.subscribers.find(address)
    reason = await tx.suppression.reason(address)
    if reason is not None and reason.is_for_good:
        raise BadLink
    subscriber_id = pending.id if known is None else known.id
    if known is not None and told is Claim.COUNTS:
        await tx.outbox.suppress(known.id, reason="answers changed", now=now)
        await _tell(tx, known, pending.person.answers, now=now)
    answers, given_by = _answers(pending, known, told)
    due_at, night = await _first(tx, subscriber_id, evening, now=now)
    subscriber = Subscriber(
        id=subscriber_id,
        person=Person(address=address, answers=answers),
        evening=evening,
        language=pending.language,
        status=Status.ACTIVE,
        started_on=night,
        given_by=given_by,
    )
    if known is None:
        await tx.subscribers.add(subscriber, next_due_at=due_at, now=now)
    else:
        await tx.subscribers.save(subscriber, next_due_at=due_at, now=now)
        await tx.refusals.came_back(subscriber_id, first_night=night)
    # The page says what the button agrees to, unless this browser has agreed before.
    await tx.consents.add(subscriber_id, CONSENTS, version=CONSENT_VERSION, now=now)
    await tx.suppression.lift(address)
    await _settle(tx, pending, subscriber_id, told, now=now)
    was_refused = reason is not None and reason.is_refused
    return Welcome(first_at=due_at, evening=evening, was_refused=was_refused)


async def _claim(
    tx: Transaction, pending: Pending, subscriber_id: int, told: Claim, *, now: datetime
) -> Welcome:
    """The answers that waited for a subscriber count now, if they are claimed.

    A reminder of tonight that still waits was chosen without them: it is not sent.
    """
    known = await tx.subscribers.lock(subscriber_id)
    assert known is not None  # noqa: S101 - what waits for a subscriber goes with them
    due_at = await tx.subscribers.next_due_at(subscriber_id)
    if told is not Claim.COUNTS:
        return Welcome(first_at=due_at, evening=known.evening, had_begun=True)
    answers, given_by = _answers(pending, known, told)
    person = replace(known.person, answers=answers)
    changed = replace(known, person=person, given_by=given_by)
    await tx.outbox.suppress(subscriber_id, reason="answers changed", now=now)
    await _tell(tx, known, answers, now=now)
    if known.status is Status.ACTIVE:
        due_at, _ = await _first(
            tx, subscriber_id, known.evening, started_on=known.started_on, now=now
        )
    await tx.subscribers.save(changed, next_due_at=due_at, now=now)
    await _forget_all(tx, pending, subscriber_id, now=now)
    return Welcome(first_at=due_at, evening=known.evening, had_begun=True)


def _answers(
    pending: Pending, known: Subscriber | None, told: Claim
) -> tuple[Answers, GivenBy]:
    """The answers that count from now on; those of before, while the new ones wait."""
    if told is Claim.COUNTS:
        is_theirs = pending.proof != NO_PROOF
        given_by = GivenBy.PERSON if is_theirs else GivenBy.LIST
        return pending.person.answers, given_by
    if known is not None:
        return known.person.answers, known.given_by
    return unsaid(pending.person.answers), GivenBy.NOBODY


async def _tell(
    tx: Transaction, known: Subscriber, new: Answers, *, now: datetime
) -> None:
    """Answers that are there already are changed as on any page: told, and undone so.

    They are claimed even where today's mails about changes are used up.
    """
    before = known.person.answers
    if known.given_by is not GivenBy.NOBODY and not new.says_the_same(before):
        number = await tx.changes.add(known, now=now)
        told = change_told(known, number, now=now)
        await tx.outbox.put_one_of_a_day(told, most=A_DAY)


async def _first(
    tx: Transaction,
    subscriber_id: int,
    evening: Evening,
    *,
    started_on: date | None = None,
    now: datetime,
) -> tuple[datetime, date]:
    """When the first reminder is due that has no mail yet (UTC), and of which night."""
    tonight = night_at(evening.zone, now=now)
    is_taken = await tx.outbox.has_reminder(subscriber_id, tonight)
    slot = first_slot(
        evening,
        subscriber_id=subscriber_id,
        started_on=started_on,
        taken=tonight if is_taken else None,
        now=now,
    )
    return slot.due_at, slot.night


async def _settle(
    tx: Transaction, pending: Pending, subscriber_id: int, told: Claim, *, now: datetime
) -> None:
    """Let the answers wait where they are not claimed; else all is done."""
    if told is Claim.COUNTS:
        await _forget_all(tx, pending, subscriber_id, now=now)
        return
    until = now + CONFIRM_WITHIN
    await tx.signups.wait(pending.id, subscriber_id=subscriber_id, until=until)
    # Those of other browsers wait too. An import asks hours later: it need not any more.
    waiting = await tx.signups.of(pending.person.address)
    listed = [one.id for one in waiting if one.proof == NO_PROOF]
    await tx.signups.drop(listed)
    await tx.outbox.hold_back(listed, reason="confirmed", now=now)


async def _forget_all(
    tx: Transaction, pending: Pending, subscriber_id: int, *, now: datetime
) -> None:
    """Nobody whose answers count is asked once more; their reminders go on."""
    forgotten = await tx.signups.forget(pending.person.address)
    others = [one for one in forgotten if one not in (pending.id, subscriber_id)]
    await tx.outbox.hold_back(others, reason="confirmed", now=now)
