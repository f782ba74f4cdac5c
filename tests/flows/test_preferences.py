"""What a subscriber can change, and what silence means."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from service.domain.access import SessionOver
from service.domain.night import local
from service.domain.outbox import Kind, Lane, State
from service.domain.requests import OwnLink
from service.domain.subscriber import Frequency, Status
from service.domain.tokens import BadLink, Purpose
from service.flows import access, preferences
from service.flows.plan import plan
from tests.builders import NOON, TODAY, answers, evening
from tests.store.plain_sql import blocked

ADA = "ada@example.org"


def link(world, person, purpose=Purpose.MANAGE):
    return world.links.token(purpose, person, now=world.clock.now())


async def session(world, person):
    """Press a fresh link."""
    known = await found(world, person)
    now = world.clock.now()
    token = world.links.token(
        Purpose.FRESH, person, generation=known.generation, now=now
    )
    return await access.press(world.store, world.links, token, now=now)


async def found(world, person):
    async with world.store.transaction() as tx:
        return await tx.subscribers.get(person)


async def test_a_subscriber_sees_their_settings_by_their_link(world):
    person = await world.join()

    shown = await preferences.show(
        world.store, world.links, link(world, person), now=NOON
    )

    assert shown.person.address == ADA
    assert shown.person.answers == answers()


@pytest.mark.parametrize("is_form", [True, False], ids=["form", "nothing changed"])
async def test_what_waited_for_whoever_ended_the_session_changes_nothing(
    world, database_url, is_form
):
    person = await world.join()
    before = await found(world, person)
    opened = await session(world, person)
    new = preferences.Change(evening=evening(), answers=answers(conditions=["kidney"]))

    def act():
        if is_form:
            return preferences.change(world.store, opened, new, now=NOON)
        return access.nothing_changed(world.store, opened, now=NOON)

    async with world.store.transaction() as tx:
        await tx.subscribers.lock(person)
        await tx.subscriber_sessions.end_all(person, now=NOON)
        late = asyncio.create_task(act())
        await blocked(database_url)
    with pytest.raises(SessionOver):
        await late

    assert await found(world, person) == before


async def test_a_strangers_link_shows_nothing(world):
    with pytest.raises(BadLink):
        await preferences.show(world.store, world.links, link(world, 4711), now=NOON)


async def test_a_new_time_counts_from_the_next_reminder(world):
    person = await world.join()
    new = preferences.Change(evening=evening(minute=21 * 60), answers=answers())

    due = await preferences.change(
        world.store, await session(world, person), new, now=NOON
    )

    assert due is not None
    assert NOON + timedelta(hours=9) <= due < NOON + timedelta(hours=9, minutes=5)
    assert len(await world.run(hours=8)) == 1
    assert len(await world.run(hours=2)) == 2


async def test_moving_the_time_after_tonights_mail_brings_no_second_one(world):
    person = await world.join()
    await world.run(hours=8)
    new = preferences.Change(evening=evening(minute=22 * 60), answers=answers())

    await preferences.change(
        world.store, await session(world, person), new, now=world.clock.now()
    )

    assert len(await world.run(hours=3)) == 2


async def test_a_reminder_that_waits_is_not_sent_after_the_answers_changed(world):
    person = await world.join()
    await world.passes(timedelta(hours=8))
    now = world.clock.now()
    await plan(world.store, world.library, limit=10, now=now)
    new = preferences.Change(
        evening=evening(), answers=answers(conditions=["heart_failure"])
    )

    await preferences.change(world.store, await session(world, person), new, now=now)

    assert len(await world.post(Lane.EVENING)) == 1
    async with world.store.transaction() as tx:
        states = await tx.outbox.state_of(person, TODAY)
    assert [s.state for s in states if s.kind is Kind.REMINDER] == [State.SUPPRESSED]


async def test_saving_the_form_brings_no_mail_on_an_evening_that_was_to_be_left_out(
    world,
):
    second = evening(frequency=Frequency.SECOND)
    person = await world.join(evening=second)
    await world.evenings(1)
    new = preferences.Change(evening=second, answers=answers())

    due = await preferences.change(
        world.store, await session(world, person), new, now=world.clock.now()
    )

    assert due is not None
    assert due.date() == TODAY + timedelta(days=2)


async def test_another_rhythm_starts_afresh_with_the_next_evening(world):
    person = await world.join(evening=evening(frequency=Frequency.SECOND))
    await world.evenings(1)
    new = preferences.Change(
        evening=evening(frequency=Frequency.TAPERING), answers=answers()
    )

    due = await preferences.change(
        world.store, await session(world, person), new, now=world.clock.now()
    )

    after = await found(world, person)
    assert due is not None
    assert due.date() == after.started_on == TODAY + timedelta(days=1)


async def test_nothing_has_changed_makes_the_answers_fresh(world):
    person = await world.join()
    await world.run(days=60)

    opened = await session(world, person)
    await access.nothing_changed(world.store, opened, now=world.clock.now())

    after = await found(world, person)
    assert after.person.answers.answered_on == TODAY + timedelta(days=60)


async def test_a_pause_without_end_lasts(world):
    person = await world.join()

    await preferences.pause(
        world.store, world.links, link(world, person), None, now=NOON
    )

    assert len(await world.evenings(5)) == 1
    new = preferences.Change(evening=evening(), answers=answers())
    opened, now = await session(world, person), world.clock.now()
    assert await preferences.change(world.store, opened, new, now=now) is None


async def test_a_pause_ends_on_its_day(world):
    person = await world.join()
    until = date(2026, 11, 26)

    await preferences.pause(
        world.store, world.links, link(world, person), until, now=NOON
    )

    assert len(await world.evenings(3)) == 1
    await world.run(hours=12)
    assert len(await world.evenings(1)) == 2


async def test_a_pause_never_ends_an_evening_early_west_of_the_date_line(world):
    person = await world.join(evening=evening("Pacific/Honolulu"))
    until = date(2026, 11, 26)
    await preferences.pause(
        world.store, world.links, link(world, person), until, now=NOON
    )

    await world.run(days=3)

    async with world.store.transaction() as tx:
        due = await tx.subscribers.next_due_at(person)
    assert due is not None
    assert local("Pacific/Honolulu", at=due).date() == until


async def test_after_a_warning_sign_reminders_rest_for_fourteen_nights(world):
    person = await world.join()

    await access.rest(world.store, await session(world, person), now=NOON)

    assert len(await world.evenings(14)) == 1
    await world.run(hours=12)
    assert len(await world.evenings(1)) == 2


async def test_a_rest_makes_a_short_pause_longer_and_a_long_one_no_shorter(world):
    person = await world.join()
    token, opened = link(world, person), await session(world, person)
    rested = []
    for until in (TODAY + timedelta(days=3), TODAY + timedelta(days=60), None):
        await preferences.pause(world.store, world.links, token, until, now=NOON)
        await access.rest(world.store, opened, now=NOON)
        rested.append((await found(world, person)).paused_until)

    assert rested == [
        TODAY + timedelta(days=14),
        TODAY + timedelta(days=60),
        None,
    ]


async def test_who_has_left_is_not_started_again_by_a_rest(world):
    person = await world.join()
    opened = await session(world, person)
    gone = link(world, person, Purpose.UNSUBSCRIBE)
    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)

    with pytest.raises(BadLink):
        await access.rest(world.store, opened, now=NOON)

    assert (await found(world, person)).status is Status.STOPPED


@pytest.mark.parametrize("gone", [False, True])
async def test_without_a_session_nothing_is_changed(world, gone):
    person = await world.join()
    opened = await session(world, person)
    if gone:
        async with world.store.transaction() as tx:
            await tx.subscribers.erase(person)
    else:
        await access.end(world.store, opened, now=NOON)
    new = preferences.Change(evening=evening(), answers=answers())

    with pytest.raises(SessionOver):
        await preferences.change(world.store, opened, new, now=NOON)
    with pytest.raises(SessionOver):
        await access.rest(world.store, opened, now=NOON)
    with pytest.raises(SessionOver):
        await access.changes(world.store, opened, now=NOON)


async def test_who_comes_back_gets_the_next_evening(world):
    person = await world.join()
    token = link(world, person)
    await preferences.pause(world.store, world.links, token, None, now=NOON)

    due = await preferences.resume(world.store, world.links, token, now=NOON)

    assert due > NOON
    assert len(await world.run(hours=8)) == 2


async def test_unsubscribing_stops_even_a_mail_that_waits(world):
    person = await world.join()
    await world.passes(timedelta(hours=8))
    now = world.clock.now()
    await plan(world.store, world.library, limit=10, now=now)
    token = link(world, person, Purpose.UNSUBSCRIBE)

    await preferences.unsubscribe(world.store, world.links, token, now=now)
    await preferences.unsubscribe(world.store, world.links, token, now=now)

    assert len(await world.post(Lane.EVENING)) == 1
    assert len(await world.run(days=2)) == 1
    after = await found(world, person)
    assert after.status is Status.STOPPED


async def test_unsubscribing_can_be_undone_within_fourteen_days(world):
    person = await world.join()
    gone = link(world, person, Purpose.UNSUBSCRIBE)
    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)
    await world.run(days=13)

    await preferences.resume(
        world.store, world.links, link(world, person), now=world.clock.now()
    )

    assert len(await world.evenings(1)) == 2


async def test_after_fourteen_days_the_answers_are_erased(world):
    person = await world.join()
    gone = link(world, person, Purpose.UNSUBSCRIBE)
    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)

    await world.run(days=15)

    assert await found(world, person) is None
    await preferences.unsubscribe(world.store, world.links, gone, now=world.clock.now())
    async with world.store.transaction() as tx:
        assert await tx.suppression.reason(ADA) == "unsubscribed"


async def test_who_is_paused_and_left_cannot_be_paused_again(world):
    person = await world.join()
    gone = link(world, person, Purpose.UNSUBSCRIBE)
    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)

    with pytest.raises(BadLink):
        await preferences.pause(
            world.store, world.links, link(world, person), None, now=NOON
        )


async def test_a_suppressed_person_who_unsubscribes_stays_suppressed(world):
    person = await world.join()
    await suppress(world, person)
    gone = link(world, person, Purpose.UNSUBSCRIBE)

    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)

    after = await found(world, person)
    assert after.status is Status.SUPPRESSED


async def suppress(world, person):
    async with world.store.transaction() as tx:
        known = await tx.subscribers.get(person)
        bounced = replace(known, status=Status.SUPPRESSED)
        await tx.subscribers.save(bounced, next_due_at=None, now=NOON)


async def test_a_fresh_link_is_mailed_to_subscribers_only(world):
    await world.join(ADA)

    await world.asks_for(OwnLink(address=ADA))
    await world.asks_for(OwnLink(address=ADA))
    await world.asks_for(OwnLink(address="stranger@example.org"))

    mails = await world.post(Lane.PRIORITY)
    assert [mail.recipients for mail in mails] == [(ADA,), (ADA,), (ADA,)]
    assert b"<manage_link." in mails[1].data


async def test_who_unsubscribed_is_not_mailed_a_link_by_whoever_asks(world):
    person = await world.join(ADA)
    gone = link(world, person, Purpose.UNSUBSCRIBE)
    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)

    await world.asks_for(OwnLink(address=ADA))

    assert len(await world.post(Lane.PRIORITY)) == 1
