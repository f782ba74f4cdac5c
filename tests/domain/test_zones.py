"""Zones and countries, compared by clock: what is settled, what is asked, what waits."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.content.zones import every_zone, known_zones, zone_table
from service.domain.night import EARLIEST, LATEST, first_slot
from service.domain.zones import (
    Settled,
    WhichClock,
    agree,
    by_clock,
    first_difference,
    is_in_doubt,
    offsets,
    one_per_clock,
    settle,
    within_evening,
)
from tests.builders import TODAY, evening

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
IN_JULY = datetime(2027, 7, 1, 12, tzinfo=UTC)
JAPAN = ("Asia/Tokyo",)
BRITAIN = ("Europe/London",)
AMERICA = ("America/New_York", "America/Detroit", "America/Chicago", "Pacific/Honolulu")

START, QUARTER = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=15)

COUNTRIES = st.sampled_from([(), *zone_table().values()])
ZONES = st.sampled_from(sorted(known_zones()))
MAYBE = st.just("") | ZONES
#: Two years, in quarters of an hour: each clock changes in them as often as it does.
MOMENTS = st.integers(0, 2 * 365 * 96).map(lambda quarter: START + quarter * QUARTER)
EVENINGS = st.integers(EARLIEST // 15, LATEST // 15).map(lambda quarter: quarter * 15)


def settled(country, *, chosen="", browser="", pressed="", now=NOON):
    return settle(country, chosen=chosen, browser=browser, pressed=pressed, now=now)


def shows(zone: str, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%d %H:%M}"


@pytest.mark.parametrize(
    ("zone", "other"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Europe/Oslo", "Europe/Berlin"),
        ("Europe/Busingen", "Europe/Berlin"),
        ("US/Pacific", "America/Los_Angeles"),
        ("Japan", "Asia/Tokyo"),
    ],
)
def test_old_and_linked_names_have_one_clock(zone, other):
    assert agree(zone, other, today=TODAY)


@pytest.mark.parametrize(
    ("zone", "other"),
    [
        ("Europe/London", "UTC"),
        ("America/Denver", "America/Phoenix"),
        # On most days of the year they agree.
        ("Africa/Casablanca", "Africa/Algiers"),
        # They change on the same days, some hours apart.
        ("America/New_York", "America/Havana"),
    ],
)
def test_clocks_that_part_in_the_course_of_the_year_are_two(zone, other):
    assert not agree(zone, other, today=TODAY)


@given(st.sampled_from(sorted(every_zone())), MOMENTS)
def test_offsets_say_what_the_clock_shows_at_every_instant_of_the_year(zone, at):
    since = at.date() - timedelta(days=at.toordinal() % 365)

    begun = [offset for begins, offset in offsets(zone, today=since) if begins <= at]

    assert begun[-1] == at.astimezone(ZoneInfo(zone)).utcoffset()


def test_what_has_one_clock_is_put_together_in_its_order():
    assert by_clock(AMERICA, today=TODAY) == (
        ("America/New_York", "America/Detroit"),
        ("America/Chicago",),
        ("Pacific/Honolulu",),
    )
    assert one_per_clock(("Europe/Berlin", "Europe/Busingen"), today=TODAY) == (
        "Europe/Berlin",
    )


@pytest.mark.parametrize(
    ("country", "browser"),
    [
        pytest.param(("Europe/Oslo",), "Europe/Oslo", id="a Norwegian"),
        pytest.param(("Europe/Oslo",), "Europe/Berlin", id="a newer browser there"),
        pytest.param(
            ("Europe/Berlin", "Europe/Busingen"), "Europe/Berlin", id="a German"
        ),
        pytest.param(("Asia/Kolkata",), "Asia/Calcutta", id="an Indian"),
        pytest.param(("Asia/Tokyo",), "", id="a browser without a script"),
        pytest.param(("Atlantic/Reykjavik",), "UTC", id="who lives at UTC"),
    ],
)
def test_a_country_of_one_clock_asks_nothing_of_a_browser_that_agrees(country, browser):
    found = settled(country, browser=browser)

    assert found == Settled(zone=country[0], is_confirmed=False)


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ({"browser": "UTC"}, ("Asia/Tokyo", "UTC")),
        ({"chosen": "UTC"}, ("Asia/Tokyo", "UTC")),
        ({"chosen": "UTC", "browser": "UTC"}, ("Asia/Tokyo", "UTC")),
        (
            {"chosen": "UTC", "browser": "America/Lima"},
            ("Asia/Tokyo", "UTC", "America/Lima"),
        ),
        ({"chosen": "Asia/Tokyo", "browser": "UTC"}, ("Asia/Tokyo", "UTC")),
    ],
)
def test_where_anything_names_another_clock_the_person_is_asked(named, asked):
    assert settled(JAPAN, **named) == WhichClock(zones=asked)


def test_a_country_of_several_clocks_asks_which_unless_one_was_chosen():
    asked = WhichClock(
        zones=("America/New_York", "America/Chicago", "Pacific/Honolulu")
    )

    assert settled(AMERICA) == asked
    assert settled(AMERICA, browser="America/Detroit") == asked
    chosen = settled(AMERICA, chosen="America/Detroit", browser="US/Eastern")
    assert chosen == Settled(zone="America/Detroit", is_confirmed=False)


def test_without_a_country_the_person_is_always_asked():
    assert settled((), chosen="Asia/Tokyo", browser="Japan") == WhichClock(
        zones=("Asia/Tokyo",)
    )
    assert settled((), browser="UTC") == WhichClock(zones=("UTC",))
    assert settled(()) == WhichClock(zones=())


def test_what_was_pressed_counts_whatever_else_is_said():
    found = settled(JAPAN, chosen="UTC", browser="America/Lima", pressed="UTC")

    assert found == Settled(zone="UTC", is_confirmed=True)


def test_two_clocks_that_show_the_same_time_now_are_no_question():
    """Who hides their zone in a British winter could not say which of the two is theirs."""
    assert settled(BRITAIN, browser="UTC") == Settled(
        zone="Europe/London", is_confirmed=False
    )
    assert settled(BRITAIN, browser="UTC", now=IN_JULY) == WhichClock(
        zones=("Europe/London", "UTC")
    )


@given(COUNTRIES, MAYBE, MAYBE, MAYBE, MOMENTS)
def test_a_zone_that_nobody_pressed_is_always_one_of_the_country_s(
    country, chosen, browser, pressed, now
):
    found = settled(country, chosen=chosen, browser=browser, pressed=pressed, now=now)

    today = now.date()
    if isinstance(found, WhichClock):
        assert len(one_per_clock(found.zones, today=today)) == len(found.zones)
        offered = {offsets(zone, today=today) for zone in found.zones}
        assert not chosen or offsets(chosen, today=today) in offered
    elif found.is_confirmed:
        assert found.zone == pressed
    else:
        assert any(agree(found.zone, other, today=today) for other in country)
        assert not browser or shows(found.zone, now) == shows(browser, now)


@given(ZONES, ZONES, MOMENTS)
def test_the_first_difference_of_two_clocks_is_one_and_none_comes_before(
    zone, other, now
):
    at = first_difference(zone, other, now=now)

    if agree(zone, other, today=now.date()):
        assert at == now
    elif at > now:
        assert shows(zone, at) != shows(other, at)
        assert shows(zone, now) == shows(other, now)
        before = at - timedelta(seconds=1)
        assert shows(zone, before) == shows(other, before)


def test_an_evening_is_in_doubt_where_its_clock_is_none_of_the_country_s():
    def doubt(zone: str, country: tuple[str, ...], *, is_sure: bool = False) -> bool:
        kept = evening(zone, is_zone_confirmed=is_sure)
        return is_in_doubt(kept, country, today=TODAY)

    assert doubt("UTC", JAPAN)
    assert not doubt("UTC", JAPAN, is_sure=True)
    assert not doubt("Japan", JAPAN)
    assert not doubt("America/Detroit", AMERICA)
    assert not doubt("UTC", ())


@given(COUNTRIES.filter(bool), ZONES, EVENINGS, st.integers(1, 10**6), MOMENTS)
def test_what_may_be_sent_of_an_evening_is_evening_in_the_country_all_the_time(
    country, zone, minute, person, now
):
    whole = first_slot(
        evening(zone, minute),
        subscriber_id=person,
        started_on=None,
        taken=None,
        now=now,
    )

    shared = within_evening(whole, country)

    def is_evening(at: datetime) -> bool:
        walls = [at.astimezone(ZoneInfo(each)) for each in country]
        return any(16 * 60 <= w.hour * 60 + w.minute < 23 * 60 + 30 for w in walls)

    if shared is None:
        assert not is_evening(whole.due_at)
        return
    assert (shared.night, shared.due_at) == (whole.night, whole.due_at)
    assert whole.due_at < shared.expires_at <= whole.expires_at
    step, at = timedelta(minutes=1), shared.due_at
    while at < shared.expires_at:
        assert is_evening(at)
        at += step
    assert shared.expires_at == whole.expires_at or not is_evening(shared.expires_at)
