"""People whose time zone is not their country's: asked, and mailed at no other hour."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.domain.night import first_slot
from service.domain.outbox import OTHER_CLOCK, Kind, Lane
from service.domain.subscriber import Person
from service.domain.tokens import Purpose
from service.flows import preferences
from service.flows.explain import explain
from service.flows.plan import plan
from tests.builders import NOON, TODAY, answers, evening, subscriber
from tests.store.plain_sql import raw

IN_JAPAN = {"answers": answers(country="JP"), "evening": evening("UTC")}
SEVEN_IN_TOKYO = datetime.fromisoformat("2026-11-24T10:00Z")


async def waiting(world, person, *, at):
    """The messages of a person that a worker would send then, by kind."""
    await world.passes(at - world.clock.now())
    async with world.store.transaction() as tx:
        found = [
            mail
            for lane in Lane
            for mail in await tx.outbox.claim(
                lane, limit=99, worker="w", lease=timedelta(minutes=1), now=at
            )
        ]
    return {mail.kind: mail for mail in found if mail.subscriber_id == person}


async def plan_at(world, at):
    await world.passes(at - world.clock.now())
    return await plan(world.store, world.library, limit=500, now=at)


async def test_a_reminder_that_would_come_at_night_is_held_back_and_why_is_known(world):
    person = await world.join(**IN_JAPAN)

    mails = await world.run(hours=8)

    told = await explain(world.store, person, TODAY)
    assert len(mails) == 1
    assert told.outcome == f"the reminder is suppressed ({OTHER_CLOCK})"
    assert told.choice
    assert told.choice["tips"] == []
    async with world.store.transaction() as tx:
        assert (await tx.subscribers.due(limit=1, now=world.clock.now())) == ()


async def test_why_it_was_held_back_is_still_known_after_the_queue_has_forgotten(world):
    person = await world.join(**IN_JAPAN)
    await world.run(hours=8)

    await world.run(days=10)

    told = await explain(world.store, person, TODAY)
    assert told.outcome == "the reminder was suppressed"


async def test_the_question_comes_at_their_hour_by_their_country_s_clock(world):
    person = await world.join(**IN_JAPAN)
    await world.run(hours=8)

    early = await waiting(world, person, at=SEVEN_IN_TOKYO - timedelta(seconds=1))
    asked = await waiting(world, person, at=SEVEN_IN_TOKYO + timedelta(minutes=4))

    assert early == {}
    (mail,) = asked.values()
    wall = mail.not_before.astimezone(ZoneInfo("Asia/Tokyo"))
    assert (mail.kind, mail.night) == (Kind.ZONE_QUESTION, date(2026, 11, 24))
    assert (wall.hour, mail.expires_at - SEVEN_IN_TOKYO) == (
        19,
        timedelta(minutes=150),
    )


async def test_the_question_says_both_times_and_can_be_stopped_by_one_click(world):
    await world.join(**IN_JAPAN)
    await world.run(hours=8)
    await world.passes(timedelta(hours=14, minutes=5))

    mail = (await world.post(Lane.PRIORITY))[-1].data.decode()

    words = " ".join(mail.replace("=\r\n", "").split())
    assert "Subject: What does your clock show?" in words
    assert "every evening at 19:00, UTC" in words
    assert "19:00 UTC is 04:00 Tokyo time" in words
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in words


async def test_somebody_who_waits_is_asked_once_a_week_until_they_answer(world):
    person = await world.join(**IN_JAPAN)

    await world.run(hours=8)

    nights = []
    for _ in range(15):
        await world.run(hours=24)
        async with world.store.transaction() as tx:
            found = await tx.subscribers.get(person)
        nights.append(found.zone_asked_on)

    assert sorted(set(nights)) == [
        date(2026, 11, 24),
        date(2026, 12, 1),
        date(2026, 12, 8),
    ]


async def test_who_presses_a_clock_gets_reminders_in_its_evenings(world):
    person = await world.join(**IN_JAPAN)
    await world.run(hours=8)
    now = world.clock.now()
    token = world.links.token(Purpose.MANAGE, person, now=now)

    found = await preferences.confirm_zone(
        world.store, world.links, token, "JP", "Asia/Tokyo", now=now
    )

    mails = await waiting(world, person, at=SEVEN_IN_TOKYO + timedelta(minutes=5))
    planned = await plan_at(world, SEVEN_IN_TOKYO + timedelta(minutes=5))
    assert (found.evening.zone, found.evening.is_zone_confirmed) == ("Asia/Tokyo", True)
    # The question is not asked any more.
    assert mails == {}
    assert planned.queued == 1


async def test_who_presses_a_clock_in_time_is_mailed_the_same_evening(world):
    person = await world.join(
        answers=answers(country="US"), evening=evening("Europe/London", 20 * 60)
    )
    # At eight in London it is three in the afternoon in New York.
    await world.run(hours=8, minutes=5)
    now = world.clock.now()
    token = world.links.token(Purpose.MANAGE, person, now=now)
    await preferences.confirm_zone(
        world.store, world.links, token, "US", "America/New_York", now=now
    )

    mails = await world.run(hours=6)

    told = await explain(world.store, person, TODAY)
    # The one after they joined, and tonight's.
    assert len(mails) == 2
    assert told.outcome == "the reminder is sent (accepted)"
    assert told.choice
    assert told.choice["tips"]


async def test_who_presses_that_their_own_clock_is_right_is_believed(world):
    person = await world.join(**IN_JAPAN)
    await world.run(hours=8)
    now = world.clock.now()
    token = world.links.token(Purpose.MANAGE, person, now=now)

    await preferences.confirm_zone(
        world.store, world.links, token, "JP", "UTC", now=now
    )

    assert len(await world.run(hours=24)) == 2


async def test_a_clock_that_was_pressed_for_another_country_changes_nothing(world):
    person = await world.join(**IN_JAPAN)
    now = world.clock.now()
    token = world.links.token(Purpose.MANAGE, person, now=now)

    found = await preferences.confirm_zone(
        world.store, world.links, token, "DE", "Europe/Berlin", now=now
    )

    assert (found.evening.zone, found.evening.is_zone_confirmed) == ("UTC", False)


async def test_who_takes_a_break_sets_the_clock_and_stays_away(world):
    person = await world.join(**IN_JAPAN)
    now = world.clock.now()
    token = world.links.token(Purpose.MANAGE, person, now=now)
    await preferences.pause(world.store, world.links, token, None, now=now)

    await preferences.confirm_zone(
        world.store, world.links, token, "JP", "Asia/Tokyo", now=now
    )

    async with world.store.transaction() as tx:
        found = await tx.subscribers.get(person)
        assert await tx.subscribers.next_due_at(person) is None
    assert found.evening.is_zone_confirmed


@pytest.mark.parametrize("leaves", [preferences.unsubscribe, preferences.pause])
async def test_who_wants_no_mail_is_not_asked_either(world, leaves):
    person = await world.join(**IN_JAPAN)
    await world.run(hours=8)
    now = world.clock.now()
    is_pause = leaves is preferences.pause
    purpose = Purpose.MANAGE if is_pause else Purpose.UNSUBSCRIBE
    token = world.links.token(purpose, person, now=now)

    await leaves(world.store, world.links, token, *[None] * is_pause, now=now)

    assert await waiting(world, person, at=SEVEN_IN_TOKYO + timedelta(minutes=5)) == {}


async def test_where_it_is_evening_in_their_country_too_the_reminder_asks(world):
    await world.join(answers=answers(country="DE"))

    mails = await world.run(hours=8)

    words = " ".join(mails[-1].data.decode().replace("=\r\n", "").split())
    assert len(mails) == 2
    assert "Is this your evening?" in words
    assert "19:00 London time is 20:00 Berlin time" in words


async def test_a_reminder_that_asks_is_given_up_before_their_country_s_night(world):
    person = await world.join(
        answers=answers(country="DE"), evening=evening(minute=22 * 60)
    )

    await plan_at(world, NOON + timedelta(hours=10, minutes=5))

    mails = await waiting(world, person, at=world.clock.now())
    half_past_eleven_in_berlin = NOON + timedelta(hours=10, minutes=30)
    assert mails[Kind.REMINDER].expires_at == half_past_eleven_in_berlin


async def test_one_that_is_planned_after_the_country_s_evening_is_held_back(world):
    await world.join(answers=answers(country="DE"), evening=evening(minute=22 * 60))

    planned = await plan_at(world, NOON + timedelta(hours=10, minutes=31))

    assert (planned.queued, planned.held_back) == (0, 1)


async def test_who_gave_no_country_goes_on(world):
    await world.join(answers=answers(country="ZZ"), evening=evening("UTC"))

    assert len(await world.run(hours=8)) == 2


async def test_the_first_reminder_says_when_they_come_and_the_second_does_not(world):
    await world.join()

    first = (await world.evenings(1))[-1].data.decode()
    second = (await world.evenings(1))[-1].data.decode()

    said = "it comes every evening at 19:00, London time"
    assert said in " ".join(first.replace("=\r\n", "").split())
    assert "Your first reminder" not in second


COUNTRIES = {
    "JP": ("Asia/Tokyo",),
    "DE": ("Europe/Berlin",),
    "IN": ("Asia/Kolkata",),
    "NZ": ("Pacific/Auckland", "Pacific/Chatham"),
    "US": (
        *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix"),
        *("America/Los_Angeles", "America/Anchorage", "America/Adak"),
        "Pacific/Honolulu",
    ),
}
ZONES = (
    *("UTC", "Asia/Calcutta", "Europe/Oslo", "America/New_York", "Pacific/Chatham"),
    *("Asia/Tokyo", "Africa/Lagos", "Pacific/Kiritimati", "America/Halifax"),
)
MINUTES = (16 * 60, 19 * 60, 22 * 60)


def is_evening(country: str, at: datetime) -> bool:
    """From 16:00 to 23:30, by one of the clocks above."""
    walls = [at.astimezone(ZoneInfo(zone)) for zone in COUNTRIES[country]]
    return any(16 * 60 <= w.hour * 60 + w.minute < 23 * 60 + 30 for w in walls)


MAY_BE_SENT = """
    SELECT subscriber_id, kind, not_before, expires_at FROM outbox WHERE state = 'due'
