"""Whether this database sends: asked, paused, resumed, or adopted after a restore."""

from dataclasses import dataclass
from datetime import datetime

from service.domain.audit import Act
from service.domain.night import first_slot
from service.store.deployment import LostSeconds, Standing
from service.store.engine import Store
from service.store.subscribers import Due

AT_ONCE = 500
RESTORED = "sent before the restore or not"
PROMOTED = "sent before the failover or not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """Whom adopting held back, as the database before it may have mailed them.

    `waited` had a reminder in the queue; `due` had none yet. Their numbers, in order.
    """

    waited: tuple[int, ...] = ()
    due: tuple[int, ...] = ()


async def standing(store: Store) -> Standing:
    """Whether mail goes out from here."""
    async with store.transaction() as tx:
        return await tx.deployment.state()


async def look(store: Store, *, now: datetime) -> Standing:
    """The same; and it is noted when a promoted server was first seen.

    With `now` from a worker that knew the server before, its time is not lost.
    """
    async with store.transaction() as tx:
        state = await tx.deployment.state()
        if state is Standing.PROMOTED:
            await tx.deployment.see_promotion(now=now)
    return state


async def lost_seconds(store: Store) -> LostSeconds:
    """What is missing on a promoted server, once it was looked at."""
    async with store.transaction() as tx:
        return await tx.deployment.lost_seconds()


async def keep_word(store: Store) -> bool:
    """Let the row say what the settings do: that commits wait for a standby, or not.

    Whether a server that was promoted goes on by itself as of now. Safe to do at any
    time, on any number of workers.

    Raises:
        TryLater: no standby is known to have it; reminders are held to the word.
    """
    async with store.transaction() as tx:
        has_succeeded = await tx.deployment.succeed()
        if store.is_promised:
            await tx.deployment.promise()
    if not store.is_promised:
        async with store.transaction() as tx:
            is_ending = await tx.deployment.take_back()
        if is_ending:
            async with store.transaction() as tx:
                await tx.deployment.taken_back()
    return has_succeeded


async def last_sent_at(store: Store) -> datetime | None:
    """When the last mail went out, as far as this database knows."""
    async with store.transaction() as tx:
        return await tx.deployment.last_sent_at()


async def pause(store: Store, *, by: str, now: datetime) -> None:
    """Claim no mail from now on; what workers hold already goes out."""
    async with store.transaction() as tx:
        await tx.deployment.pause()
        await tx.audit.add(by, Act.ALL_PAUSED, now=now)


async def resume(store: Store, *, by: str, now: datetime) -> None:
    """Send again; what waits and is not too late goes out at once."""
    async with store.transaction() as tx:
        await tx.deployment.resume()
        await tx.audit.add(by, Act.ALL_RESUMED, now=now)


async def adopt(
    store: Store,
    *,
    is_nothing_sent: bool,
    until: datetime | None = None,
    by: str,
    now: datetime,
) -> Adopted:
    """Make this database the one that sends from now on. Safe to do twice.

    The database before it may have sent whatever was due since the copy was made: up to
    now for a restored copy, up to when it was first seen for a promoted server, or
    `until` a later instant. Those people get no reminder tonight: a missed one is better
    than two. Only the operator can know that nothing was sent: `is_nothing_sent`, and
    all of it goes. A pause proves nothing: it may have begun later here, or ended there.

    Where the word was given that commits wait for a standby, it is taken back.
    """
    state = await look(store, now=now)
    since, doubt_until, why = None, until or now, RESTORED
    if state is Standing.PROMOTED:
        lost = await lost_seconds(store)
        since, why = lost.since, PROMOTED
        doubt_until = max(lost.until, until or lost.until)
    is_doubtful = state in (Standing.FENCED, Standing.PROMOTED) and not is_nothing_sent
    due = await _passed_over(store, until=doubt_until, now=now) if is_doubtful else ()
    async with store.transaction() as tx:
        waited: tuple[int, ...] = ()
        if is_doubtful:
            waited = await tx.outbox.doubt(
                since=since, until=doubt_until, reason=why, now=now
            )
        await tx.deployment.adopt()
        held_back = f"held back: {len(waited)} waiting, {len(due)} due"
        details = (
            "nothing was sent, says the operator" if is_nothing_sent else held_back
        )
        await tx.audit.add(by, Act.DATABASE_ADOPTED, details=details, now=now)
    return Adopted(waited=tuple(sorted(waited)), due=tuple(sorted(due)))


async def _passed_over(
    store: Store, *, until: datetime, now: datetime
) -> tuple[int, ...]:
    """Move everybody who was due by `until` to their next evening; whom."""
    people: list[int] = []
    later = max(until, now)
    while True:
        async with store.transaction() as tx:
            first_at = await tx.subscribers.first_due_at()
            if first_at is None or first_at > until:
                return tuple(people)
            due = await tx.subscribers.due(limit=AT_ONCE, now=until)
            await tx.subscribers.reschedule(
                [(one.subscriber.id, _next_due_at(one, now=later)) for one in due]
            )
        people += [one.subscriber.id for one in due]


def _next_due_at(one: Due, *, now: datetime) -> datetime:
    person = one.subscriber
    return first_slot(
        person.evening,
        subscriber_id=person.id,
        started_on=person.started_on,
        taken=None,
        now=now,
    ).due_at
