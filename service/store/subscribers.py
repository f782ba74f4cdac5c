"""Subscribers: the sealed row, the narrow schedule row, and the history row.

Only active people have a schedule row, so planning never looks at anybody else. A
change locks the schedule row first, as planning does: the two take turns, and who was
just planned is seen to be (their outbox rows are there to be suppressed).
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, TextClause
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.forecast import AHEAD, STEP, Arrivals
from service.domain.records import (
    history_from_json,
    history_to_json,
    person_from_json,
    person_to_json,
)
from service.domain.risk import Answers
from service.domain.subscriber import Evening, Frequency, GivenBy, Status, Subscriber
from service.domain.synthetic import Newcomer
from service.domain.tonight import History
from service.store import subscribers_sql as sql
from service.store.sealing import UNREADABLE, KeyMissing, Sealer

A_DAY = timedelta(days=1)
AT_ONCE = 1000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Somebody whose evening is to be planned, and what they were told before.

    `waiting` is the sign-up whose answers wait to be claimed, if there is one.
    `doubted` are answers that count as well as those of today (store/changes.py); None
    where they cannot be read.
    """

    subscriber: Subscriber
    history: History
    next_due_at: datetime
    waiting: int | None = None
    doubted: tuple[Answers, ...] | None = ()


class Subscribers:
    """Everybody who confirmed and was not erased."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def get(self, subscriber_id: int) -> Subscriber | None:
        """The subscriber of this number."""
        return await self._one(sql.GET, id=subscriber_id)

    async def lock(self, subscriber_id: int) -> Subscriber | None:
        """The same; planning and other changes wait until this transaction ends."""
        row = await self._locked(subscriber_id)
        return None if row is None else self._subscriber(row)

    async def lock_readable(self, subscriber_id: int) -> Subscriber | None:
        """The same; None as well, and an alarm, where their row does not open."""
        row = await self._locked(subscriber_id)
        return None if row is None else self._readable(row)

    async def everybody(self) -> AsyncIterator[Subscriber]:
        """Every subscriber by number, read as they are asked for."""
        options = {"yield_per": AT_ONCE}
        rows = await self._connection.stream(sql.EVERYBODY, execution_options=options)
        async for row in rows:
            yield self._subscriber(row)

    async def count(self) -> int:
        """How many subscribers there are, whatever their status."""
        return int(await self._connection.scalar(sql.COUNT) or 0)

    async def find(self, address: str) -> Subscriber | None:
        """The subscriber with this address, however it is written."""
        return await self._one(sql.FIND, key=self._sealer.address_key(address))

    async def add(
        self, subscriber: Subscriber, *, next_due_at: datetime | None, now: datetime
    ) -> None:
        """Keep a new subscriber, due for the first time at `next_due_at`.

        Raises:
            TryLater: (by the transaction) the address was added a moment ago.
        """
        await self._connection.execute(sql.ADD, self._values(subscriber, now))
        await self._schedule(subscriber, next_due_at)

    async def add_all(self, newcomers: Sequence[Newcomer], *, now: datetime) -> None:
        """Keep many new subscribers, who are active."""
        rows = [self._values(new.subscriber, now) for new in newcomers]
        times = [
            {"id": new.subscriber.id, "next_due_at": new.next_due_at}
            for new in newcomers
        ]
        await self._connection.execute(sql.ADD, rows)
        await self._connection.execute(sql.SCHEDULE, times)

    async def save(
        self, subscriber: Subscriber, *, next_due_at: datetime | None, now: datetime
    ) -> None:
        """Rewrite a subscriber and when they are due next; the history stays.

        None takes them off the schedule, and so does any status but active.
        """
        await self._schedule(subscriber, next_due_at)
        await self._connection.execute(sql.SAVE, self._values(subscriber, now))

    async def end_links(self, subscriber: Subscriber) -> Subscriber:
        """The subscriber with a new generation of links; the others work no more."""
        found = await self._connection.execute(sql.END_LINKS, {"id": subscriber.id})
        return replace(subscriber, generation=found.scalar_one())

    async def end_everybodys_links(self) -> None:
        """A new generation of links for all; also those that were ended since a backup."""
        await self._connection.execute(sql.END_EVERYBODYS_LINKS)

    async def erase(self, subscriber_id: int) -> None:
        """Destroy all there is about a person, waiting mails and records included."""
        values = {"id": subscriber_id}
        for statement in sql.ERASE:
            await self._connection.execute(statement, values)

    async def due(self, *, limit: int, now: datetime) -> tuple[Due, ...]:
        """Up to `limit` people to plan for, longest due first.

        They are locked, and those that another worker has locked are passed over. One
        whose row does not open is looked at again a day later: it stops nobody else.
        """
        found = await self._connection.execute(sql.DUE, {"limit": limit, "now": now})
        readable: list[Due] = []
        moves: list[tuple[int, datetime]] = []
        for row in found:
            try:
                subscriber, history = self._subscriber(row), self._history(row)
            except KeyMissing:
                raise
            except UNREADABLE as error:
                _report_unreadable(row.id, error)
                moves.append((row.id, now + A_DAY))
            else:
                readable.append(
                    Due(
                        subscriber=subscriber,
                        history=history,
                        next_due_at=row.next_due_at,
                        waiting=row.waiting,
                    )
                )
        if moves:
            await self.reschedule(moves)
        return tuple(readable)

    async def reschedule(self, moves: Sequence[tuple[int, datetime]]) -> None:
        """Set when each of these people, who are on the schedule, is due next."""
        values = {"ids": [who for who, _ in moves], "times": [at for _, at in moves]}
        await self._connection.execute(sql.RESCHEDULE, values)

    async def zone_asked(self, nights: Sequence[tuple[int, date]]) -> None:
        """Note on which night each of these people is asked which clock is theirs."""
        if nights:
            values = {
                "ids": [who for who, _ in nights],
                "nights": [n for _, n in nights],
            }
            await self._connection.execute(sql.ZONE_ASKED, values)

    async def save_histories(self, histories: Sequence[tuple[int, History]]) -> None:
        """Keep what each of these people was told; the last one given counts."""
        last = dict(histories)
        boxes = [
            self._sealer.seal(history_to_json(told).encode(), about=f"history:{who}")
            for who, told in last.items()
        ]
        values = {
            "ids": list(last),
            "sealed": [sealed for sealed, _ in boxes],
            "key_ids": [key_id for _, key_id in boxes],
        }
        await self._connection.execute(sql.SAVE_HISTORIES, values)

    async def next_due_at(self, subscriber_id: int) -> datetime | None:
        """When the person is due next, None if they are not on the schedule."""
        return await self._instant(sql.NEXT_DUE_AT, id=subscriber_id)

    async def first_due_at(self) -> datetime | None:
        """When the first of all people is due, None if nobody is on the schedule."""
        return await self._instant(sql.FIRST_DUE_AT)

    async def arrivals(self, *, now: datetime) -> tuple[Arrivals, ...]:
        """How many people become due in each of the next steps of a forecast."""
        values = {"step": STEP, "until": now + AHEAD, "now": now}
        found = await self._connection.execute(sql.ARRIVALS, values)
        return tuple(Arrivals(at=row.at, reminders=row.reminders) for row in found)

    async def stopped_before(
        self, instant: datetime, limit: int = 500
    ) -> tuple[int, ...]:
        """The numbers of people who left by then, longest ago first, locked."""
        values = {"instant": instant, "limit": limit}
        found = await self._connection.execute(sql.STOPPED_BEFORE, values)
        return tuple(found.scalars())

    async def paused_until_before(
        self, day: date, limit: int = 500
    ) -> tuple[Subscriber, ...]:
        """People whose pause ends on `day` or ended before it, locked.

        One whose row does not open stays paused, and stops nobody else.
        """
        values = {"day": day, "limit": limit}
        found = await self._connection.execute(sql.PAUSED_UNTIL_BEFORE, values)
        people = [self._readable(row) for row in found]
        return tuple(person for person in people if person is not None)

    async def _locked(self, subscriber_id: int) -> Row[Any] | None:
        values = {"id": subscriber_id}
        await self._connection.execute(sql.LOCK_SCHEDULE, values)
        return (await self._connection.execute(sql.LOCK, values)).one_or_none()

    async def _one(self, statement: TextClause, **values: object) -> Subscriber | None:
        row = (await self._connection.execute(statement, values)).one_or_none()
        return None if row is None else self._subscriber(row)

    async def _instant(
        self, statement: TextClause, **values: object
    ) -> datetime | None:
        found: datetime | None = await self._connection.scalar(statement, values)
        return found

    async def _schedule(
        self, subscriber: Subscriber, next_due_at: datetime | None
    ) -> None:
        values: dict[str, object] = {"id": subscriber.id}
        if next_due_at is None or subscriber.status is not Status.ACTIVE:
            await self._connection.execute(sql.UNSCHEDULE, values)
        else:
            values["next_due_at"] = next_due_at
            await self._connection.execute(sql.SCHEDULE, values)

    def _values(self, subscriber: Subscriber, now: datetime) -> dict[str, object]:
        plain = person_to_json(subscriber.person).encode()
        sealed, key_id = self._sealer.seal(plain, about=_about(subscriber.id))
        return {
            "id": subscriber.id,
            "address_key": self._sealer.address_key(subscriber.person.address),
            "sealed": sealed,
            "key_id": key_id,
            "zone": subscriber.evening.zone,
            "minute": subscriber.evening.minute,
            "frequency": subscriber.evening.frequency,
            "language": subscriber.language,
            "status": subscriber.status,
            "started_on": subscriber.started_on,
            "paused_until": subscriber.paused_until,
            "stopped_at": subscriber.stopped_at,
            "zone_confirmed": subscriber.evening.is_zone_confirmed,
            "given_by": subscriber.given_by,
            "now": now,
        }

    def _subscriber(self, row: Row[Any]) -> Subscriber:
        plain = self._sealer.open(row.sealed, row.key_id, about=_about(row.id))
        return Subscriber(
            id=row.id,
            person=person_from_json(plain.decode()),
            evening=Evening(
                zone=row.zone,
                minute=row.minute,
                frequency=Frequency(row.frequency),
                is_zone_confirmed=row.zone_confirmed,
            ),
            language=row.language,
            status=Status(row.status),
            started_on=row.started_on,
            paused_until=row.paused_until,
            stopped_at=row.stopped_at,
            zone_asked_on=row.zone_asked_on,
            given_by=GivenBy(row.given_by),
            generation=row.generation,
        )

    def _readable(self, row: Row[Any]) -> Subscriber | None:
        try:
            return self._subscriber(row)
        except KeyMissing:
            raise
        except UNREADABLE as error:
            _report_unreadable(row.id, error)
            return None

    def _history(self, row: Row[Any]) -> History:
        if row.history_sealed is None:
            return ()
        about = f"history:{row.id}"
        plain = self._sealer.open(row.history_sealed, row.history_key_id, about=about)
        return history_from_json(plain.decode())


def _report_unreadable(subscriber_id: int, error: Exception) -> None:
    """An alarm without the words of the error: they can hold what somebody answered."""
    fault = type(error).__name__
    log.error("row does not open", action="open", subscriber=subscriber_id, error=fault)


def _about(subscriber_id: int) -> str:
    return f"subscriber:{subscriber_id}"