"""


async def test_nobody_is_mailed_outside_the_evenings_of_their_country(
    world, database_url
):
    country_of = {}
    async with world.store.transaction() as tx:
        for number, (country, zone, minute) in enumerate(
            [(c, z, m) for c in COUNTRIES for z in ZONES for m in MINUTES], 1
        ):
            address = f"p{number}@example.org"
            one = subscriber(
                number,
                person=Person(address=address, answers=answers(country=country)),
                evening=evening(zone, minute),
                started_on=TODAY - timedelta(days=9),
            )
            first = first_slot(
                one.evening, subscriber_id=number, started_on=None, taken=None, now=NOON
            )
            await tx.subscribers.add(one, next_due_at=first.due_at, now=NOON)
            country_of[number] = country

    for hour in range(48):
        await plan_at(world, NOON + timedelta(minutes=7, hours=hour))

    rows = await raw(database_url, MAY_BE_SENT)
    assert {kind for _, kind, _, _ in rows} == {Kind.REMINDER, Kind.ZONE_QUESTION}
    assert {number for number, _, _, _ in rows} == set(country_of)
    for number, kind, not_before, expires_at in rows:
        minutes = (expires_at - not_before) // timedelta(minutes=1)
        moments = [not_before + timedelta(minutes=m) for m in range(minutes)]
        for at in (*moments, expires_at - timedelta(seconds=1)):
            assert is_evening(country_of[number], at), (country_of[number], kind, at)
