"""Planning: who is due now, and what they are told tonight."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog

from service.content.catalogue import Library
from service.domain.choice import tonight_for
from service.domain.night import Slot, first_slot, next_slot, night_at, slot
from service.domain.outbox import OTHER_CLOCK, Kind, Message
from service.domain.records import (
    reminder_to_json,
    tonight_to_data,
    zone_question_to_json,
)
from service.domain.risk import unsaid
from service.domain.subscriber import GivenBy, Subscriber
from service.domain.tonight import History, Tonight, remember
from service.domain.zones import is_in_doubt, within_evening
from service.store.deployment import Standing
from service.store.engine import Store, Transaction
from service.store.nights import NightRecord
from service.store.subscribers import Due

#: The outbox always has a partition for the night before (see upkeep).
OUTBOX_REACH = timedelta(days=1)
A_DAY = timedelta(days=1)
#: Somebody whose reminders wait for their clock is asked once in so long.
ASKED_AGAIN = timedelta(days=7)

log = structlog.get_logger()


@dataclass(slots=True)
class Planned:
    """What one call of `plan` did; `looked_at` is 0 when nobody was due.

    `held_back` are reminders whose time is no evening in the person's country.
    """

    looked_at: int = 0
    queued: int = 0
    too_late: int = 0
    held_back: int = 0


async def plan(store: Store, library: Library, *, limit: int, now: datetime) -> Planned:
    """Queue tonight's reminder for up to `limit` people who are due.

    Safe to do twice and on any number of workers: the people are locked while it
    runs, a night has one outbox row, and the next due time moves in the same
    transaction. A night whose deadline has passed is queued only to be counted as
    expired. A copy that nobody adopted plans nothing: it stays as it was restored, and a
    promoted server as it was promoted. Nor is anything planned while `now` is not the
    database's time, or that is in doubt.
    """
    report = Planned()
    # A worker that was started long ago drops what has expired since.
    library = replace(library, catalogue=library.catalogue.on(now.date()))
    async with store.transaction() as tx:
        waits = (Standing.FENCED, Standing.PROMOTED)
        if await tx.deployment.state() in waits:
            return report
        if not await tx.timekeeping.is_trusted(now=now):
            return report
        due = await _due(tx, limit=limit, now=now)
        work = [_worked_out(person, library, now=now) for person in due]
        new = await tx.outbox.put([item.message for item in work if item.message])
        await _ask_for_clocks(tx, work, report, now=now)
        report.looked_at = len(work)
        report.too_late = sum(not message.payload for message in new)
        report.queued = len(new) - report.too_late
        planned = {message.subscriber_id for message in new}
        fresh = [w for w in work if w.record and w.subscriber_id in planned]
        await tx.nights.record([item.record for item in fresh if item.record])
        await tx.subscribers.save_histories(
            [(item.subscriber_id, item.history) for item in fresh]
        )
        await tx.subscribers.reschedule(
            [(item.subscriber_id, item.next_due_at) for item in work]
        )
    return report


async def _due(tx: Transaction, *, limit: int, now: datetime) -> list[Due]:
    """Who is due, with the answers of theirs that are in doubt."""
    due = await tx.subscribers.due(limit=limit, now=now)
    doubts = await tx.changes.doubted([person.subscriber.id for person in due])
    return [
        replace(person, doubted=doubts.get(person.subscriber.id, ())) for person in due
    ]


async def _ask_for_clocks(
    tx: Transaction, work: Sequence["_Work"], report: Planned, *, now: datetime
) -> None:
    """Hold back the reminders that must wait, and queue the mails that ask why."""
    waiting = [item.held_back for item in work if item.held_back]
    if not waiting:
        return
    asking = [item.question for item in work if item.question]
    new = await tx.outbox.put_held_back(waiting, reason=OTHER_CLOCK, now=now)
    report.held_back = len(new)
    held = {message.subscriber_id for message in new}
    await tx.nights.record(
        [item.record for item in work if item.record and item.subscriber_id in held]
    )
    await tx.outbox.put(asking)
    await tx.subscribers.zone_asked([(q.subscriber_id, q.night) for q in asking])


def _worked_out(due: Due, library: Library, *, now: datetime) -> "_Work":
    """What to write for a person; for one who cannot be planned, look tomorrow."""
    if due.doubted is None:
        return _Work(subscriber_id=due.subscriber.id, next_due_at=now + A_DAY)
    try:
        return _Work.of(due, library, now=now)
    except Exception as error:  # noqa: BLE001  # one bad row must not stop the others
        # Only its type: the words of an error can hold what somebody answered.
        fault, who = type(error).__name__, due.subscriber.id
        log.error("cannot be planned", action="plan", error=fault, subscriber=who)
        return _Work(subscriber_id=who, next_due_at=now + A_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """All that planning writes for one person."""

    subscriber_id: int
    next_due_at: datetime
    message: Message | None = None
    held_back: Message | None = None
    question: Message | None = None
    record: NightRecord | None = None
    history: History = ()

    @classmethod
    def of(cls, due: Due, library: Library, *, now: datetime) -> "_Work":
        person = due.subscriber
        night = night_at(person.evening.zone, now=due.next_due_at)
        evening = slot(person.evening, night, subscriber_id=person.id)
        if evening.due_at > now:
            # The zone's rules changed since the time was worked out: not yet.
            return cls(subscriber_id=person.id, next_due_at=evening.due_at)
        following = next_slot(
            person.evening,
            subscriber_id=person.id,
            started_on=person.started_on,
            after=night,
            now=now,
        ).due_at
        if evening.expires_at > now:
            return cls.by_clock(due, library, evening, following, now=now)
        # Of an outage of days only the last night is counted in the outbox.
        is_recent = now.date() - night <= OUTBOX_REACH
        late = _message(person, evening, payload="") if is_recent else None
        return cls(subscriber_id=person.id, next_due_at=following, message=late)

    @classmethod
    def by_clock(
        cls,
        due: Due,
        library: Library,
        evening: Slot,
        following: datetime,
        *,
        now: datetime,
    ) -> "_Work":
        """What the clocks of the person's country allow, where theirs is in doubt."""
        person = due.subscriber
        country = library.country(person.person.answers.country).zones
        if not is_in_doubt(person.evening, country, today=now.date()):
            return cls.in_time(due, library, evening, following)
        shared = within_evening(evening, country)
        if shared is None or shared.expires_at <= now:
            return cls.waiting(due, library, evening, following, now=now)
        return cls.in_time(due, library, shared, following, ask_zone=True)

    @classmethod
    def waiting(
        cls,
        due: Due,
        library: Library,
        evening: Slot,
        following: datetime,
        *,
        now: datetime,
    ) -> "_Work":
        """No reminder tonight. The question comes in an evening of the country."""
        person = due.subscriber
        question = _question(person, library, now=now)
        asked_on = person.zone_asked_on or date.min
        tonight = Tonight(night=evening.night, choices=(), rules=(), ask_answers=False)
        nothing = tonight_to_data(tonight, words=library.reason)
        return cls(
            subscriber_id=person.id,
            next_due_at=following,
            held_back=_message(person, evening, payload=""),
            question=question if question.night - asked_on >= ASKED_AGAIN else None,
            record=_record(person, evening.night, library, nothing),
        )

    @classmethod
    def in_time(
        cls,
        due: Due,
        library: Library,
        evening: Slot,
        following: datetime,
        *,
        ask_zone: bool = False,
    ) -> "_Work":
        person = due.subscriber
        answers = person.person.answers
        tonight = tonight_for(
            # What another browser said since may be true: nothing is until it is settled.
            answers if due.waiting is None else unsaid(answers),
            library.catalogue,
            due.history,
            doubted=due.doubted or (),
            seed=str(person.id),
            night=evening.night,
        )
        is_unread = due.waiting is not None or person.given_by is GivenBy.NOBODY
        words = library.reason_unread if is_unread else library.reason
        choice = tonight_to_data(tonight, words=words)
        return cls(
            subscriber_id=person.id,
            next_due_at=following,
            message=_message(
                person,
                evening,
                payload=reminder_to_json(
                    person, choice, ask_zone=ask_zone, waiting=due.waiting
                ),
            ),
            record=_record(person, evening.night, library, choice),
            history=remember(due.history, tonight.told()),
        )


def _record(
    person: Subscriber, night: date, library: Library, choice: Mapping[str, object]
) -> NightRecord:
    return NightRecord(
        subscriber_id=person.id,
        night=night,
        choice=json.dumps(choice),
        catalogue_version=library.catalogue.version,
    )


def _question(person: Subscriber, library: Library, *, now: datetime) -> Message:
    """The mail that asks which clock is theirs, at their hour by their country's."""
    country = library.country(person.person.answers.country)
    there = replace(person.evening, zone=country.zones[0])
    evening = first_slot(
        there, subscriber_id=person.id, started_on=None, taken=None, now=now
    )
    return Message(
        subscriber_id=person.id,
        night=evening.night,
        kind=Kind.ZONE_QUESTION,
        attempts=0,
        not_before=evening.due_at,
        expires_at=evening.expires_at,
        payload=zone_question_to_json(person),
    )


def _message(person: Subscriber, evening: Slot, *, payload: str) -> Message:
    return Message(
        subscriber_id=person.id,
        night=evening.night,
        kind=Kind.REMINDER,
        attempts=0,
        not_before=evening.due_at,
        expires_at=evening.expires_at,
        payload=payload,
    )
