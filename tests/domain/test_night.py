"""Tonight means tonight: local evenings on the UTC line, in every zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.night import (
    BEDTIME,
    EARLIEST,
    LATEST,
    PATIENCE,
    SPREAD_SECONDS,
    Clock,
    first_slot,
    instant,
    jitter,
    late_seconds,
    local,
    next_slot,
    night_at,
    slot,
)
from service.domain.subscriber import Frequency
from tests.builders import TODAY, evening

ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
NIGHTS = st.dates(min_value=date(2026, 1, 1), max_value=date(2037, 12, 31))
MINUTES = st.integers(min_value=0, max_value=24 * 60 - 1)
EVENINGS = st.integers(min_value=EARLIEST, max_value=LATEST)
PEOPLE = st.integers(min_value=1, max_value=10**9)


@pytest.mark.parametrize(
    ("zone", "night", "minute", "at", "clock"),
    [
        pytest.param(
            "Europe/London", date(2026, 11, 23), 19 * 60, "2026-11-23T19:00", "exact",
            id="an ordinary evening",
        ),
        pytest.param(
            "America/Nuuk", date(2026, 3, 28), 23 * 60, "2026-03-29T01:00", "gap",
            id="Nuuk skips 23:00 to midnight",
        ),
        pytest.param(
            "Pacific/Easter", date(2026, 9, 5), 22 * 60, "2026-09-06T04:00", "gap",
            id="Easter Island skips 22:00 to 23:00",
        ),
        pytest.param(
            "Africa/Cairo", date(2026, 10, 29), 23 * 60, "2026-10-29T20:00", "fold",
            id="Cairo has 23:00 twice, the first counts",
        ),
        pytest.param(
            "Pacific/Apia", date(2011, 12, 30), 19 * 60, "2011-12-30T10:00", "gap",
            id="Samoa skipped a whole day",
        ),
    ],
)  # fmt: skip
def test_a_local_evening_has_one_instant(zone, night, minute, at, clock):
    found = instant(zone, night, minute)

    assert found.at == datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert found.clock == clock


@given(ZONES, NIGHTS, MINUTES)
@example("America/Nuuk", date(2026, 3, 28), 23 * 60)
@example("Africa/Cairo", date(2026, 10, 29), 23 * 60)
def test_outside_gaps_the_wall_clock_shows_the_chosen_time(zone, night, minute):
    found = instant(zone, night, minute)

    shown = found.at.astimezone(ZoneInfo(zone))
    if found.clock is Clock.GAP:
        before = (found.at - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
        wall = datetime.combine(night, time(minute // 60, minute % 60))
        assert before.replace(tzinfo=None) < wall < shown.replace(tzinfo=None)
        assert shown.utcoffset() != before.utcoffset()
    else:
        assert (shown.date(), shown.hour * 60 + shown.minute) == (night, minute)
        assert shown.fold == 0


@given(ZONES, NIGHTS, EVENINGS, PEOPLE)
def test_a_reminder_never_outlives_its_own_evening(zone, night, minute, person):
    found = slot(evening(zone, minute), night, subscriber_id=person)

    chosen = instant(zone, night, minute).at
    assert timedelta() <= found.due_at - chosen < timedelta(seconds=SPREAD_SECONDS)
    assert found.due_at < found.expires_at <= chosen + PATIENCE
    last = (found.expires_at - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    assert last.date() == night
    assert last.hour * 60 + last.minute < BEDTIME


@given(ZONES, NIGHTS, EVENINGS, PEOPLE, st.sampled_from(Frequency))
def test_the_next_evening_comes_after_the_last_and_can_still_be_kept(
    zone, night, minute, person, frequency
):
    chosen = evening(zone, minute, frequency)
    now = slot(chosen, night, subscriber_id=person).due_at

    found = next_slot(
        chosen, subscriber_id=person, started_on=night, after=night, now=now
    )

    assert found.night > night
    assert found.expires_at > now


@given(ZONES, EVENINGS, PEOPLE, NIGHTS, st.times())
def test_the_first_evening_is_tonight_or_tomorrow(zone, minute, person, day, time_):
    now = datetime.combine(day, time_, tzinfo=UTC)

    found = first_slot(
        evening(zone, minute),
        subscriber_id=person,
        started_on=None,
        taken=None,
        now=now,
    )

    assert timedelta() < found.due_at - now <= timedelta(hours=26)


def test_after_an_outage_the_evenings_that_were_missed_are_not_made_up_for():
    now = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)

    found = next_slot(
        evening(), subscriber_id=1, started_on=TODAY, after=TODAY, now=now
    )

    assert found.night == date(2026, 11, 27)


def test_within_the_hours_of_patience_tonight_can_still_be_kept():
    now = datetime(2026, 11, 26, 21, 0, tzinfo=UTC)

    found = next_slot(
        evening(), subscriber_id=1, started_on=TODAY, after=TODAY, now=now
    )

    assert found.night == date(2026, 11, 26)


def test_the_first_evening_is_never_one_that_has_its_mail():
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    found = first_slot(
        evening(), subscriber_id=1, started_on=None, taken=TODAY, now=now
    )

    assert found.night == TODAY + timedelta(days=1)


def test_the_first_evening_after_a_change_keeps_to_how_often():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    found = first_slot(
        evening(frequency=Frequency.SECOND),
        subscriber_id=1,
        started_on=TODAY,
        taken=None,
        now=now,
    )

    assert found.night == TODAY + timedelta(days=2)


def test_every_second_evening_leaves_one_out():
    now = slot(evening(), TODAY, subscriber_id=1).due_at

    found = next_slot(
        evening(frequency=Frequency.SECOND),
        subscriber_id=1,
        started_on=TODAY,
        after=TODAY,
        now=now,
    )

    assert found.night == TODAY + timedelta(days=2)


def test_the_night_is_the_local_date():
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)

    assert night_at("Asia/Tokyo", now=now) == date(2026, 11, 24)
    assert local("Asia/Tokyo", at=now).hour == 8


@given(PEOPLE)
def test_a_persons_jitter_never_changes(person):
    assert jitter(person) == jitter(person)
    assert 0 <= jitter(person) < SPREAD_SECONDS


@given(
    zone=st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata"]),
    night=NIGHTS,
    minute=EVENINGS,
    person=PEOPLE,
)
def test_a_reminder_s_deadline_tells_how_late_it_is(zone, night, minute, person):
    found = slot(evening(zone, minute), night, subscriber_id=person)

    late = late_seconds(
        minute=minute,
        subscriber_id=person,
        expires_at=found.expires_at,
        now=found.due_at + timedelta(seconds=90),
    )

    assert late == 90
