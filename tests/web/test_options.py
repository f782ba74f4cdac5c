"""What the lists of the form offer, and evenings in words."""

from datetime import UTC, date, datetime

from service.web.evenings import day_in_words, in_words
from service.web.options import options, times
from tests.builders import NOON, TODAY, evening


def test_times_run_from_four_to_ten_every_quarter_of_an_hour():
    offered = list(times())

    assert (offered[0], offered[-1], len(offered)) == ("16:00", "22:00", 25)


def test_zones_are_grouped_by_region_and_named_by_city(library):
    zones = dict(options(library, now=NOON).zones)

    assert ("Europe/London", "London") in zones["Europe"]
    assert ("America/Argentina/Salta", "Argentina, Salta") in zones["America"]
    assert zones["Other"] == (("UTC", "UTC (no summer time)"),)


def test_a_year_of_months_is_offered_from_this_one_on(library):
    months = options(library, now=NOON).months

    assert months[0] == ("2026-11", "November 2026")
    assert months[2] == ("2027-01", "January 2027")
    assert months[-1] == ("2027-10", "October 2027")


def test_every_country_can_be_chosen_and_so_can_none(library):
    countries = options(library, now=NOON).countries

    assert ("GB", "United Kingdom") in countries
    assert countries[-1][0] == "ZZ"


def test_an_evening_is_named_as_people_say_it():
    def said(at: datetime, zone: str) -> str:
        return in_words(at, evening(zone=zone), now=NOON)

    tonight = datetime(2026, 11, 23, 19, 2, tzinfo=UTC)
    tomorrow = datetime(2026, 11, 24, 6, 2, tzinfo=UTC)
    later = datetime(2026, 11, 26, 19, 2, tzinfo=UTC)
    london = "at 19:00, London time"
    assert said(tonight, "Europe/London") == f"tonight, Monday 23 November, {london}"
    assert said(later, "Europe/London") == f"Thursday 26 November, {london}"
    # Already the 24th in Auckland, where it is one in the morning.
    auckland = "tonight, Tuesday 24 November, at 19:00, Auckland time"
    assert said(tomorrow, "Pacific/Auckland") == auckland


def test_a_day_is_named_with_its_year_unless_that_is_this_year():
    def said(day: date | None) -> str:
        return day_in_words(day, today=TODAY)

    assert said(None) == ""
    assert said(date(2026, 12, 1)) == "Tuesday 1 December"
    assert said(date(2027, 12, 1)) == "Wednesday 1 December 2027"
    assert said(date(2025, 12, 1)) == "Monday 1 December 2025"
