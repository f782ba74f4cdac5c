"""Refusals by person and night, the fence of each night, and whom they ended.

A refusal is one row for the person and night; a success is none. So the memory costs a
good night nothing: what was sent stands in `night` and `outbox` already. What the fence
asks, how everybody else fared, is counted once when the night is over.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.fence import FEWEST, Fence, Group, Tally
from service.domain.memory import REACH, SENDS_SHOWN, RefusedReminder, Send
from service.domain.provider import Provider
from service.domain.refusals import Verdict
from service.store import partitions
from service.store import refusals_sql as sql
from service.store.outbox import PARENT, Outbox, mailbox, night_of
from service.store.sealing import Sealer
from service.store.suppression import Reason, Suppression

LOCK = 7_203_002
#: Verdicts that are kept; of the others nothing follows for the person's mail.
KEPT = frozenset({Verdict.DEAD, Verdict.UNDELIVERED, Verdict.OURS})
REASONS = {
    Verdict.DEAD: Reason.ADDRESS_UNKNOWN,
    Verdict.UNDELIVERED: Reason.UNDELIVERABLE,
}
#: Longer than a report is believed and a provider is excused for.
FENCES_KEPT = timedelta(days=30)
#: The provider's last words of a person who is not reached: a weekly reminder renews them.
WORDS_KEPT = timedelta(days=14)
LONGEST_WORDS = 500
#: Three weekly reminders lie within.
LATELY = timedelta(days=60)
#: So many sends of a person are looked at: 30 that count, and as many that do not.
MOST_SENDS = 60
MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One night's refusal, as the operator and the person may read it."""

    night: date
    verdict: Verdict
    fence: Fence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one night's reminders at a provider through a relay.

    `nights_before`: for how many nights before this one the provider refused most.
    """

    night: date
    relay: str
    mailbox: str
    tally: Tally
    is_down: bool
    nights_down: int
    nights_before: int = 0

    @property
    def provider(self) -> Provider | None:
        """Whose night it was in words that name nobody, None for the whole relay."""
        return provider_in_words(self.mailbox) if self.mailbox else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """So many people whose reminders were ended by this verdict at this provider."""

    verdict: Verdict
    provider: Provider
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSends:
    """A person's last sends, newest first, and where the newest refusal came from.

    `ended_at` is when refusals ended the reminders, None where they did not.
    """

    subscriber_id: int
    ended_at: datetime | None
    sends: tuple[Send, ...]
    mailbox: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is to be judged: how many new refusals a night has, and what was counted."""

    refusals: Mapping[date, int]
    counted_at: Mapping[date, datetime]
    closed: frozenset[date]
    in_queue: tuple[date, ...]


