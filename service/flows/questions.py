"""The one question that a person was never asked, answered by a link, and its undo.

The link of a reminder can answer that question and nothing else, shows nothing of what
the person said, and works until the question is answered. A mail tells of the answer.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from service.domain.errors import VisitorError
from service.domain.night import night_at
from service.domain.outbox import Kind, at_once
from service.domain.risk import LaterAnswer, Questionnaire, Tag
from service.domain.subscriber import Status, Subscriber
from service.domain.tokens import BadLink, Links, Purpose
from service.store.engine import Store, Transaction

#: How many answers one day can have, each with a mail of its own.
A_DAY = 3
#: How long that mail is tried, so that it is not lost to an outage of a night.
TOLD_FOR = timedelta(days=3)
TOO_OFTEN = "This was answered and undone several times today. Please try it tomorrow."


async def show(
    store: Store,
    links: Links,
    questionnaire: Questionnaire,
    token: str,
    *,
    now: datetime,
) -> Tag | None:
    """The tag that the link asks about, None once that is answered. Writes nothing.

    Raises BadLink.
    """
    subject, tag = _opened(links, questionnaire, Purpose.QUESTION, token, now=now)
    async with store.transaction() as tx:
        found = _reachable(await tx.subscribers.get(subject))
    return tag if tag in questionnaire.unasked(found.person.answers) else None


async def answer(  # what a link needs, and what was answered
    store: Store,
    links: Links,
    questionnaire: Questionnaire,
    token: str,
    said: bool | None,  # noqa: FBT001  # an answer; None is "prefer not to say"
    *,
    now: datetime,
) -> bool:
    """Keep the answer and mail that it was given; False where there was one already.

    A reminder that waits was chosen for people who may have the tag, so it may go out.
    Raises BadLink, or VisitorError where it was answered too often today.
    """
    subject, tag = _opened(links, questionnaire, Purpose.QUESTION, token, now=now)
    async with store.transaction() as tx:
        found = _reachable(await tx.subscribers.lock(subject))
        answers = found.person.answers
        if tag not in questionnaire.unasked(answers):
            return False
        today = night_at(found.evening.zone, now=now)
        given = LaterAnswer(tag=tag, answer=said, on=today)
        await _save(tx, found, (*answers.later, given), now=now)
        await _tell(tx, found, tag, now=now)
    return True


async def undo(
    store: Store,
    links: Links,
    questionnaire: Questionnaire,
    token: str,
    *,
    now: datetime,
) -> None:
    """Take the answer back, so that the person was never asked. Safe to do twice.

    A reminder of tonight that still waits was chosen for the answer: it is not sent.
    Raises BadLink.
    """
    subject, tag = _opened(links, questionnaire, Purpose.UNDO, token, now=now)
    async with store.transaction() as tx:
        found = await tx.subscribers.lock(subject)
        if found is None:
            raise BadLink
        later = found.person.answers.later
        kept = tuple(one for one in later if one.tag is not tag)
        if kept != later:
            await tx.outbox.suppress(subject, reason="answers changed", now=now)
            await _save(tx, found, kept, now=now)


def _opened(
    links: Links,
    questionnaire: Questionnaire,
    purpose: Purpose,
    token: str,
    *,
    now: datetime,
) -> tuple[int, Tag]:
    subject, number = links.opened(purpose, token, now=now)
    if not 0 < number <= len(questionnaire.added):
        raise BadLink
    return subject, questionnaire.added[number - 1].tag


def _reachable(found: Subscriber | None) -> Subscriber:
    if found is None or found.status not in (Status.ACTIVE, Status.PAUSED):
        raise BadLink
    return found


async def _save(
    tx: Transaction,
    found: Subscriber,
    later: tuple[LaterAnswer, ...],
    *,
    now: datetime,
) -> None:
    """The subscriber with these answers to single questions, due as they were."""
    answers = replace(found.person.answers, later=later)
    changed = replace(found, person=replace(found.person, answers=answers))
    due = await tx.subscribers.next_due_at(found.id)
    await tx.subscribers.save(changed, next_due_at=due, now=now)


async def _tell(tx: Transaction, found: Subscriber, tag: Tag, *, now: datetime) -> None:
    """Mail that an answer was given, so that nobody can answer unnoticed.

    The outbox has one mail of a kind for a person and a night; the second of a day
    takes the place of the next night's.
    """
    address = found.person.address
    told = json.dumps({"address": address, "language": found.language, "about": tag})
    mail = at_once(Kind.ANSWERED, subscriber_id=found.id, address=told, now=now)
    mail = replace(mail, expires_at=now + TOLD_FOR)
    for days in range(A_DAY):
        night = mail.night + timedelta(days=days)
        if await tx.outbox.put([replace(mail, night=night)]):
            return
    raise VisitorError({"answer": TOO_OFTEN})
