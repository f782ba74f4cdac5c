"""Fresh links, the sessions that they open, and changes of answers that are undone.

A fresh link goes to the address itself. Only in its session can answers be seen or
changed, and each change is told by a mail whose link undoes it.
"""

import os
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import datetime, timedelta

from service.domain import access
from service.domain.access import A_DAY, SessionOver, TooManyChanges, TooManyLinks, Why
from service.domain.night import night_at
from service.domain.risk import Answers
from service.domain.subscriber import GivenBy, Status, Subscriber
from service.domain.tokens import BadLink, Links, Purpose
from service.store.changes import Change
from service.store.engine import Store, Transaction

#: How long reminders rest after a warning sign, unless the person says sooner.
REST = timedelta(days=14)
SESSION_BYTES = 32


async def ask(store: Store, links: Links, token: str, *, now: datetime) -> None:
    """Mail a fresh link to the address of whoever's link to the settings this is.

    Raises BadLink, or TooManyLinks where today's were mailed.
    """
    async with store.transaction() as tx:
        found = await _asking(tx, links, token, now=now)
        mail = access.fresh_link(found, Why.ASKED, now=now)
        if not await tx.outbox.put_one_of_a_day(mail, most=A_DAY):
            raise TooManyLinks


async def may_ask(store: Store, links: Links, token: str, *, now: datetime) -> None:
    """Return if a link can ask for a fresh one. Raises BadLink. Writes nothing."""
    async with store.transaction() as tx:
        await _asking(tx, links, token, now=now)


async def check(store: Store, links: Links, token: str, *, now: datetime) -> None:
    """Return if the fresh link can be pressed. Raises BadLink. Writes nothing."""
    link = links.opened(Purpose.FRESH, token, now=now)
    async with store.transaction() as tx:
        found = access.holder(await tx.subscribers.get(link.subject), link)
        access.reachable(found)
        if await tx.subscriber_sessions.is_pressed(token):
            raise BadLink


async def press(store: Store, links: Links, token: str, *, now: datetime) -> str:
    """Begin a session by a fresh link; returns what the browser is to keep.

    What was in doubt is settled: the person sees now what holds. A link is pressed
    once. Raises BadLink.
    """
    link = links.opened(Purpose.FRESH, token, now=now)
    session = urlsafe_b64encode(os.urandom(SESSION_BYTES)).decode()
    async with store.transaction() as tx:
        found = access.holder(await tx.subscribers.lock(link.subject), link)
        access.reachable(found)
        is_first = await tx.subscriber_sessions.begin(
            session, found.id, link=token, now=now
        )
        if not is_first:
            raise BadLink
        await tx.changes.settle(found.id)
    return session


async def holder(store: Store, session: str, *, now: datetime) -> Subscriber | None:
    """Whose session it is, None where it is over. Writes nothing."""
    async with store.transaction() as tx:
        who = await tx.subscriber_sessions.holder(session, now=now)
        return None if who is None else await tx.subscribers.get(who)


async def changes(
    store: Store, session: str, *, now: datetime
) -> tuple[Subscriber, tuple[Change, ...]]:
    """Whose session it is, and which changes of their answers can be undone.

    Newest first. Raises SessionOver. Writes nothing.
    """
    async with store.transaction() as tx:
        who = await tx.subscriber_sessions.holder(session, now=now)
        found = None if who is None else await tx.subscribers.get(who)
        if found is None:
            raise SessionOver
        return access.reachable(found), await tx.changes.of(found.id)


async def end(store: Store, session: str, *, now: datetime) -> None:
    """End a session. Safe to do twice."""
    async with store.transaction() as tx:
        await tx.subscriber_sessions.end(session, now=now)


async def end_all(store: Store, session: str, *, now: datetime) -> None:
    """End all sessions of the person and all links but unsubscribe. SessionOver."""
    async with store.transaction() as tx:
        found = await _signed_in(tx, session, now=now)
        await _end_all(tx, found, now=now)


async def nothing_changed(store: Store, session: str, *, now: datetime) -> None:
    """Take the answers as given today, so that they count as fresh. SessionOver."""
    async with store.transaction() as tx:
        found = await _signed_in(tx, session, now=now)
        today = night_at(found.evening.zone, now=now)
        answers = replace(found.person.answers, answered_on=today)
        await _save(tx, found, answers, found.given_by, now=now)


