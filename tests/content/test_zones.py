"""The names of time zones: which are taken, what is said instead of others, and how."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.content.zones import (
    clash_in_words,
    evenings_in_words,
    every_zone,
    known_zone,
    known_zones,
    largest_zones,
    zone_of_browser,
    zone_table,
    zones_instead,
)
from service.domain.subscriber import Frequency
from service.domain.zones import agree, is_one_of
from tests.builders import TODAY, evening


def test_every_country_of_the_zone_table_has_a_clock_and_every_zone_is_taken(library):
    for code, zones in zone_table().items():
        assert set(zones) <= known_zones()
        assert set(library.country(code).zones) >= set(zones)
    assert library.country("ZZ").zones == ()


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Kiev", "Europe/Kiev"),
        ("Europe/Kyiv", "Europe/Kyiv"),
        ("America/Ciudad_Juarez", "America/Ciudad_Juarez"),
        ("US/Pacific", "US/Pacific"),
        ("europe/berlin", "Europe/Berlin"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        (" Japan ", "Japan"),
        ("UTC", "UTC"),
    ],
)
def test_old_names_are_taken_in_any_case(typed, zone):
    assert known_zone(typed) == zone


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("EST", "America/New_York"),
        ("CET", "Europe/Berlin"),
        ("Etc/GMT-3", "Europe/Moscow"),
        ("GMT+1", "Africa/Lagos"),
        ("UTC+05:00", "Asia/Tashkent"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
        ("localtime", "Europe/London"),
        ("Factory", "Europe/London"),
        ("posixrules", "Europe/London"),
        ("GMT+99", "Europe/London"),
        ("", "Europe/London"),
    ],
)
def test_a_name_without_a_place_is_not_taken_and_what_to_write_is_known(typed, instead):
    found = zones_instead(typed, (), today=TODAY)

    assert known_zone(typed) == ""
    assert found in known_zones()
    assert agree(found, instead, today=TODAY)


def test_where_the_country_is_known_its_zones_are_what_to_write(library):
    def instead(code: str) -> str:
        return zones_instead("EST", library.country(code).zones, today=TODAY)

    assert instead("JP") == "Asia/Tokyo"
    assert instead("NZ") == "Pacific/Auckland or Pacific/Chatham"
    assert instead("US") == (
        "America/New_York or America/Chicago or America/Los_Angeles"
        " or America/Denver, ..."
    )


@example("America/New_York")
@example("Etc/GMT+12")
@given(st.sampled_from(sorted(every_zone())))
def test_whatever_a_browser_names_stands_for_a_place_of_the_same_clock(named):
    found = zone_of_browser(named, today=TODAY)

    if found:
        assert found in known_zones()
        assert agree(found, named, today=TODAY)
    else:
        assert not is_one_of(named, largest_zones(), today=TODAY)


@pytest.mark.parametrize("named", ["", "localtime", "Factory", "Mars/Olympus", "../x"])
def test_what_is_no_zone_tells_nothing(named):
    assert zone_of_browser(named, today=TODAY) == ""


@pytest.mark.parametrize(
    ("frequency", "said"),
    [
        (Frequency.EVERY, "every evening at 19:00, New York time"),
        (Frequency.SECOND, "every second evening at 19:00, New York time"),
        (
            Frequency.TAPERING,
            "every evening at first, then less often, at 19:00, New York time",
        ),
    ],
)
def test_evenings_are_said_as_people_say_them(frequency, said):
    assert evenings_in_words(evening("America/New_York", frequency=frequency)) == said


def test_two_clocks_are_told_by_what_the_chosen_time_is_in_both():
    def said(zone: str, *country: str) -> str:
        return clash_in_words(evening(zone), country, night=TODAY)

    assert said("UTC", "Asia/Tokyo") == "19:00 UTC is 04:00 Tokyo time"
    assert said("Europe/London", "Europe/Berlin") == (
        "19:00 London time is 20:00 Berlin time"
    )
    # On this winter evening the two still agree.
    assert said("UTC", "Europe/London") == (
        "from 29 March 2027 on 19:00 UTC is 20:00 London time"
    )
    assert (
        clash_in_words(evening("UTC"), ("Europe/London",), night=date(2026, 7, 1))
        == "19:00 UTC is 20:00 London time"
    )
