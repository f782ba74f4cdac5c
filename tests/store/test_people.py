import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from service.domain.subscriber import Frequency, Person, Status
from service.domain.tonight import Role, Told, ToldTip
from service.store.engine import opened
from service.store.nights import NightRecord
from service.store.sealing import KeyMissing, SealBroken, Sealer
from service.store.signups import Pending
from service.store.suppression import Reason
from service.store.trouble import RefusedByDatabase
from tests.builders import NOON, TODAY, answers, evening, message, subscriber
from tests.store.plain_sql import blocked, raw

DAY = timedelta(days=1)
TOLD = (Told(night=TODAY, tips=(ToldTip(id="F1", role=Role.LEAD),)),)


async def add(store, *people, at=NOON):
    async with store.transaction() as tx:
        for person in people:
            await tx.subscribers.add(person, next_due_at=at, now=NOON)


async def due(store, *, now=NOON, limit=10):
    async with store.transaction() as tx:
        return await tx.subscribers.due(limit=limit, now=now)


def pending(id_=1, address="ann@example.org", **named):
    plain = {
        "person": Person(address=address, answers=answers()),
        "evening": evening(),
        "language": "en",
        "consents": ("health_data", "mails"),
        "requested_at": NOON,
        "expires_at": NOON + 7 * DAY,
    }
    return Pending(id=id_, **{**plain, **named})


# --- Subscribers


@pytest.mark.parametrize(
    "person",
    [
        subscriber(),
        subscriber(
            person=Person(address="å@bücher.example", answers=answers(medicines=None)),
            evening=evening("Pacific/Auckland", 1320, Frequency.TAPERING),
            language="de",
            status=Status.PAUSED,
            paused_until=TODAY + DAY,
        ),
        subscriber(status=Status.STOPPED, stopped_at=NOON),
    ],
)
async def test_a_subscriber_is_read_as_they_were_written(store, person):
    await add(store, person)

    async with store.transaction() as tx:
        assert await tx.subscribers.get(1) == person
        assert await tx.subscribers.lock(1) == person
        assert await tx.subscribers.find(person.person.address.upper()) == person
        assert await tx.subscribers.get(2) is None
        assert await tx.subscribers.find("else@example.org") is None


async def test_neither_address_nor_answers_can_be_read_in_the_database(
    ready, database_url
):
    person = subscriber(person=Person(address="ann@example.org", answers=answers()))
    await add(ready, person)
    async with ready.transaction() as tx:
        await tx.signups.add(pending(2))
        await tx.outbox.put([message(payload="ann@example.org")])
        await tx.suppression.add("ann@example.org", "unsubscribed", now=NOON)

    for table in ("subscriber", "signup", "outbox", "suppression"):
        rows = await raw(database_url, f"SELECT * FROM {table}")  # noqa: S608
        (row,) = rows
        stored = repr(tuple(row)).lower()
        assert "ann" not in stored
        assert "fatigue" not in stored


async def test_a_box_moved_to_another_person_s_row_does_not_open(store, database_url):
    await add(store, subscriber(1), subscriber(2))
    await raw(
        database_url,
        "UPDATE subscriber SET sealed = (SELECT sealed FROM subscriber WHERE id = 1) "
        "WHERE id = 2",
    )

    async with store.transaction() as tx:
        with pytest.raises(SealBroken, match="subscriber:2 does not open"):
            await tx.subscribers.get(2)


async def test_a_lost_key_is_named_when_a_row_needs_it(store, database_url):
    await add(store, subscriber())
    other = Sealer(lookup=b"l" * 32, keys={"2027-01": b"n" * 32}, current="2027-01")

    async with opened(database_url, other) as later, later.transaction() as tx:
        with pytest.raises(SealBroken, match="key '2026-11' is missing"):
            await tx.subscribers.get(1)