class RefusedReminders:
    """The refusals of people's reminders; confirmations and links are none of it."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def note(self, one: RefusedReminder) -> None:
        """Keep a refusal. Safe to do twice: the first of a person and night stands.

        The provider's words are sealed, and kept only of people refused again and again.
        """
        if one.verdict not in KEPT:
            return
        about = _about(one.subscriber_id, one.night)
        plain = one.words[:LONGEST_WORDS].encode("utf-8", "replace")
        sealed, key_id = self._sealer.seal(plain, about=about)
        values = {
            "id": one.subscriber_id,
            "night": one.night,
            "verdict": one.verdict,
            "relay": one.relay,
            "mailbox": mailbox(one.domain, self._sealer) if one.relay else "",
            "has_reply": one.has_reply,
            "sent_at": one.sent_at,
            "sealed": sealed,
            "key_id": key_id,
            "shown": SENDS_SHOWN,
            "since": one.night - LATELY,
        }
        await self._connection.execute(sql.NOTE, values)
        newest = {"id": one.subscriber_id}
        await self._connection.execute(sql.FORGET_OLDER_WORDS, newest)

    async def turn(self, *, now: datetime) -> Turn | None:
        """What is to be judged, for this transaction alone; None if another is at it."""
        if not await self._connection.scalar(sql.TAKE_TURN, {"lock": LOCK}):
            return None
        since = now.date() - FENCES_KEPT
        opened = await self._connection.execute(sql.OPEN)
        refusals = {row.night: row.refusals for row in opened}
        counted = list(await self._connection.execute(sql.COUNTED, {"since": since}))
        names = await partitions.names(self._connection, PARENT)
        return Turn(
            refusals=refusals,
            counted_at={row.night: row.counted_at for row in counted},
            closed=frozenset(row.night for row in counted if row.is_closed),
            in_queue=tuple(night_of(name) for name in names),
        )

    async def count(self, night: date, *, is_closed: bool, now: datetime) -> None:
        """Count what became of a night's reminders. It walks the night once."""
        await self._connection.execute(sql.FILL, {"night": night})
        values = {
            "night": night,
            "is_closed": is_closed,
            "fewest": FEWEST,
            "now": now,
        }
        await self._connection.execute(sql.COUNT, values)

    async def recount(self, night: date) -> None:
        """Count the refusals of a night that was counted before."""
        await self._connection.execute(sql.FILL, {"night": night})
        await self._connection.execute(sql.RECOUNT, {"night": night})

    async def tallies(self, night: date) -> tuple[Row, ...]:
        """The night by relay and provider; providers with few people have no row."""
        values = {"night": night, "since": night - FENCES_KEPT}
        return tuple(
            Row(
                night=night,
                relay=row.relay,
                mailbox=row.mailbox,
                tally=Tally(known=row.known, refused=row.refused),
                is_down=row.is_down,
                nights_down=row.nights_down,
                nights_before=row.nights_before,
            )
            for row in await self._connection.execute(sql.TALLIES, values)
        )

    async def mark_down(self, night: date, rows: Sequence[Row]) -> None:
        """Keep whether these rows of a night are down, and for how many nights."""
        values = {
            "night": night,
            "relays": [row.relay for row in rows],
            "mailboxes": [row.mailbox for row in rows],
            "downs": [row.is_down for row in rows],
            "nights_down": [row.nights_down for row in rows],
        }
        await self._connection.execute(sql.MARK_DOWN, values)

    async def groups(self, night: date) -> tuple[Group, ...]:
        """Whose refusals of a night are judged alike."""
        return tuple(
            Group(relay=row.relay, mailbox=row.mailbox, has_reply=row.has_reply)
            for row in await self._connection.execute(sql.GROUPS, {"night": night})
        )

    async def judge(self, night: date, fences: Mapping[Group, Fence]) -> None:
        """Keep what the refusals of each group are worth."""
        values = {
            "night": night,
            "relays": [group.relay for group in fences],
            "mailboxes": [group.mailbox for group in fences],
            "have_reply": [group.has_reply for group in fences],
            "fences": list(fences.values()),
        }
        await self._connection.execute(sql.JUDGE, values)

    async def closed_since(self, night: date) -> tuple[date, ...]:
        """The nights from this one on that are over and were counted."""
        found = await self._connection.execute(sql.CLOSED_SINCE, {"since": night})
        return tuple(found.scalars())

    async def unweighed(self, *, limit: int) -> tuple[int, ...]:
        """The numbers of people with refusals that were judged since the last look."""
        found = await self._connection.execute(sql.UNWEIGHED, {"limit": limit})
        return tuple(found.scalars())

    async def weighed(self, ids: Sequence[int]) -> None:
        """Note that these people's refusals were looked at."""
        await self._connection.execute(sql.WEIGHED, {"ids": list(ids)})

    async def sends(
        self, ids: Sequence[int], *, now: datetime
    ) -> tuple[PersonSends, ...]:
        """The last sends of these people, since they came back where they did."""
        values: dict[str, object] = {"ids": list(ids)}
        standing = await self._connection.execute(sql.STANDING, values)
        values |= {"since": now.date() - REACH, "limit": MOST_SENDS}
        sends: dict[int, list[Send]] = {}
        last: dict[int, str] = {}
        for row in await self._connection.execute(sql.SENDS, values):
            send = Send(
                night=row.night,
                sent_at=row.sent_at,
                verdict=row.verdict and Verdict(row.verdict),
                fence=row.fence and Fence(row.fence),
            )
            sends.setdefault(row.subscriber_id, []).append(send)
            if row.verdict:
                last.setdefault(row.subscriber_id, row.mailbox)
        return tuple(
            PersonSends(
                subscriber_id=row.id,
                ended_at=row.ended_at,
                sends=tuple(sends.get(row.id, ())),
                mailbox=last.get(row.id, ""),
            )
            for row in standing
        )

    async def end(
        self, subscriber_id: int, verdict: Verdict, *, mailbox: str, now: datetime
    ) -> bool:
        """End an active person's reminders; whether they were active.

        What waits is held back, and the address is on the suppression list until its
        owner signs up or comes back. The answers are erased two weeks later, as after
        an unsubscribe.
        """
        values: dict[str, object] = {"id": subscriber_id, "now": now}
        await self._connection.execute(sql.LOCK_SCHEDULE, values)
        key = await self._connection.scalar(sql.END, values)
        if key is None:
            return False
        reason = REASONS[verdict]
        await self._connection.execute(sql.UNSCHEDULE, values)
        outbox = Outbox(self._connection, self._sealer)
        await outbox.hold_back([subscriber_id], reason=reason, now=now)
        await Suppression(self._connection, self._sealer).add(key, reason, now=now)
        values |= {"verdict": verdict, "mailbox": mailbox}
        await self._connection.execute(sql.NOTE_END, values)
        return True

    async def came_back(self, subscriber_id: int, *, first_night: date) -> None:
        """Let nothing of the nights before this one count against a person any more."""
        values = {"id": subscriber_id, "night": first_night}
        await self._connection.execute(sql.CAME_BACK, values)

    async def has_ended(self, subscriber_id: int) -> bool:
        """Whether it was refusals that ended this person's reminders."""
        values = {"id": subscriber_id}
        return bool(await self._connection.scalar(sql.HAS_ENDED, values))

    async def undoable(
        self, *, since: datetime, until: datetime, at: str, after: int, limit: int
    ) -> tuple[int, ...]:
        """Up to `limit` people whom refusals ended between these instants, by number.

        `after`: the last number that was seen, 0 at first. `at`: a provider's name, or a domain; "" for any. Left out is who complained,
        stopped or came back since.
        """
        values = self._between(since, until, at) | {"after": after, "limit": limit}
        found = await self._connection.execute(sql.UNDOABLE, values)
        return tuple(found.scalars())

    async def undoable_counted(
        self, *, since: datetime, until: datetime, at: str
    ) -> tuple[Ends, ...]:
        """The same as numbers, by verdict and provider."""
        values = self._between(since, until, at)
        found = await self._connection.execute(sql.UNDOABLE_COUNTED, values)
        return _ends((row.verdict, row.mailbox, row.people) for row in found)

    async def ends(self, *, since: datetime) -> tuple[Ends, ...]:
        """How many people's reminders were ended since then, who did not come back."""
        found = await self._connection.execute(sql.ENDS, {"since": since})
        return _ends((row.verdict, row.mailbox, row.people) for row in found)

    async def held(self, *, since: date) -> tuple[Row, ...]:
        """The nights since then on which most of a provider or relay was refused."""
        values = {"since": since, "limit": MOST_SHOWN}
        return tuple(
            Row(
                night=row.night,
                relay=row.relay,
                mailbox=row.mailbox,
                tally=Tally(known=row.known, refused=row.refused),
                is_down=True,
                nights_down=row.nights_down,
            )
            for row in await self._connection.execute(sql.HELD, values)
        )

    async def often_refused(self, *, now: datetime) -> tuple[int, ...]:
        """Active people with several refusals lately, those of the last nights first."""
        values = {
            "since": now.date() - LATELY,
            "shown": SENDS_SHOWN,
            "limit": MOST_SHOWN,
        }
        found = await self._connection.execute(sql.OFTEN_REFUSED, values)
        return tuple(found.scalars())

    async def words(self, subscriber_id: int) -> str:
        """What the provider last said of a person who is not reached; "" if not kept."""
        found = await self._connection.execute(sql.WORDS, {"id": subscriber_id})
        row = found.one_or_none()
        if row is None:
            return ""
        about = _about(subscriber_id, row.night)
        return self._sealer.open(row.sealed, row.key_id, about=about).decode()

    async def of(self, subscriber_id: int) -> tuple[Refused, ...]:
        """A person's refusals, newest night first."""
        values = {"id": subscriber_id, "limit": REACH.days}
        return tuple(
            Refused(
                night=row.night,
                verdict=Verdict(row.verdict),
                fence=row.fence and Fence(row.fence),
            )
            for row in await self._connection.execute(sql.OF, values)
        )

    async def drop_old(self, *, now: datetime) -> None:
        """Forget what no rule asks for any more."""
        today = now.date()
        for statement, kept in (
            (sql.DROP_OLD, REACH),
            (sql.DROP_FENCES, FENCES_KEPT),
            (sql.DROP_WORDS, WORDS_KEPT),
        ):
            await self._connection.execute(statement, {"before": today - kept})

    def _between(self, since: datetime, until: datetime, at: str) -> dict[str, object]:
        is_name = at in {"", *Provider}
        where = at if is_name else mailbox(at, self._sealer)
        named = list(Provider)
        return {"since": since, "until": until, "mailbox": where, "named": named}


def provider_in_words(mailbox: str) -> Provider:
    """The provider as it may be shown: any domain that is not well known is `other`."""
    return Provider(mailbox) if mailbox in set(Provider) else Provider.OTHER


def _ends(rows: Iterable[tuple[str, str, int]]) -> tuple[Ends, ...]:
    people: Counter[tuple[Verdict, Provider]] = Counter()
    for verdict, where, number in rows:
        people[Verdict(verdict), provider_in_words(where)] += number
    return tuple(
        Ends(verdict=verdict, provider=provider, people=number)
        for (verdict, provider), number in sorted(people.items())
    )


def _about(subscriber_id: int, night: date) -> str:
    return f"refusal:{subscriber_id}:{night}"