async def rest(store: Store, session: str, *, now: datetime) -> None:
    """No reminders for 14 nights: a warning sign is looked at first (rule H26).

    Which sign it was is not kept. A longer pause stays as it is. Raises SessionOver.
    """
    async with store.transaction() as tx:
        found = await _signed_in(tx, session, now=now)
        until = night_at(found.evening.zone, now=now) + REST
        is_longer = found.paused_until is None or found.paused_until >= until
        if found.status is Status.PAUSED and is_longer:
            return
        paused = replace(found, status=Status.PAUSED, paused_until=until)
        await tx.outbox.suppress(found.id, reason="paused", now=now)
        await tx.subscribers.save(paused, next_due_at=None, now=now)


async def put_back(store: Store, session: str, number: int, *, now: datetime) -> None:
    """The answers as they were before a change, which is a change of its own.

    Nothing happens where they are so already. Raises SessionOver, BadLink where the
    change is not kept, or TooManyChanges.
    """
    async with store.transaction() as tx:
        found = await _signed_in(tx, session, now=now)
        change = await _change(tx, found, number)
        if change.before == found.person.answers:
            return
        later = await tx.changes.add(found, now=now)
        told = access.change_told(found, later, now=now)
        if not await tx.outbox.put_one_of_a_day(told, most=A_DAY):
            raise TooManyChanges
        await tx.outbox.suppress(found.id, reason="answers changed", now=now)
        await _save(tx, found, change.before, change.given_by, now=now)


async def undo(store: Store, links: Links, token: str, *, now: datetime) -> bool:
    """Undo a change, and all later ones, by the link of the mail that told of it.

    Whoever has the mail may press: so both the answers of before and those of after
    count until the person has looked by a fresh link, which is mailed to them. All
    sessions and links are ended. Safe to do twice: False where it was undone before. It
    works whatever the generation, or whoever made the change could end it. BadLink.
    """
    link = links.opened(Purpose.UNDO, token, now=now)
    async with store.transaction() as tx:
        found = await tx.subscribers.lock(link.subject)
        if found is None:
            raise BadLink
        change = await _change(tx, found, link.about)
        if change.is_undone:
            return False
        await tx.changes.add(found, now=now)
        await tx.changes.doubt(found.id, since=change.id)
        await tx.outbox.suppress(found.id, reason="answers changed", now=now)
        await _save(tx, found, change.before, change.given_by, now=now)
        renewed = await _end_all(tx, found, now=now)
        if found.status in (Status.ACTIVE, Status.PAUSED):
            mail = access.fresh_link(renewed, Why.UNDONE, now=now)
            await tx.outbox.put_one_of_a_day(mail, most=A_DAY)
    return True


async def is_undoable(store: Store, links: Links, token: str, *, now: datetime) -> bool:
    """Whether `undo` would do something; False where it is done. Raises BadLink."""
    link = links.opened(Purpose.UNDO, token, now=now)
    async with store.transaction() as tx:
        found = await tx.subscribers.get(link.subject)
        if found is None:
            raise BadLink
        return not (await _change(tx, found, link.about)).is_undone


async def _asking(
    tx: Transaction, links: Links, token: str, *, now: datetime
) -> Subscriber:
    link = links.asks_for_fresh(token, now=now)
    found = access.holder(await tx.subscribers.get(link.subject), link)
    return access.reachable(found)


async def _signed_in(tx: Transaction, session: str, *, now: datetime) -> Subscriber:
    who = await tx.subscriber_sessions.holder(session, now=now)
    found = None if who is None else await tx.subscribers.lock(who)
    if found is None:
        raise SessionOver
    return access.reachable(found)


async def _change(tx: Transaction, found: Subscriber, number: int) -> Change:
    for one in await tx.changes.of(found.id):
        if one.id == number:
            return one
    raise BadLink


async def _end_all(tx: Transaction, found: Subscriber, *, now: datetime) -> Subscriber:
    await tx.subscriber_sessions.end_all(found.id, now=now)
    return await tx.subscribers.end_links(found)


async def _save(
    tx: Transaction,
    found: Subscriber,
    answers: Answers,
    given_by: GivenBy,
    *,
    now: datetime,
) -> None:
    """The subscriber with these answers, due as they were."""
    person = replace(found.person, answers=answers)
    changed = replace(found, person=person, given_by=given_by)
    due = await tx.subscribers.next_due_at(found.id)
    await tx.subscribers.save(changed, next_due_at=due, now=now)