async def test_a_row_that_does_not_open_stops_nobody_else(store, database_url):
    await add(store, subscriber(1), subscriber(2))
    query = "UPDATE subscriber SET sealed = 'altered' WHERE id = 1"
    await raw(database_url, query)

    with capture_logs() as lines:
        async with store.transaction() as tx:
            first = await tx.subscribers.due(limit=10, now=NOON)
            again = await tx.subscribers.due(limit=10, now=NOON)

    assert [each.subscriber.id for each in first] == [2]
    assert [each.subscriber.id for each in again] == [2]
    (line,) = lines
    assert (line["subscriber"], line["error"]) == (1, "SealBroken")


async def test_a_missing_key_stops_planning_and_moves_nobody(store, database_url):
    await add(store, subscriber())
    other = Sealer(lookup=b"l" * 32, keys={"2027-01": b"n" * 32}, current="2027-01")

    async with opened(database_url, other) as later:
        with pytest.raises(KeyMissing):
            async with later.transaction() as tx:
                await tx.subscribers.due(limit=10, now=NOON)

    async with store.transaction() as tx:
        assert len(await tx.subscribers.due(limit=10, now=NOON)) == 1


async def test_a_paused_row_that_does_not_open_stays_paused(store, database_url):
    for id_ in (1, 2):
        paused = subscriber(id_, status=Status.PAUSED, paused_until=TODAY)
        await add(store, paused, at=None)
    query = "UPDATE subscriber SET sealed = 'altered' WHERE id = 1"
    await raw(database_url, query)

    async with store.transaction() as tx:
        found = await tx.subscribers.paused_until_before(TODAY)
    other = Sealer(lookup=b"l" * 32, keys={"2027-01": b"n" * 32}, current="2027-01")
    async with opened(database_url, other) as later:
        with pytest.raises(KeyMissing):
            async with later.transaction() as tx:
                await tx.subscribers.paused_until_before(TODAY)

    assert [each.id for each in found] == [2]


async def test_only_those_whose_time_has_come_are_due_longest_waiting_first(store):
    await add(store, subscriber(1), at=NOON)
    await add(store, subscriber(2), at=NOON - DAY)
    await add(store, subscriber(3), at=NOON + timedelta(seconds=1))

    assert [d.subscriber.id for d in await due(store)] == [2, 1]
    assert [d.subscriber.id for d in await due(store, limit=1)] == [2]
    async with store.transaction() as tx:
        assert await tx.subscribers.first_due_at() == NOON - DAY
        assert await tx.subscribers.next_due_at(3) == NOON + timedelta(seconds=1)


async def test_two_planners_never_plan_for_the_same_person(store, database_url, sealer):
    await add(store, *(subscriber(n) for n in range(1, 6)))

    async with opened(database_url, sealer) as second, store.transaction() as tx:
        mine = await tx.subscribers.due(limit=2, now=NOON)
        theirs = await due(second)

    assert sorted(d.subscriber.id for d in (*mine, *theirs)) == [1, 2, 3, 4, 5]


async def test_what_people_were_told_is_there_when_they_are_next_due(store):
    await add(store, subscriber(1), subscriber(2))
    for told in ((), TOLD):
        async with store.transaction() as tx:
            await tx.subscribers.save_histories([(1, ()), (1, told)])

    assert [d.history for d in await due(store)] == [TOLD, ()]


async def test_planning_moves_people_to_their_next_evening(store):
    await add(store, subscriber(1), subscriber(2), subscriber(3))
    async with store.transaction() as tx:
        await tx.subscribers.reschedule([(1, NOON + DAY), (3, NOON + 2 * DAY)])

    assert [d.subscriber.id for d in await due(store)] == [2]
    found = await due(store, now=NOON + 2 * DAY)
    assert [(d.subscriber.id, d.next_due_at) for d in found] == [
        (2, NOON),
        (1, NOON + DAY),
        (3, NOON + 2 * DAY),
    ]


