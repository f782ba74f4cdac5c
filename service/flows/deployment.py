"""Whether this database sends: asked, paused, resumed, or adopted after a restore."""

from dataclasses import dataclass
from datetime import datetime

from service.domain.audit import Act
from service.domain.night import first_slot
from service.store.deployment import Standing
from service.store.engine import Store
from service.store.subscribers import Due

AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What adopting a copy held back, as the one before it may have sent it."""

    people: int
    messages: int


async def standing(store: Store) -> Standing:
    """Whether mail goes out from here."""
    async with store.transaction() as tx:
        return await tx.deployment.state()


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
    store: Store, *, is_nothing_sent: bool, by: str, now: datetime
) -> Adopted:
    """Make this database the one that sends from now on. Safe to do twice.

    Since the copy was made, the database before it may have sent whatever was due. So
    nobody who is due by now gets tonight's reminder: a missed one is better than two.
    Only the operator can know that nothing was sent: `is_nothing_sent`, and all of it
    goes. A pause proves nothing: it may have begun later here, or ended there.
    """
    async with store.transaction() as tx:
        state = await tx.deployment.state()
    is_doubtful = state is Standing.FENCED and not is_nothing_sent
    people = await _passed_over(store, now=now) if is_doubtful else 0
    async with store.transaction() as tx:
        messages = await tx.outbox.doubt(now=now) if is_doubtful else 0
        await tx.deployment.adopt()
        held_back = f"held back: {messages} waiting, {people} due"
        details = (
            "nothing was sent, says the operator" if is_nothing_sent else held_back
        )
        await tx.audit.add(by, Act.DATABASE_ADOPTED, details=details, now=now)
    return Adopted(people=people, messages=messages)


async def _passed_over(store: Store, *, now: datetime) -> int:
    """Move everybody who is due to their next evening; how many."""
    people = 0
    while True:
        async with store.transaction() as tx:
            first_at = await tx.subscribers.first_due_at()
            if first_at is None or first_at > now:
                return people
            due = await tx.subscribers.due(limit=AT_ONCE, now=now)
            await tx.subscribers.reschedule(
                [(one.subscriber.id, _next_due_at(one, now=now)) for one in due]
            )
        people += len(due)


def _next_due_at(one: Due, *, now: datetime) -> datetime:
    person = one.subscriber
    return first_slot(
        person.evening,
        subscriber_id=person.id,
        started_on=person.started_on,
        taken=None,
        now=now,
    ).due_at
