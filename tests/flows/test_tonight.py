"""What the operator is told of the evening."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.audit import Act
from service.flows import deployment, tonight
from service.flows.tonight import Concern
from service.store.deployment import Standing
from tests.builders import NOON, TODAY, evening, subscriber

A_DAY = timedelta(days=1)


async def joined(store, id_, **named):
    async with store.transaction() as tx:
        await tx.subscribers.add(
            subscriber(id_, **named), next_due_at=NOON + timedelta(hours=7), now=NOON
        )


async def acts(store):
    async with store.transaction() as tx:
        found = await tx.audit.newest(operator="", before=100, limit=10)
    return [(entry.operator, entry.act) for entry in reversed(found)]


async def test_before_the_evening_all_are_to_come(world):
    await joined(world.store, 1)
    await joined(world.store, 2, evening=evening(minute=20 * 60))

    found = await tonight.evening(world.store, None, now=NOON)

    assert (found.night.night, found.tonight, found.nights) == (TODAY, TODAY, (TODAY,))
    assert (found.night.total.due, found.night.total.coming) == (2, 2)
    assert (found.forecast.due, found.crew.workers, found.read_at) == (2, 0, NOON)


async def test_after_the_evening_all_are_sent_and_the_next_is_to_come(world):
    await world.join()
    await world.evenings(1)

    now = world.clock.now()
    found = await tonight.evening(world.store, None, now=now)
    later = await tonight.evening(world.store, None, now=now + timedelta(hours=12))
    back = await tonight.evening(world.store, TODAY, now=now + timedelta(hours=12))

    assert (found.night.total.sent, found.night.total.coming) == (1, 0)
    assert later.night.night == TODAY + A_DAY
    assert later.nights == (TODAY + A_DAY, TODAY)
    assert (later.night.total.coming, back.night.total.sent) == (1, 1)


async def test_where_nobody_is_tonight_is_today(world):
    found = await tonight.evening(world.store, None, now=NOON)

    assert (found.night.night, found.nights, found.night.total.due) == (
        TODAY,
        (TODAY,),
        0,
    )


async def test_people_whom_nobody_planned_for_days_do_not_hide_the_last_nights(world):
    await joined(world.store, 1)

    found = await tonight.evening(world.store, None, now=NOON + 30 * A_DAY)

    assert found.tonight == TODAY + 27 * A_DAY


async def test_the_switch_pauses_and_resumes_and_is_noted(world):
    await deployment.pause(world.store, by="ada", now=NOON)
    assert await deployment.standing(world.store) is Standing.PAUSED
    await deployment.resume(world.store, by="bo", now=NOON)
    assert await deployment.standing(world.store) is Standing.SENDS

    assert await acts(world.store) == [("ada", Act.ALL_PAUSED), ("bo", Act.ALL_RESUMED)]


@pytest.mark.parametrize(
    ("standing", "workers", "too_late", "minutes", "concern"),
    [
        (Standing.FENCED, 1, 9, 11, Concern.FENCED),
        (Standing.PROMOTED, 1, 9, 11, Concern.PROMOTED),
        (Standing.PAUSED, 1, 9, 11, Concern.PAUSED),
        (Standing.ALONE, 0, 9, 11, Concern.ALONE),
        (Standing.SENDS, 0, 9, 11, Concern.NO_WORKER),
        (Standing.SENDS, 1, 9, 11, Concern.TOO_LATE),
        (Standing.SENDS, 1, 0, 11, Concern.BEHIND),
        (Standing.SENDS, 1, 0, 10, Concern.NONE),
    ],
)
async def test_the_gravest_concern_is_named(
    world, standing, workers, too_late, minutes, concern
):
    found = await tonight.evening(world.store, None, now=NOON)
    found = replace(
        found,
        crew=replace(found.crew, workers=workers),
        forecast=replace(found.forecast, too_late=too_late),
        waits=replace(found.waits, reminder_for=timedelta(minutes=minutes)),
    )

    assert tonight.concern(found, standing) is concern
