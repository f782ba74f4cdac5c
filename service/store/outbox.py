"""The queue of mails, partitioned by night: what is due, in whose hands, and the end.

Its key (subscriber_id, night, kind) is the promise of one mail per night. Workers never
wait for each other: a claim passes over the rows that another one holds, and whoever
comes back late finds that the row is no longer theirs (`claimed_by` is unique per start
of a process). A lease is about real time on one clock: it is the database's that
counts it, whatever the clocks of the workers say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.forecast import STEP, Waiting
from service.domain.outbox import OTHER_CLOCK, Kind, Lane, Message, Settled, State
from service.domain.provider import Provider, provider_of
from service.store import outbox_sql as sql
from service.store import partitions
from service.store.partitions import Span
from service.store.sealing import UNREADABLE, KeyMissing, Sealer

PARENT = "outbox"
#: Ended leases that one call of `reap` settles; the next call goes on.
REAPED_AT_ONCE = 5000
A_DAY = timedelta(days=1)
#: Some days on which somebody has all the mails that a day may have.
NIGHTS_AHEAD = 10
#: More than any lease that the settings allow.
LONGEST_LEASE = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """What became of messages whose worker was lost."""

    released: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxState:
    """Where a message stands; `updated_at` is None until a worker has touched it."""

    kind: Kind
    state: State
    reason: str | None
    attempts: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """So many messages that came to this end for this reason."""

    state: State
    reason: str
    messages: int


class Outbox:
    """The messages of the last nights.

    With `is_promised`, the settings say that commits wait for a standby.
    `awaits_standby`: what was begun is begun only once a standby has it.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        sealer: Sealer,
        *,
        is_promised: bool = False,
    ) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer
        self._is_promised = is_promised
        self.awaits_standby = False

    async def put(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Queue messages; one that is there already stays as it is. Those that are new.

        A reminder that was held back for its clock is new: it was never sent.

        Makes the partition of a night that has none yet.
        """
        return await self._put(messages, state=State.DUE, reason=None, at=None)

    async def put_one_of_a_day(self, message: Message, *, most: int) -> bool:
        """Queue a mail of which a person may have `most` in 24 hours; False for one more.

        A person has one mail of a kind for a night: the second of a day takes the place
        of a later night's.
        """
        key = {"subscriber_id": message.subscriber_id, "kind": message.kind}
        await self._connection.execute(sql.ONE_BY_ONE, key)
        values = {**key, "until": message.expires_at - A_DAY}
        if await self._connection.scalar(sql.OF_A_DAY, values) >= most:
            return False
        for days in range(NIGHTS_AHEAD):
            night = message.night + timedelta(days=days)
            if await self.put([replace(message, night=night)]):
                return True
        return False

    async def put_held_back(
        self, messages: Sequence[Message], *, reason: str, now: datetime
    ) -> tuple[Message, ...]:
        """Note messages that are never sent, and why. Otherwise as `put`."""
        return await self._put(messages, state=State.SUPPRESSED, reason=reason, at=now)

    async def _put(
        self,
        messages: Sequence[Message],
        *,
        state: State,
        reason: str | None,
        at: datetime | None,
    ) -> tuple[Message, ...]:
        # The first of a key counts: no statement may touch a row twice.
        firsts: dict[tuple[int, date, Kind], Message] = {}
        for message in messages:
            firsts.setdefault(_key(message), message)
        messages = tuple(firsts.values())
        nights = sorted({message.night for message in messages})
        await partitions.ensure(self._connection, PARENT, [_span(n) for n in nights])
        boxes = [
            self._sealer.seal(m.payload.encode(), about=_about(*_key(m)))
            for m in messages
        ]
        values = {
            **_keys(messages),
            "not_befores": [m.not_before for m in messages],
            "expiries": [m.expires_at for m in messages],
            "sealed": [sealed for sealed, _ in boxes],
            "key_ids": [key_id for _, key_id in boxes],
            "state": state,
            "reason": reason,
            "updated_at": at,
        }
        found = await self._connection.execute(sql.PUT, values)
        new = {(row.subscriber_id, row.night, row.kind) for row in found}
        return tuple(m for m in messages if _key(m) in new)

    async def claim(
        self,
        lane: Lane,
        *,
        limit: int,
        is_first_try: bool = False,
        worker: str,
        lease: timedelta,
        now: datetime,
    ) -> tuple[Message, ...]:
        """Up to `limit` messages for this worker alone, most urgent first.

        With `is_first_try` only such as were never tried. One that does not open fails at once, and stops no other.
        """
        if not limit:
            return ()
        values = {"limit": limit, "worker": worker, "lease": lease, "now": now}
        values |= {"is_first_try": is_first_try, "is_promised": self._is_promised}
        found = await self._connection.execute(sql.CLAIM[lane], values)
        mine: list[Message] = []
        for row in found:
            try:
                mine.append(self._message(row))
            except KeyMissing:
                raise
            except UNREADABLE as error:
                why = f"does not open ({type(error).__name__})"
                values = {**row._asdict(), "reason": why, "now": now}
                await self._connection.execute(sql.FAIL, values)
        return tuple(sorted(mine, key=attrgetter(sql.FIRST[lane])))

    async def begin(
        self,
        messages: Sequence[Message],
        *,
        worker: str,
        lease: timedelta,
        now: datetime,
    ) -> tuple[Message, ...]:
        """Note that these are about to be sent; those that this worker may send.

        One is left out whose lease ended, whose deadline has passed, whose
        subscriber wants no mail any more, or that is a reminder and must not leave from
        here: a promoted server, or one without its standby. Each returned message counts one attempt
        more. Safe to do twice with messages of which nothing was said yet.
        """
        if not messages:
            return ()
        values = _keys(messages) | {"worker": worker, "lease": lease, "now": now}
        values["is_promised"] = self._is_promised
        found = (await self._connection.execute(sql.BEGIN, values)).all()
        self.awaits_standby |= any(row.awaits_standby for row in found)
        attempts = {(r.subscriber_id, r.night, r.kind): r.attempts for r in found}
        return tuple(
            replace(message, attempts=attempts[_key(message)])
            for message in messages
            if _key(message) in attempts
        )

    async def keep(
        self,
        messages: Sequence[Message],
        *,
        worker: str,
        lease: timedelta,
        now: datetime,
    ) -> None:
        """A new lease for messages that this worker is still at."""
        if messages:
            values = _keys(messages) | {"worker": worker, "lease": lease, "now": now}
            await self._connection.execute(sql.KEEP, values)

    async def record(
        self, settled: Sequence[Settled], *, worker: str, now: datetime
    ) -> int:
        """Write down what became of messages. How many were still this worker's."""
        if not settled:
            return 0
        values = {
            **_keys([s.message for s in settled]),
            "states": [s.state for s in settled],
            "reasons": [s.reason for s in settled],
            "not_befores": [s.not_before for s in settled],
            "providers": [s.provider for s in settled],
            "relays": [s.relay or None for s in settled],
            "mailboxes": [
                mailbox(s.domain, self._sealer) if s.relay else None for s in settled
            ],
            "worker": worker,
            "now": now,
        }
        return (await self._connection.execute(sql.RECORD, values)).rowcount

    async def reap(self, *, now: datetime) -> Reaped:
        """Settle messages whose lease has ended.

        One that nobody began to send is due again. A reminder that may have been sent
        is `unknown` for good: missing one is better than getting two. Somebody waits
        for the other kinds, so those are sent again, once.
        """
        values = {"now": now, "limit": REAPED_AT_ONCE, "longest": LONGEST_LEASE}
        found = await self._connection.execute(sql.REAP, values)
        states = tuple(found.scalars())
        unknown = states.count(State.UNKNOWN)
        return Reaped(released=len(states) - unknown, unknown=unknown)

    async def expire(self, *, why: str, now: datetime) -> int:
        """Give up messages whose deadline passed before they were sent. How many.

        The reason stays what it was for one that was refused before; else it is `why`.
        """
        values = {"why": why, "now": now}
        return (await self._connection.execute(sql.EXPIRE, values)).rowcount

    async def suppress(self, subscriber_id: int, *, reason: str, now: datetime) -> int:
        """Hold back what waits for this person's evenings, claimed or not. How many.

        One that is on the wire at this moment is not tried a second time. A link that
        somebody asked for goes out all the same.
        """
        values = {"subscriber_id": subscriber_id, "reason": reason, "now": now}
        await self._connection.execute(sql.SUPPRESS_SENDING, values)
        return (await self._connection.execute(sql.SUPPRESS, values)).rowcount

    async def hold_back(
        self, ids: Sequence[int], *, reason: str, now: datetime
    ) -> None:
        """Send these people nothing that waits; what is on the wire is tried once."""
        values = {"ids": list(ids), "reason": reason, "now": now}
        for statement in (sql.NOT_AGAIN, sql.HOLD_BACK):
            await self._connection.execute(statement, values)

    async def doubt(
        self, *, since: datetime | None, until: datetime, reason: str, now: datetime
    ) -> tuple[int, ...]:
        """Call unsettled reminders `unknown` that may have been sent elsewhere; whose.

        Those that could be sent between `since` (None: ever) and `until`. For a copy or
        a promoted server, which cannot know what went out in that time.
        """
        values = {"since": since, "until": until, "reason": reason, "now": now}
        found = await self._connection.execute(sql.DOUBT, values)
        return tuple(found.scalars())

    async def state_of(
        self, subscriber_id: int, night: date
    ) -> tuple[OutboxState, ...]:
        """Where the messages of one person and night stand, by kind."""
        values = {"subscriber_id": subscriber_id, "night": night}
        return tuple(
            OutboxState(
                kind=Kind(row.kind),
                state=State(row.state),
                reason=row.reason,
                attempts=row.attempts,
                updated_at=row.updated_at,
            )
            for row in await self._connection.execute(sql.STATE_OF, values)
        )

    async def has_reminder(self, subscriber_id: int, night: date) -> bool:
        """Whether that night of a person has its reminder, whatever became of it.

        One that was held back for its clock is none: it was never sent.
        """
        states = await self.state_of(subscriber_id, night)
        return any(
            state.kind is Kind.REMINDER and state.reason != OTHER_CLOCK
            for state in states
        )

    async def counts(self, night: date) -> Mapping[State, int]:
        """How many messages of a night are in each state, zeros included."""
        found = await self._connection.execute(sql.COUNTS, {"night": night})
        return dict.fromkeys(State, 0) | {State(s): int(n) for s, n in found}

    async def waiting(self, *, now: datetime) -> tuple[Waiting, ...]:
        """How many reminders are due and may still be sent, by step of their deadline."""
        values = {"step": STEP, "now": now}
        found = await self._connection.execute(sql.WAITING_NOW, values)
        return tuple(Waiting(expires_at=at, reminders=many) for at, many in found)

    async def not_sent(self, *, since: date) -> tuple[NotSent, ...]:
        """How many messages of the nights since then were not sent, and why."""
        found = await self._connection.execute(sql.NOT_SENT, {"since": since})
        return tuple(
            NotSent(state=State(state), reason=why, messages=n)
            for state, why, n in found
        )

    async def ensure_partitions(self, *, around: date) -> None:
        """Make the nights from last night to three nights on."""
        nights = [around + timedelta(days=step) for step in range(-1, 4)]
        await partitions.ensure(self._connection, PARENT, [_span(n) for n in nights])

    async def drop_old(self, *, before: date) -> None:
        """Drop the nights before this one, once their outcomes are in the records.

        Raises Busy (by the transaction) while they are in use, by a backup for one.
        """
        if await self._ended(before):
            await partitions.lock(self._connection)
            ended = await self._ended(before)
            await partitions.require_idle(self._connection, ended)
            await self._connection.execute(sql.ROLL_UP, {"before": before})
            await partitions.drop(self._connection, ended)

    async def _ended(self, before: date) -> tuple[str, ...]:
        found = await partitions.names(self._connection, PARENT)
        return tuple(name for name in found if name < _span(before).name)

    def _message(self, row: Row[Any]) -> Message:
        about = _about(row.subscriber_id, row.night, row.kind)
        return Message(
            subscriber_id=row.subscriber_id,
            night=row.night,
            kind=Kind(row.kind),
            attempts=row.attempts,
            not_before=row.not_before,
            expires_at=row.expires_at,
            payload=self._sealer.open(row.sealed, row.key_id, about=about).decode(),
        )


def _key(message: Message) -> tuple[int, date, Kind]:
    return message.subscriber_id, message.night, message.kind


def _keys(messages: Sequence[Message]) -> dict[str, object]:
    return {
        "ids": [message.subscriber_id for message in messages],
        "nights": [message.night for message in messages],
        "kinds": [message.kind for message in messages],
    }


def _span(night: date) -> Span:
    following = night + timedelta(days=1)
    return Span(name=f"outbox_{night:%Y%m%d}", first=night, end=following)


def mailbox(domain: str, sealer: Sealer) -> str:
    """What the mailboxes of one provider have in common, for counting.

    A well known provider is its name. Any other domain may be one person's own, and
    stands as a keyed hash that nobody can guess back.
    """
    known = provider_of(domain)
    return sealer.domain_key(domain) if known is Provider.OTHER else known


def night_of(partition: str) -> date:
    """The night of a partition, by its name."""
    return date.fromisoformat(partition.removeprefix("outbox_"))


def _about(subscriber_id: int, night: date, kind: str) -> str:
    return f"outbox:{subscriber_id}:{night}:{kind}"
