"""One evening's reminders without the mails: claimed, begun and settled as a worker does."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from service.domain.outbox import (
    Accepted,
    Lane,
    Message,
    Settled,
    settle,
)
from service.domain.refusals import Stage
from service.domain.subscriber import Person, Status, Subscriber
from service.domain.synthetic import Newcomer
from service.flows.deliver import record
from service.flows.refusals import judge
from service.flows.upkeep import upkeep
from service.store.engine import Store
from service.store.nights import NightRecord
from tests.builders import answers, message, relay_refused, subscriber
from tests.conftest import stop_clock

RELAY = "relay:25"
REFUSED = replace(relay_refused(Stage.RCPT, 550, "5.1.1", "who is p@x?"), relay=RELAY)
TAKEN = Accepted(reply="queued", relay=RELAY)
LEASE = timedelta(minutes=1)


def at(night: date, hour: int) -> datetime:
    """That hour of UTC on the day of the night."""
    return datetime.combine(night, time(hour), UTC)


async def settle_in(store: Store, homes: Mapping[int, str], first: date) -> None:
    """Subscribers of these numbers at these domains."""
    newcomers = [
        Newcomer(
            subscriber=replace(
                subscriber(n), person=Person(address=f"p{n}@{home}", answers=answers())
            ),
            next_due_at=at(first, 20),
        )
        for n, home in homes.items()
    ]
    async with store.transaction() as tx:
        await tx.subscribers.add_all(newcomers, now=at(first, 8))


async def kept_house(store: Store, *, now: datetime) -> None:
    """What a worker does besides sending."""
    await stop_clock(store, now)
    await judge(store, now=now)
    await upkeep(store, now=now)


async def everybody(store: Store) -> dict[int, Subscriber]:
    """All subscribers by number."""
    async with store.transaction() as tx:
        return {person.id: person async for person in tx.subscribers.everybody()}


async def active(store: Store) -> list[int]:
    """The numbers of those who get reminders."""
    people = await everybody(store)
    return [n for n, person in people.items() if person.status is Status.ACTIVE]


async def sent(
    store: Store, homes: Mapping[int, str], night: date, refused: Collection[int] = ()
) -> list[Message]:
    """Send an evening's reminders to these; returns those that the relay took.

    The `refused` it does not know, and says so at once.
    """
    now = at(night, 20)
    until = now + timedelta(hours=2)
    put = [message(n, night=night, not_before=now, expires_at=until) for n in homes]
    records = [
        NightRecord(subscriber_id=n, night=night, choice="{}", catalogue_version="1")
        for n in homes
    ]
    await stop_clock(store, now)
    async with store.transaction() as tx:
        await tx.nights.record(records)
        await tx.outbox.put(put)
        mine = await tx.outbox.claim(
            Lane.EVENING, limit=len(put), worker="w", lease=LEASE, now=now
        )
        begun = await tx.outbox.begin(mine, worker="w", lease=LEASE, now=now)
        settled = [
            _settled(one, homes, is_refused=one.subscriber_id in refused, now=now)
            for one in begun
        ]
        await record(tx, settled, worker="w", now=now)
    return [one.message for one in settled if one.verdict is None]


def _settled(
    one: Message, homes: Mapping[int, str], *, is_refused: bool, now: datetime
) -> Settled:
    settled = settle(one, REFUSED if is_refused else TAKEN, now=now)
    return replace(settled, relay=RELAY, domain=homes[one.subscriber_id])
