"""What visitors ask for on a public form: taken in at once, answered by a worker.

The page does the same work for everybody, one insert of one size, and answers. Who is
known is looked up later and elsewhere, so nobody can tell it from how long a page took.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from service.domain.access import A_DAY, Why, fresh_link
from service.domain.claim import NO_PROOF
from service.domain.errors import TryLater
from service.domain.limits import (
    BUDGETS,
    Admitted,
    Count,
    Refused,
    Scope,
    Source,
    Verdict,
    judge,
)
from service.domain.outbox import Kind, at_once, in_turn
from service.domain.records import confirmation_to_json
from service.domain.requests import OwnLink, Request, SignUp
from service.domain.subscriber import GivenBy, Person, Status
from service.domain.tokens import CONFIRM_WITHIN
from service.store.deployment import Standing
from service.store.engine import Store, Transaction
from service.store.requests import Asked
from service.store.sealing import KeyMissing
from service.store.signups import Pending

#: One address gets this many confirmation mails in a day, whoever fills in the form.
REQUESTS_A_DAY = 3
DAY = timedelta(days=1)
#: One whose mailbox did not take our reminders gets one, for as long as its link works.
REQUESTS_REFUSED = 1
#: How soon a request that could not be answered is looked at again.
AGAIN = timedelta(minutes=5)
#: Who is not let in takes nothing from these; what they asked for is noted all the same.
LIMITED = frozenset({Scope.NETWORK, Scope.SITE, Scope.PRIVATE, Scope.MAILBOX})

log = structlog.get_logger()


async def take(
    store: Store,
    asked: Request,
    counted: Sequence[Source] = (),
    *,
    is_proven: bool = False,
    now: datetime,
) -> Verdict:
    """Keep what was asked for, if it is let in, until a worker answers it by mail.

    It counts by these sources where it is kept, and nowhere if it cannot be. Raises
    TryLater.
    """
    async with store.transaction() as tx:
        verdict = await _admit(tx, counted, is_proven=is_proven, now=now)
        if isinstance(verdict, Admitted):
            await tx.requests.add(replace(asked, turn=verdict.turn), now=now)
    return verdict


async def answer(store: Store, *, limit: int, now: datetime) -> int:
    """Queue the mails that answer up to `limit` requests; how many were looked at.

    Safe on any number of workers, and to do twice: a request is locked while it is
    looked up, and goes in the transaction that queues its mail. One that cannot be
    answered lets the others go first. A copy that nobody adopted answers nothing.

    Raises:
        TryLater: the database is away.
        KeyMissing: what it needs was sealed with a key that is not among ours.
    """
    async with store.transaction() as tx:
        is_copy = await tx.deployment.state() is Standing.FENCED
        if is_copy or not await tx.timekeeping.is_trusted(now=now):
            return 0
    for looked_at in range(limit):
        if not await _next(store, now=now):
            return looked_at
    return limit


async def _admit(
    tx: Transaction, sources: Sequence[Source], *, is_proven: bool, now: datetime
) -> Verdict:
    """What becomes of one request that is counted by these sources.

    The same work for every address, known or not. A request that is refused counts
    nowhere; one that is asked a question counts in the budgets.
    """
    counts = await tx.limits.count(sources, now=now)
    verdict = judge(counts, is_proven=is_proven)
    if isinstance(verdict, Refused):
        await tx.limits.take_back(sources)
        return verdict
    if not isinstance(verdict, Admitted):
        limited = [source for source in sources if source.scope in LIMITED]
        await tx.limits.take_back(limited)
    _report(counts)
    return verdict


def _report(counts: Sequence[Count]) -> None:
    """One line when a budget is used up, and no name of whose it is."""
    for count in counts:
        budget = BUDGETS.get(count.scope)
        if budget and count.taken == budget.most + 1:
            log.warning(
                "more is asked for than the budget has",
                action="limits",
                scope=count.scope,
                requests=count.taken,
                until=count.ends_at.isoformat(),
            )


async def _next(store: Store, *, now: datetime) -> bool:
    """Whether there was a request to look at."""
    asked: Asked | None = None
    try:
        async with store.transaction() as tx:
            asked = await tx.requests.next(now=now)
            if asked is None:
                return False
            await tx.requests.drop(asked.id)
            await _answer(tx, asked, now=now)
    except (TryLater, KeyMissing):
        raise
    except Exception as error:  # one bad request stops no other
        if asked is None:
            raise
        # Only its type: the words of an error can hold what somebody answered.
        fault = type(error).__name__
        log.error("cannot be answered", action="request", error=fault)
        async with store.transaction() as tx:
            await tx.requests.put_off(asked.id, until=now + AGAIN)
    return True


async def _answer(tx: Transaction, asked: Asked, *, now: datetime) -> None:
    match asked.what:
        case SignUp():
            await _sign_up(tx, asked.what, asked.at, now=now)
        case OwnLink():
            await _send_link(tx, asked.what, now=now)
        case None:
            pass


async def _sign_up(
    tx: Transaction, form: SignUp, asked_at: datetime, *, now: datetime
) -> None:
    """A new or departed address gets a confirmation mail, a subscriber a fresh link.

    One that complained gets nothing. A sign-up replaces an earlier one of the same
    browser; one of another browser waits beside it.
    """
    reason = await tx.suppression.reason(form.address)
    if reason is not None and reason.is_for_good:
        return
    known = await tx.subscribers.find(form.address)
    # Who gave no answers yet may give them by the form, in the browser that is theirs.
    has_none = known is not None and known.given_by is GivenBy.NOBODY
    if not has_none and await _send_link(tx, form, now=now):
        return
    is_refused = reason is not None and reason.is_refused
    window = CONFIRM_WITHIN if is_refused else DAY
    requests = await tx.signups.recent(form.address, since=now - window)
    if requests >= (REQUESTS_REFUSED if is_refused else REQUESTS_A_DAY):
        return
    await _ask_to_confirm(tx, form, asked_at, now=now)


async def _send_link(tx: Transaction, asked: Request, *, now: datetime) -> bool:
    """Mail a subscriber a fresh link, nobody else; whether it is one.

    Of a day's links the newest are enough: one that has had three gets no more.
    """
    known = await tx.subscribers.find(asked.address)
    if known is None or known.status not in (Status.ACTIVE, Status.PAUSED):
        return False
    mail = in_turn(fresh_link(known, Why.ASKED, now=now), asked.turn)
    await tx.outbox.put_one_of_a_day(mail, most=A_DAY)
    return True


async def _ask_to_confirm(
    tx: Transaction, form: SignUp, asked_at: datetime, *, now: datetime
) -> None:
    pending = Pending(
        id=await tx.signups.new_id(),
        person=Person(address=form.address, answers=form.answers),
        evening=form.evening,
        language=form.language,
        consents=form.consents,
        requested_at=asked_at,
        expires_at=asked_at + CONFIRM_WITHIN,
        proof=form.proof,
    )
    waiting = await tx.signups.of(form.address)
    earlier = [one for one in waiting if one.proof.browser == form.proof.browser]
    await tx.signups.add(pending)
    await tx.signups.replace([one.id for one in earlier], by=pending.id)
    others = [w for w in waiting if w.proof != NO_PROOF and w not in earlier]
    told = confirmation_to_json(form.address, has_other=bool(others))
    mail = at_once(Kind.CONFIRMATION, subscriber_id=pending.id, address=told, now=now)
    await tx.outbox.put([in_turn(mail, form.turn)])
