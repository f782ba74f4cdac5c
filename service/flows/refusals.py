"""Whose refusals count, whose reminders they end, and how that is undone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog

from service.domain.audit import Act
from service.domain.fence import (
    FEWEST,
    NIGHTS_EXCUSED,
    NONE,
    Fence,
    Tally,
    fence,
    is_closed,
    nights_down,
)
from service.domain.memory import SENDS_SHOWN, UNDONE_WITHIN, Send, ends, unreached
from service.domain.night import first_slot, night_at
from service.domain.refusals import Verdict
from service.domain.subscriber import Status
from service.store.deployment import Standing
from service.store.engine import Store, Transaction
from service.store.refusals import Ends, PersonSends, Row, Turn

AT_ONCE = 500
#: Of more people nobody reads what was said.
WORDS_SHOWN = 200
#: On a bad evening a night is counted before it is over, so that the alarm comes early.
COUNTED_AGAIN = timedelta(hours=1)
#: What the doctor and the console look back on.
LATELY = timedelta(days=7)
LAST_NIGHTS = timedelta(days=2)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What one call of `judge` did."""

    ended: int = 0
    brought_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What `undo` would do, or did: the people brought back, by verdict and provider."""

    people: int
    ends: tuple[Ends, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """An active person whom the last sends did not reach, since that night."""

    subscriber_id: int
    sends: tuple[Send, ...]

    @property
    def since(self) -> date:
        """The first of the nights in a row."""
        return self.sends[-1].night

    @property
    def verdict(self) -> Verdict:
        """What the last of them was taken for."""
        return self.sends[0].verdict or Verdict.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Whom refusals ended lately, and where they were held or are no longer."""

    ends: tuple[Ends, ...]
    held: tuple[Row, ...]


async def judge(store: Store, *, now: datetime) -> Weighed:
    """Count the nights that are over, and end the reminders that memory ends.

    Safe to do twice and on any number of workers: one at a time takes the turn, a night
    is counted once, and what was judged is weighed until it is marked as such. A report
    that comes late changes its night's fence, and so what its refusals are worth: who
    was ended by what is held now is brought back. A copy that nobody adopted stays as
    it was restored.
    """
    async with store.transaction() as tx:
        if await tx.deployment.state() in (Standing.FENCED, Standing.PROMOTED):
            return Weighed()
        turn = await tx.refusals.turn(now=now)
        if turn is None:
            return Weighed()
        for night in await _count(tx, turn, now=now):
            await _judge(tx, night, is_over=is_closed(night, now=now))
    ended, brought_back = 0, 0
    while True:
        async with store.transaction() as tx:
            ids = await tx.refusals.unweighed(limit=AT_ONCE)
            if not ids:
                return Weighed(ended=ended, brought_back=brought_back)
            await tx.refusals.weighed(ids)
            for person in await tx.refusals.sends(ids, now=now):
                ended += await _end(tx, person, now=now)
                brought_back += await _reconsider(tx, person, now=now)


async def undoable(
    store: Store, *, since: datetime, until: datetime, at: str, now: datetime
) -> Undo:
    """Whom `undo` would bring back. Writes nothing."""
    since = max(since, now - UNDONE_WITHIN)
    async with store.transaction() as tx:
        found = await tx.refusals.undoable_counted(since=since, until=until, at=at)
    return Undo(people=sum(one.people for one in found), ends=found)


async def undo(
    store: Store, *, since: datetime, until: datetime, at: str, by: str, now: datetime
) -> Undo:
    """Bring back those whom refusals ended between two instants (UTC).

    `at` is a provider's name or a domain, "" for all. Left out is who complained,
    stopped, came back or was erased since, and what is longer ago than the answers are
    kept. Each starts with the next evening and a count of nothing. It is in the audit
    log. Safe to do twice: who is back is not ended any more.
    """
    found = await undoable(store, since=since, until=until, at=at, now=now)
    since = max(since, now - UNDONE_WITHIN)
    people, last = 0, 0
    while True:
        async with store.transaction() as tx:
            ids = await tx.refusals.undoable(
                since=since, until=until, at=at, after=last, limit=AT_ONCE
            )
            for last in ids:
                people += await bring_back(tx, last, now=now)
            if len(ids) < AT_ONCE:
                span = f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
                details = f"people: {people}; ended {span}{f' at {at}' if at else ''}"
                await tx.audit.add(by, Act.BOUNCES_UNDONE, details=details, now=now)
                return replace(found, people=people)


async def bring_back(tx: Transaction, number: int, *, now: datetime) -> bool:
    """Let a person whom refusals ended get reminders again, from the next evening on.

    False where there is nobody to bring back, or their row does not open: that is an
    alarm, and stops nobody else.
    """
    found = await tx.subscribers.lock_readable(number)
    # Asked under the lock: they may have said since that they want no more mail.
    if found is None or not await tx.refusals.has_ended(number):
        return False
    tonight = night_at(found.evening.zone, now=now)
    is_taken = await tx.outbox.has_reminder(number, tonight)
    first = first_slot(
        found.evening,
        subscriber_id=number,
        started_on=found.started_on,
        taken=tonight if is_taken else None,
        now=now,
    )
    active = replace(found, status=Status.ACTIVE, paused_until=None, stopped_at=None)
    await tx.suppression.lift(found.person.address)
    await tx.refusals.came_back(number, first_night=first.night)
    await tx.subscribers.save(active, next_due_at=first.due_at, now=now)
    return True


async def standing(store: Store, *, now: datetime) -> Reached:
    """Whom refusals ended in the last seven days, and where they were held last."""
    async with store.transaction() as tx:
        return Reached(
            ends=await tx.refusals.ends(since=now - LATELY),
            held=await tx.refusals.held(since=now.date() - LAST_NIGHTS),
        )


