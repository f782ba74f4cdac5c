"""The one question that a person was never asked, answered by a link.

The link of a reminder can answer that question and nothing else, shows nothing of what
the person said, and works until the question is answered. A mail tells that answers
changed, and its link undoes that (flows/access.py).
"""

from dataclasses import replace
from datetime import datetime

from service.domain.access import (
    A_DAY,
    TooManyChanges,
    change_told,
    holder,
    reachable,
)
from service.domain.night import night_at
from service.domain.risk import LaterAnswer, Questionnaire, Tag
from service.domain.tokens import BadLink, Link, Links, Purpose
from service.store.engine import Store


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
    link, tag = _opened(links, questionnaire, token, now=now)
    async with store.transaction() as tx:
        found = reachable(holder(await tx.subscribers.get(link.subject), link))
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
    Raises BadLink, or TooManyChanges.
    """
    link, tag = _opened(links, questionnaire, token, now=now)
    async with store.transaction() as tx:
        found = reachable(holder(await tx.subscribers.lock(link.subject), link))
        answers = found.person.answers
        if tag not in questionnaire.unasked(answers):
            return False
        today = night_at(found.evening.zone, now=now)
        given = LaterAnswer(tag=tag, answer=said, on=today)
        number = await tx.changes.add(found, now=now)
        told = change_told(found, number, now=now)
        if not await tx.outbox.put_one_of_a_day(told, most=A_DAY):
            raise TooManyChanges
        answers = replace(answers, later=(*answers.later, given))
        changed = replace(found, person=replace(found.person, answers=answers))
        due = await tx.subscribers.next_due_at(found.id)
        await tx.subscribers.save(changed, next_due_at=due, now=now)
    return True


def _opened(
    links: Links, questionnaire: Questionnaire, token: str, *, now: datetime
) -> tuple[Link, Tag]:
    link = links.opened(Purpose.QUESTION, token, now=now)
    if not 0 < link.about <= len(questionnaire.added):
        raise BadLink
    return link, questionnaire.added[link.about - 1].tag