async def test_saving_keeps_new_settings_and_the_history(store):
    await add(store, subscriber())
    changed = subscriber(
        person=Person(address="new@example.org", answers=answers(severe=True)),
        evening=evening(minute=1000),
    )
    async with store.transaction() as tx:
        await tx.subscribers.save_histories([(1, TOLD)])
        await tx.subscribers.save(changed, next_due_at=NOON + DAY, now=NOON)

    (found,) = await due(store, now=NOON + DAY)
    assert (found.subscriber, found.history) == (changed, TOLD)
    async with store.transaction() as tx:
        assert await tx.subscribers.find("person1@example.org") is None
        assert await tx.subscribers.find("new@example.org") == changed


@pytest.mark.parametrize("status", [Status.PAUSED, Status.STOPPED, Status.SUPPRESSED])
async def test_only_active_people_are_ever_on_the_schedule(store, status):
    await add(store, subscriber())
    async with store.transaction() as tx:
        silent = subscriber(status=status)
        await tx.subscribers.save(silent, next_due_at=NOON, now=NOON)
    assert await due(store) == ()

    async with store.transaction() as tx:
        await tx.subscribers.save(subscriber(), next_due_at=None, now=NOON)
        assert await tx.subscribers.next_due_at(1) is None
        assert await tx.subscribers.first_due_at() is None
        await tx.subscribers.save(subscriber(), next_due_at=NOON, now=NOON)
    assert len(await due(store)) == 1


async def test_unsubscribing_while_being_planned_still_stops_the_reminder(
    ready, database_url, sealer
):
    await add(ready, subscriber())

    async def unsubscribe(store):
        async with store.transaction() as tx:
            found = await tx.subscribers.lock(1)
            stopped = replace(found, status=Status.STOPPED, stopped_at=NOON)
            held_back = await tx.outbox.suppress(1, reason="unsubscribed", now=NOON)
            await tx.subscribers.save(stopped, next_due_at=None, now=NOON)
            return held_back

    async with opened(database_url, sealer) as second:
        async with ready.transaction() as tx:
            await tx.subscribers.due(limit=10, now=NOON)
            leaving = asyncio.create_task(unsubscribe(second))
            await blocked(database_url)
            await tx.outbox.put([message()])
            await tx.subscribers.save_histories([(1, TOLD)])
            await tx.subscribers.reschedule([(1, NOON + DAY)])
        assert await leaving == 1

    assert await due(ready, now=NOON + DAY) == ()


async def test_an_erased_person_leaves_nothing_behind(ready, database_url):
    await add(ready, subscriber(1), subscriber(2))
    record = NightRecord(
        subscriber_id=1, night=TODAY, choice="[]", catalogue_version="v1"
    )
    async with ready.transaction() as tx:
        await tx.outbox.put([message(1), message(2)])
        await tx.nights.record([record])
        await tx.subscribers.save_histories([(1, TOLD)])
        await tx.consents.add(1, ["mails"], version="1", now=NOON)
        await tx.subscribers.erase(1)

    for table in ("outbox", "night", "history", "schedule", "consent"):
        query = f"SELECT FROM {table} WHERE subscriber_id = 1"
        assert await raw(database_url, query) == []
    async with ready.transaction() as tx:
        assert await tx.subscribers.get(1) is None
        assert await tx.subscribers.get(2) is not None
        assert len(await tx.outbox.state_of(2, TODAY)) == 1


async def test_people_are_erased_a_while_after_they_left(store):
    await add(store, subscriber(1), subscriber(4, status=Status.PAUSED))
    for id_, when in ((2, NOON), (3, NOON - DAY), (5, NOON + DAY)):
        left = subscriber(id_, status=Status.STOPPED, stopped_at=when)
        await add(store, left)

    async with store.transaction() as tx:
        assert await tx.subscribers.stopped_before(NOON) == (3, 2)
        assert await tx.subscribers.stopped_before(NOON, limit=1) == (3,)