async def missed(store: Store, *, now: datetime) -> tuple[Missed, ...]:
    """Everybody who is active and was not reached by the last three sends or more."""
    async with store.transaction() as tx:
        ids = await tx.refusals.often_refused(now=now)
        people = await tx.refusals.sends(ids, now=now)
    found = [
        Missed(subscriber_id=one.subscriber_id, sends=unreached(one.sends, now=now))
        for one in people
    ]
    shown = [one for one in found if len(one.sends) >= SENDS_SHOWN]
    # Those of the last night first, and of them who was missed longest.
    shown.sort(key=lambda one: (one.sends[0].night, len(one.sends)), reverse=True)
    return tuple(shown)


async def last_words(
    store: Store, *, by: str, now: datetime
) -> tuple[tuple[Missed, ...], dict[int, str]]:
    """The same, and what their providers said last, by number; the look is noted."""
    found = await missed(store, now=now)
    async with store.transaction() as tx:
        words = {
            one.subscriber_id: await tx.refusals.words(one.subscriber_id)
            for one in found[:WORDS_SHOWN]
        }
        details = f"last words about {len(words)} people"
        await tx.audit.add(by, Act.RETURNED_MAIL_READ, details=details, now=now)
    return found, words


async def _count(tx: Transaction, turn: Turn, *, now: datetime) -> tuple[date, ...]:
    """Count the nights that need it; those whose fence may have changed, oldest first."""
    touched = set()
    for night in turn.in_queue:
        if _is_to_be_counted(night, turn, now=now):
            is_over = is_closed(night, now=now)
            await tx.refusals.count(night, is_closed=is_over, now=now)
            touched.add(night)
    for night in turn.refusals:
        if night not in touched and is_closed(night, now=now):
            await tx.refusals.recount(night)
            touched.add(night)
    if not touched:
        return ()
    # How long a provider has refused us is passed on from night to night.
    later = await tx.refusals.closed_since(min(touched))
    return tuple(sorted({*touched, *later}))


def _is_to_be_counted(night: date, turn: Turn, *, now: datetime) -> bool:
    """Once when it is over; before that now and then, where there is something to see."""
    if is_closed(night, now=now):
        return night not in turn.closed
    counted_at = turn.counted_at.get(night)
    is_bad = turn.refusals.get(night, 0) > FEWEST
    return is_bad and (counted_at is None or now - counted_at >= COUNTED_AGAIN)


async def _judge(tx: Transaction, night: date, *, is_over: bool) -> None:
    """Keep how the night went by provider, and what its refusals are worth once over."""
    rows = {(row.relay, row.mailbox): row for row in await tx.refusals.tallies(night)}
    is_counted = ("", "") in rows
    whole = {relay: row.tally for (relay, where), row in rows.items() if not where}
    now_down = {key: _judged(row, whole[row.relay]) for key, row in rows.items()}
    changed = [row for key, row in now_down.items() if row != rows[key]]
    await tx.refusals.mark_down(night, changed)
    _alarm(rows, now_down)
    if not is_over:
        return
    fences = {}
    for group in await tx.refusals.groups(night):
        row = now_down.get((group.relay, group.mailbox))
        fences[group] = fence(
            group,
            row.tally if row else NONE,
            whole.get(group.relay, NONE),
            nights_down=row.nights_down if row else 0,
        )
        if not is_counted:
            # The queue let go of the night before: how others fared is not known.
            fences[group] = Fence.HELD
    await tx.refusals.judge(night, fences)


def _judged(row: Row, relay: Tally) -> Row:
    if not row.mailbox:
        return replace(row, is_down=row.tally.is_down, nights_down=0)
    down = nights_down(row.tally, relay, before=row.nights_before)
    return replace(row, is_down=row.tally.is_down, nights_down=down)


def _alarm(
    before: Mapping[tuple[str, str], Row], after: Mapping[tuple[str, str], Row]
) -> None:
    """One line for each relay or provider that refused most of a night, said once."""
    for key, row in after.items():
        # The whole relay's line is said for all of its providers; "" is the night.
        is_said = before[key].is_down or (
            row.mailbox != "" and after[row.relay, ""].is_down
        )
        if row.relay and row.is_down and not is_said:
            is_excused = row.nights_down < NIGHTS_EXCUSED
            log.error(
                "verdicts are held" if is_excused else "verdicts count all the same",
                action="judge",
                night=row.night.isoformat(),
                relay=row.relay,
                provider=row.provider or "all",
                known=row.tally.known,
                delivered=row.tally.delivered,
                nights=row.nights_down,
            )


async def _end(tx: Transaction, person: PersonSends, *, now: datetime) -> bool:
    """End the reminders of an active person where memory does; whether it did."""
    verdict = ends(person.sends, now=now)
    number, where = person.subscriber_id, person.mailbox
    if verdict is None or not await tx.refusals.end(
        number, verdict, mailbox=where, now=now
    ):
        return False
    log.info("not reached any more", action="judge", subscriber=number, verdict=verdict)
    return True


async def _reconsider(tx: Transaction, person: PersonSends, *, now: datetime) -> bool:
    """Bring back a person whom what is held by now had ended; whether it did."""
    ended_at = person.ended_at
    if ended_at is None or now - ended_at > UNDONE_WITHIN:
        return False
    if ends(person.sends, now=ended_at) is not None:
        return False
    if not await bring_back(tx, person.subscriber_id, now=now):
        return False
    log.warning("reached again", action="judge", subscriber=person.subscriber_id)
    return True
