"""After "This was not me": mails suit the answers of before and those of after."""

import json
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.domain.risk import Tag
from service.domain.tokens import Purpose
from service.flows import access, preferences
from service.flows.plan import plan
from service.store.sealing import KeyMissing
from tests.builders import answers, evening
from tests.store.plain_sql import raw

THIRSTY: dict[str, Any] = {"causes": ["dehydration"]}
FRAIL: dict[str, Any] = {**THIRSTY, "conditions": ["heart_failure"]}
NIGHTS = 7
#: Each fresh link is another one, as each is mailed on a day of its own.
MAILS = count(1)
NEVER = date.min


async def session(world, person):
    async with world.store.transaction() as tx:
        known = await tx.subscribers.get(person)
    token = world.links.token(
        Purpose.FRESH,
        person,
        generation=known.generation,
        about=next(MAILS),
        now=world.clock.now(),
    )
    return await access.press(world.store, world.links, token, now=world.clock.now())


async def change(world, person, **said):
    new = preferences.Change(evening=evening(), answers=answers(**said))
    opened = await session(world, person)
    await preferences.change(world.store, opened, new, now=world.clock.now())


async def undo(world, person, number):
    now = world.clock.now()
    token = world.links.token(Purpose.UNDO, person, about=number, now=now)
    return await access.undo(world.store, world.links, token, now=now)


async def told(world, person, nights):
    """The ids of all tips of so many more nights."""
    first = world.clock.now().date()
    await world.evenings(nights)
    async with world.store.transaction() as tx:
        records = await tx.nights.last(person, since=first, limit=nights)
    return {tip["id"] for one in records for tip in json.loads(one.choice)["tips"]}


def barred(world):
    """The tips that nobody with heart failure may be told."""
    tips = world.library.catalogue.tips
    return {name for name, tip in tips.items() if Tag.HEART_FAILURE in tip.blocks}


@pytest.mark.parametrize(
    ("before", "after"), [(THIRSTY, FRAIL), (FRAIL, THIRSTY)], ids=["added", "removed"]
)
async def test_both_sets_of_answers_count_until_the_person_has_looked(
    world, before, after
):
    person = await world.join(answers=answers(**before))
    await change(world, person, **after)
    await undo(world, person, 1)

    doubted = await told(world, person, NIGHTS)

    async with world.store.transaction() as tx:
        known = await tx.subscribers.get(person)
    assert known.person.answers.says_the_same(answers(**before))
    assert doubted
    assert not doubted & barred(world)


async def test_once_the_person_has_looked_their_answers_count_alone(world):
    person = await world.join(answers=answers(**THIRSTY))
    await change(world, person, **FRAIL)
    await undo(world, person, 1)

    await session(world, person)

    assert await told(world, person, NIGHTS) & barred(world)


async def test_all_changes_since_are_undone_and_in_doubt(world):
    person = await world.join(answers=answers())
    await change(world, person, **FRAIL)
    await change(world, person, **THIRSTY)
    await undo(world, person, 1)

    async with world.store.transaction() as tx:
        doubts = await tx.changes.doubted([person, 4711])
        known = await tx.subscribers.get(person)
        kept = await tx.changes.of(person)

    assert known.person.answers.says_the_same(answers())
    assert doubts == {person: (answers(), answers(**FRAIL), answers(**THIRSTY))}
    assert all(one.is_undone for one in kept)


async def test_doubt_outlasts_the_time_in_which_a_change_can_be_undone(world):
    person = await world.join(answers=answers())
    await change(world, person, **FRAIL)
    await undo(world, person, 1)

    await world.run(days=30)

    async with world.store.transaction() as tx:
        assert await tx.changes.doubted([person])


async def test_doubt_that_does_not_open_holds_back_one_person_alone(
    world, database_url
):
    person = await world.join(answers=answers())
    other = await world.join("bob@example.org")
    await change(world, person, **FRAIL)
    await change(world, person, **THIRSTY)
    await undo(world, person, 1)
    await raw(database_url, "UPDATE answer_change SET sealed = 'x' WHERE id = 1")

    with capture_logs() as logs:
        mails = await world.run(hours=8)

    assert [mail.recipients for mail in mails[-1:]] == [("bob@example.org",)]
    alarms = [one for one in logs if one["event"] == "row does not open"]
    assert {one["subscriber"] for one in alarms} == {person}
    async with world.store.transaction() as tx:
        assert await tx.nights.last(person, since=NEVER, limit=1) == ()
        assert len(await tx.nights.last(other, since=NEVER, limit=1)) == 1


async def test_doubt_whose_key_is_missing_stops_planning(world, database_url):
    person = await world.join(answers=answers())
    await change(world, person, **FRAIL)
    await undo(world, person, 1)
    await raw(database_url, "UPDATE answer_change SET key_id = 'gone'")
    await world.passes(timedelta(hours=8))

    with pytest.raises(KeyMissing):
        await plan(world.store, world.library, limit=10, now=world.clock.now())