async def test_a_pause_ends_on_its_day(store):
    for id_, until in ((1, TODAY + DAY), (2, TODAY), (3, TODAY - DAY), (4, None)):
        rests = subscriber(id_, status=Status.PAUSED, paused_until=until)
        await add(store, rests)
    gone = subscriber(5, status=Status.STOPPED, paused_until=TODAY, stopped_at=NOON)
    await add(store, gone)

    async with store.transaction() as tx:
        ended = await tx.subscribers.paused_until_before(TODAY)
        assert [each.id for each in ended] == [3, 2]
        assert len(await tx.subscribers.paused_until_before(TODAY, limit=1)) == 1


@pytest.mark.parametrize("minute", [959, 1321])
async def test_the_database_itself_keeps_reminders_between_four_and_ten(store, minute):
    with pytest.raises(RefusedByDatabase, match="subscriber_minute_check"):
        await add(store, subscriber(evening=evening(minute=minute)))


# --- Sign-ups


async def test_a_sign_up_waits_as_it_was_made(store):
    async with store.transaction() as tx:
        await tx.signups.add(pending())

    async with store.transaction() as tx:
        assert await tx.signups.get(1) == pending()
        assert await tx.signups.take(1) == pending()
        assert await tx.signups.get(2) is None
        assert await tx.signups.take(2) is None


async def test_every_sign_up_gets_a_number_of_its_own(store):
    async with store.transaction() as tx:
        first, second = await tx.signups.new_id(), await tx.signups.new_id()

    assert second > first


async def test_sign_ups_of_an_address_are_counted_and_forgotten_together(store):
    async with store.transaction() as tx:
        await tx.signups.add(pending(1, requested_at=NOON - DAY))
        await tx.signups.add(pending(2, "ANN@example.org"))
        await tx.signups.add(pending(3, "bob@example.org"))

    async with store.transaction() as tx:
        assert await tx.signups.recent("ann@example.org", since=NOON) == 1
        assert await tx.signups.recent("ann@example.org", since=NOON - DAY) == 2
        await tx.signups.forget("Ann@Example.org")
        assert await tx.signups.recent("ann@example.org", since=NOON - DAY) == 0
        assert await tx.signups.get(3) is not None


async def test_forms_sent_at_once_for_one_address_are_counted_one_by_one(
    store, database_url, sealer
):
    async def sign_up(store, id_):
        async with store.transaction() as tx:
            found = await tx.signups.recent("Ann@example.org", since=NOON)
            await tx.signups.add(pending(id_))
            return found

    async with opened(database_url, sealer) as second:
        async with store.transaction() as tx:
            assert await tx.signups.recent("ann@example.org", since=NOON) == 0
            waiting = asyncio.create_task(sign_up(second, 2))
            await blocked(database_url)
            await tx.signups.add(pending(1))
        assert await waiting == 1


async def test_a_form_does_not_wait_for_another_address(store, database_url, sealer):
    async with (
        opened(database_url, sealer) as second,
        store.transaction() as mine,
        second.transaction() as theirs,
        asyncio.timeout(10),
    ):
        assert await mine.signups.recent("ann@example.org", since=NOON) == 0
        assert await theirs.signups.recent("bob@example.org", since=NOON) == 0


async def test_unconfirmed_sign_ups_are_dropped_when_they_expire(store):
    async with store.transaction() as tx:
        await tx.signups.add(pending(1, expires_at=NOON))
        await tx.signups.add(pending(2, expires_at=NOON + DAY))

    async with store.transaction() as tx:
        assert await tx.signups.drop_expired(now=NOON) == 1
        assert await tx.signups.get(1) is None
        assert await tx.signups.get(2) is not None


# --- Suppression and consent


