"""Enrolling many people at once, from a list that somebody else kept.

Whoever is known, was asked already, or is on the suppression list stays untouched, so
a list can be imported twice. The list's owner cannot lift what a person asked for: only
they can, on the form.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from service.domain.audit import Act
from service.domain.night import first_slot
from service.domain.outbox import Kind, at_once
from service.domain.subscriber import (
    CONSENTS,
    Evening,
    GivenBy,
    Person,
    Status,
    Subscriber,
)
from service.domain.tokens import CONFIRM_WITHIN
from service.store.engine import Store, Transaction
from service.store.signups import Pending

#: The wording is not ours: the evidence says what it was.
WORDING = "elsewhere"
#: Nobody waits for an invitation: whoever asked themselves goes first, as long as it
#: has a day and more to go.
INVITED_FOR = timedelta(days=3)


class Outcome(StrEnum):
    """What became of somebody on the list."""

    INVITED = "invited"
    ACTIVE = "active"
    KNOWN = "known"
    WAITING = "waiting"
    SUPPRESSED = "suppressed"


async def invite(
    store: Store,
    person: Person,
    evening: Evening,
    *,
    language: str,
    mail_at: datetime,
    now: datetime,
) -> Outcome:
    """Let somebody confirm by a mail that goes out at `mail_at`, before anything else.

    The consents are theirs to give, on the page that the mail leads to.
    """
    async with store.transaction() as tx:
        if before := await _met_before(tx, person.address, now=now):
            return before
        pending = Pending(
            id=await tx.signups.new_id(),
            person=person,
            evening=evening,
            language=language,
            consents=(),
            requested_at=now,
            expires_at=mail_at + CONFIRM_WITHIN,
        )
        await tx.signups.add(pending)
        mail = at_once(
            Kind.CONFIRMATION,
            subscriber_id=pending.id,
            address=person.address,
            now=mail_at,
        )
        await tx.outbox.put([replace(mail, expires_at=mail_at + INVITED_FOR)])
    return Outcome.INVITED


async def enrol(
    store: Store,
    person: Person,
    evening: Evening,
    *,
    language: str,
    evidence: str,
    now: datetime,
) -> Outcome:
    """Make somebody a subscriber at once; `evidence` says where they agreed to it."""
    async with store.transaction() as tx:
        if before := await _met_before(tx, person.address, now=now):
            return before
        subscriber_id = await tx.signups.new_id()
        first = first_slot(
            evening, subscriber_id=subscriber_id, started_on=None, taken=None, now=now
        )
        subscriber = Subscriber(
            id=subscriber_id,
            person=person,
            evening=evening,
            language=language,
            status=Status.ACTIVE,
            started_on=first.night,
            given_by=GivenBy.LIST,
        )
        await tx.subscribers.add(subscriber, next_due_at=first.due_at, now=now)
        await tx.consents.add(
            subscriber_id, CONSENTS, version=WORDING, evidence=evidence, now=now
        )
    return Outcome.ACTIVE


async def note(store: Store, details: str, *, by: str, now: datetime) -> None:
    """Keep who imported a list, what became of it, and the evidence of consent."""
    async with store.transaction() as tx:
        await tx.audit.add(by, Act.PEOPLE_IMPORTED, details=details, now=now)


async def met_before(store: Store, address: str, *, now: datetime) -> Outcome | None:
    """Why somebody would stay untouched, None where they would not. Writes nothing."""
    async with store.transaction() as tx:
        return await _met_before(tx, address, now=now)


async def _met_before(
    tx: Transaction, address: str, *, now: datetime
) -> Outcome | None:
    # First, as it makes a form that is sent at this moment wait.
    asked = await tx.signups.recent(address, since=now - CONFIRM_WITHIN)
    if await tx.suppression.reason(address):
        return Outcome.SUPPRESSED
    if await tx.subscribers.find(address):
        return Outcome.KNOWN
    return Outcome.WAITING if asked else None
