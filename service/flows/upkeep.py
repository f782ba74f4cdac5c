"""Keeping the house: partitions, ended leases, missed deadlines, retention, pauses."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from service.domain.errors import Busy
from service.domain.night import next_slot
from service.domain.subscriber import UNDO, Status
from service.domain.tokens import CONFIRM_WITHIN
from service.store.deployment import Standing
from service.store.engine import Store

OUTBOX_NIGHTS = timedelta(days=3)
NIGHT_RECORDS = timedelta(days=396)
AT_ONCE = 500
#: Why a reminder was not sent in time, where it is not that its turn did not come.
WHY_HELD = {
    Standing.PAUSED: "paused by the operator",
    Standing.ALONE: "no standby was there",
}
A_NIGHT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What became of messages that a worker or their hour had left behind.

    `is_put_off`: nights that are too old could not be dropped now, as they are in use.
    """

    released: int
    unknown: int
    expired: int
    is_put_off: bool = False


async def upkeep(
    store: Store, *, why_late: str = "deadline passed", now: datetime
) -> Leftovers:
    """Settle what was left behind and drop what is too old. Safe to do at any time.

    `why_late` is kept as the reason of messages that nobody tried before their deadline,
    unless the service is paused, or waits for a standby. A copy that nobody adopted
    stays as it was restored; on a promoted server only ended leases are settled, as
    confirmations and links go on. Nothing is given up or dropped while the clock is in
    doubt.

    Raises:
        TryLater: the database is away, or the next nights could not be made.
    """
    async with store.transaction() as tx:
        standing = await tx.deployment.state()
        is_trusted = await tx.timekeeping.is_trusted(now=now)
        if standing is Standing.FENCED or not is_trusted:
            return Leftovers(released=0, unknown=0, expired=0)
        reaped = await tx.outbox.reap(now=now)
        if standing is Standing.PROMOTED:
            return Leftovers(
                released=reaped.released, unknown=reaped.unknown, expired=0
            )
        why = WHY_HELD.get(standing, why_late)
        expired = await tx.outbox.expire(why=why, now=now)
    await _retain(store, now=now)
    await _end_pauses(store, now=now)
    today = now.date()
    async with store.transaction() as tx:
        await tx.outbox.ensure_partitions(around=today)
        await tx.nights.ensure_partitions(around=today)
    # What may have to wait comes last, so that nothing waits with it.
    is_put_off = not await _drop_old_nights(store, today)
    return Leftovers(
        released=reaped.released,
        unknown=reaped.unknown,
        expired=expired,
        is_put_off=is_put_off,
    )


async def _retain(store: Store, *, now: datetime) -> None:
    """Delete what is kept for so long and no longer, but for whole nights."""
    # Alone: whoever asks for a mail waits for these rows.
    async with store.transaction() as tx:
        await tx.limits.drop_old(now=now)
    async with store.transaction() as tx:
        await tx.requests.drop_asked_by(now - CONFIRM_WITHIN)
        await tx.signups.drop_expired(now=now)
        await tx.workers.drop_gone()
        await tx.feedback.drop_old(now=now)
        await tx.refusals.drop_old(now=now)
        await tx.sessions.drop_old(now=now)
        await tx.subscriber_sessions.drop_old(now=now)
        await tx.changes.drop_old(now=now)
        gone = await tx.subscribers.stopped_before(now - UNDO, limit=AT_ONCE)
        for subscriber_id in gone:
            await tx.subscribers.erase(subscriber_id)


async def _drop_old_nights(store: Store, today: date) -> bool:
    """Whether it could be done now: a backup holds on to every table while it runs."""
    try:
        async with store.transaction() as tx:
            await tx.outbox.drop_old(before=today - OUTBOX_NIGHTS)
        async with store.transaction() as tx:
            await tx.nights.drop_old(before=today - NIGHT_RECORDS)
    except Busy:
        return False
    return True


async def _end_pauses(store: Store, *, now: datetime) -> None:
    """Reminders again for people whose pause was to end by now.

    It ends early enough for any zone; the first evening is the one they named.
    """
    async with store.transaction() as tx:
        rested = await tx.subscribers.paused_until_before(now.date(), limit=AT_ONCE)
        for subscriber in rested:
            active = replace(subscriber, status=Status.ACTIVE, paused_until=None)
            slot = next_slot(
                active.evening,
                subscriber_id=active.id,
                started_on=active.started_on,
                after=(subscriber.paused_until or now.date()) - A_NIGHT,
                now=now,
            )
            await tx.subscribers.save(active, next_due_at=slot.due_at, now=now)