async def reason_after(store, *steps):
    async with store.transaction() as tx:
        for step in steps:
            if step == "lift":
                await tx.suppression.lift("Ann@example.org")
            else:
                await tx.suppression.add("ann@example.org", step, now=NOON)
        return await tx.suppression.reason("ANN@example.org")


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ((), None),
        (("unsubscribed",), Reason.UNSUBSCRIBED),
        (("unsubscribed", "lift"), None),
        (("erased", "lift"), None),
        (("complaint", "lift"), Reason.COMPLAINT),
        (("address_unknown", "lift"), None),
        (("undeliverable", "lift"), None),
        (("address_unknown", "unsubscribed"), Reason.UNSUBSCRIBED),
        (("unsubscribed", "complaint"), Reason.COMPLAINT),
        (("complaint", "unsubscribed", "lift"), Reason.COMPLAINT),
        (("unsubscribed", "erased"), Reason.ERASED),
    ],
)
async def test_a_new_opt_in_lifts_all_but_a_complaint(store, steps, left):
    assert await reason_after(store, *steps) == left


async def test_an_address_can_be_suppressed_by_its_key_alone(store, sealer):
    async with store.transaction() as tx:
        key = sealer.address_key("ann@example.org")
        await tx.suppression.add(key, Reason.ERASED, now=NOON)

        assert await tx.suppression.reason("ann@example.org") is Reason.ERASED


async def test_consents_are_kept_with_their_wording_until_taken_back(
    store, database_url
):
    await add(store, subscriber())
    async with store.transaction() as tx:
        await tx.consents.add(1, ["health_data", "mails"], version="1", now=NOON)
        await tx.consents.add(1, ["mails"], version="1", now=NOON)
        await tx.consents.withdraw(1, now=NOON + DAY)
        await tx.consents.add(1, ["mails"], version="2", now=NOON + 2 * DAY)

    rows = await raw(
        database_url,
        "SELECT what, wording_version, given_at, withdrawn_at FROM consent "
        "ORDER BY given_at, what",
    )
    assert [tuple(row) for row in rows] == [
        ("health_data", "1", NOON, NOON + DAY),
        ("mails", "1", NOON, NOON + DAY),
        ("mails", "2", NOON + 2 * DAY, None),
    ]


# --- Nights


async def test_the_first_record_of_a_night_stands(ready):
    first = NightRecord(
        subscriber_id=1, night=TODAY, choice='["F1"]', catalogue_version="v1"
    )
    async with ready.transaction() as tx:
        await tx.nights.record([first])
        await tx.nights.record([replace(first, choice="[]", catalogue_version="v2")])

        assert await tx.nights.get(1, TODAY) == first
        assert await tx.nights.get(1, TODAY + DAY) is None


async def test_a_record_of_a_month_without_a_partition_makes_one(store):
    far = NightRecord(
        subscriber_id=1,
        night=TODAY + 400 * DAY,
        choice="[]",
        catalogue_version="v1",
    )
    async with store.transaction() as tx:
        await tx.nights.record([far])

        assert await tx.nights.get(1, far.night) == far


async def test_night_records_go_a_month_at_a_time_when_too_old(store):
    january, march = TODAY.replace(month=1), TODAY.replace(month=3)
    async with store.transaction() as tx:
        for day in (january, march):
            await tx.nights.ensure_partitions(day)
            record = NightRecord(
                subscriber_id=1, night=day, choice="[]", catalogue_version="v1"
            )
            await tx.nights.record([record])

    for _ in range(2):
        async with store.transaction() as tx:
            await tx.nights.drop_old(march)
    async with store.transaction() as tx:
        assert await tx.nights.get(1, january) is None
        assert await tx.nights.get(1, march) is not None


async def test_the_turn_of_a_month_has_both_months_ready(store):
    async with store.transaction() as tx:
        await tx.nights.ensure_partitions(TODAY.replace(day=30))
        for day in (TODAY, TODAY.replace(month=12, day=1)):
            record = NightRecord(
                subscriber_id=1, night=day, choice="[]", catalogue_version="v1"
            )
            await tx.nights.record([record])
            assert await tx.nights.get(1, day) == record
