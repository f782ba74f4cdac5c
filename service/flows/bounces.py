"""Mail that comes back: whose mail it was, what it means, and what follows from it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from service.domain.audit import Act
from service.domain.clock import Clock
from service.domain.feedback import (
    Bounced,
    Complained,
    Complaint,
    Ignored,
    Judgement,
    Report,
    Unusable,
    in_short,
    judged,
)
from service.domain.memory import RefusedReminder
from service.domain.outbox import Kind
from service.domain.refusals import Refusals, Verdict
from service.domain.verp import Verp
from service.mail.bounces import Came, read
from service.store.engine import Store, Transaction
from service.store.feedback import Kept

#: Why a report that counted is kept all the same: a row for it may be missing.
UNREAD = "in words that no row of refusals.toml knows"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where mail that comes back is handed in, by whichever way it came.

    `came` counts it, by JUDGEMENTS, since it was last read.
    """

    store: Store
    verp: Verp
    refusals: Refusals
    clock: Clock
    came: Counter[str] = field(default_factory=Counter)

    async def receive(self, raw: bytes, recipient: str = "") -> Judgement:
        """`receive`, at this moment."""
        now = self.clock.now()
        found = await receive(
            self.store, self.verp, self.refusals, raw, recipient=recipient, now=now
        )
        self.came[in_short(found)] += 1
        return found

    def read(self) -> Counter[str]:
        """What came since the last reading."""
        found = Counter(self.came)
        self.came.clear()
        return found


async def receive(
    store: Store,
    verp: Verp,
    refusals: Refusals,
    raw: bytes,
    *,
    recipient: str,
    now: datetime,
) -> Judgement:
    """Do what a message that came back asks for; returns what it was taken for.

    `recipient` is the address it was delivered to, "" where only its headers tell.
    A report in words that no row of `refusals` knows counts, and is kept as well.
    Nothing is believed but what a token signed here vouches for. A refusal is kept by
    the night of its mail; what it counts for is judged when that is over. Safe to do
    twice: a refusal counts once for its mail, and what could not be used is kept once.
    """
    came = read(raw)
    async with store.transaction() as tx:
        found = await _judged(tx, verp, refusals, came, recipient, now=now)
        match found:
            case Bounced():
                if found.is_unread:
                    await tx.feedback.keep(raw, why=UNREAD, has_token=True, now=now)
                await _note(tx, found)
            case Complained(mailed=mailed):
                await tx.feedback.complained(mailed.subscriber_id, now=now)
            case Unusable(why=why):
                has_token = _is_about_ours(verp, came, recipient, now=now)
                await tx.feedback.keep(raw, why=why, has_token=has_token, now=now)
            case Ignored():
                pass
    _report(found)
    return found


def _is_about_ours(verp: Verp, came: Came, recipient: str, *, now: datetime) -> bool:
    """Whether it has the token of a mail of ours that is not too old to be believed."""
    traces = came.traces if isinstance(came, Report | Complaint) else ()
    mailed = verp.mailed(recipient, *traces)
    return mailed is not None and mailed.is_believed(now=now)


async def _note(tx: Transaction, found: Bounced) -> None:
    """Keep a refusal of a reminder; whoever signs up or asks for a link is not counted."""
    mailed = found.mailed
    if mailed.kind is Kind.REMINDER:
        refused = RefusedReminder(
            subscriber_id=mailed.subscriber_id,
            night=mailed.night,
            verdict=found.verdict,
            words=found.words,
            has_reply=not found.is_local,
        )
        await tx.refusals.note(refused)


async def kept(store: Store) -> tuple[Kept, ...]:
    """The messages that changed nothing, oldest first; they are kept for 30 days."""
    async with store.transaction() as tx:
        return await tx.feedback.kept()


async def taken_out(store: Store, *, by: str, now: datetime) -> tuple[Kept, ...]:
    """The same for somebody who reads them; it is noted."""
    async with store.transaction() as tx:
        found = await tx.feedback.kept()
        details = f"messages: {len(found)}"
        await tx.audit.add(by, Act.RETURNED_MAIL_READ, details=details, now=now)
    return found


async def _judged(
    tx: Transaction,
    verp: Verp,
    refusals: Refusals,
    came: Came,
    recipient: str,
    *,
    now: datetime,
) -> Judgement:
    if not isinstance(came, Report | Complaint):
        return came
    mailed = verp.mailed(recipient, *came.traces)
    if mailed is None:
        return Unusable(why="not signed here")
    if not mailed.is_believed(now=now):
        return Unusable(why="about too old a mail")
    theirs = await tx.feedback.theirs(mailed.subscriber_id, came.named)
    if theirs is None:
        return Ignored.NOBODY
    return judged(came, mailed, theirs, refusals)


def _report(found: Judgement) -> None:
    """One line, without a word of the message: they are anybody's."""
    match found:
        case Bounced(verdict=Verdict.OURS):
            log.error(
                "our mail is refused",
                action="bounces",
                subscriber=found.mailed.subscriber_id,
                meaning=found.about,
                status=found.status,
            )
        case Bounced():
            log.info(
                "bounced",
                action="bounces",
                subscriber=found.mailed.subscriber_id,
                verdict=found.verdict,
                meaning=found.about,
            )
        case Complained(mailed=mailed):
            log.warning("complained", action="bounces", subscriber=mailed.subscriber_id)
        case Unusable(why=why):
            log.warning("kept unused", action="bounces", reason=why)
        case Ignored():
            log.info("ignored", action="bounces", reason=found)
