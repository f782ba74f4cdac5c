"""The IANA time zones: which names are taken, those of each country, and their words."""

import difflib
import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from tzlocal.windows_tz import win_tz

from service.domain.night import instant, local, night_at
from service.domain.subscriber import Evening, Frequency
from service.domain.zones import agree, first_difference, one_per_clock

#: What a browser reports that hides its zone, and the one name without a place that is
#: taken: by those who press that its time is theirs.
UTC = "UTC"
#: Names of a clock, not of a place, each with the place that most people mean by it.
NO_PLACE = MappingProxyType(
    {
        **dict.fromkeys(("EST", "EST5EDT"), "America/New_York"),
        "CST6CDT": "America/Chicago",
        **dict.fromkeys(("MST", "MST7MDT"), "America/Denver"),
        "PST8PDT": "America/Los_Angeles",
        "HST": "Pacific/Honolulu",
        **dict.fromkeys(("CET", "MET"), "Europe/Berlin"),
        "EET": "Europe/Athens",
        "WET": "Europe/Lisbon",
        **dict.fromkeys(("GMT", "GMT0", "GMT+0", "GMT-0"), "Europe/London"),
        "Greenwich": "Europe/London",
        **dict.fromkeys(("UCT", "Universal", "Zulu"), UTC),
    }
)
#: Is set where no zone is: nobody lives there.
FACTORY = "Factory"
OFFSET = re.compile(r"(etc/)?(?:gmt|utc)([+-])(\d{1,2})(?::?00)?")
HOW_OFTEN = MappingProxyType(
    {
        Frequency.EVERY: "every evening",
        Frequency.SECOND: "every second evening",
        Frequency.TAPERING: "every evening at first, then less often,",
    }
)
#: A country whose clocks are more than these is not listed whole in a sentence.
FEW = 4


@cache
def every_zone() -> frozenset[str]:
    """Every name that has a clock, those without a place included."""
    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {FACTORY}


@cache
def largest_zones() -> tuple[str, ...]:
    """One zone for each clock that there is, named by its most populous city."""
    return tuple(zone for _, zone in _rows("zonenow.tab"))


@cache
def known_zones() -> frozenset[str]:
    """Every name that is taken, older ones included: browsers send those."""
    return frozenset(
        zone
        for zone in every_zone()
        if zone == UTC or not (zone in NO_PLACE or zone.startswith("Etc/"))
    )


@cache
def zone_table() -> Mapping[str, tuple[str, ...]]:
    """The zones of each country by its ISO 3166 code, in the order of zone.tab."""
    zones: dict[str, list[str]] = {}
    for country, zone in _rows("zone.tab"):
        zones.setdefault(country, []).append(zone)
    return {country: tuple(names) for country, names in zones.items()}


def known_zone(typed: str) -> str:
    """The name as it is written in the zone table, "" for one that is not taken."""
    return _by_lower_case().get(typed.strip().lower(), "")


def zone_of_browser(named: str, *, today: date) -> str:
    """A zone that is taken and has the clock of the one that a browser names.

    "" where there is none. A name without a place stands for the largest of its clock.
    """
    if named not in every_zone():
        return ""
    if named in known_zones():
        return named
    places = (UTC, *largest_zones())
    return next((zone for zone in places if agree(zone, named, today=today)), "")


def place(zone: str) -> str:
    """The city of a zone: "New York" of America/New_York."""
    return zone.rpartition("/")[2].replace("_", " ")


def time_in_words(zone: str) -> str:
    """Whose time it is: "Berlin time"; UTC is called by its name."""
    return zone if zone == UTC else f"{place(zone)} time"


def evenings_in_words(evening: Evening) -> str:
    """When reminders come: "every evening at 19:00, Berlin time"."""
    time = f"{evening.minute // 60:02}:{evening.minute % 60:02}"
    return f"{HOW_OFTEN[evening.frequency]} at {time}, {time_in_words(evening.zone)}"


def clash_in_words(evening: Evening, country: tuple[str, ...], *, night: date) -> str:
    """What the chosen time is in a country of another clock, that night.

    "19:00 UTC is 04:00 Tokyo time"; where the clocks part later, from which day on.
    """
    chosen = instant(evening.zone, night, evening.minute).at
    parted = first_difference(evening.zone, country[0], now=chosen)
    since = ""
    if parted > chosen:
        night = night_at(evening.zone, now=parted) + timedelta(days=1)
        chosen = instant(evening.zone, night, evening.minute).at
        since = f"from {night.day} {night:%B %Y} on "
    here, there = (
        f"{local(zone, at=chosen):%H:%M} {time_in_words(zone)}"
        for zone in (evening.zone, country[0])
    )
    return f"{since}{here} is {there}"


def zones_instead(typed: str, country: tuple[str, ...], *, today: date) -> str:
    """What to write instead of a zone that is not taken: "Europe/Berlin".

    For somebody in a country of these zones, () where it is not given.
    """
    clocks = one_per_clock(country, today=today)
    if clocks:
        more = ", ..." if len(clocks) > FEW else ""
        return " or ".join(clocks[:FEW]) + more
    name = typed.strip()
    meant = _meant_by_offset(name.lower(), today=today) or _by_meaning().get(
        name.lower()
    )
    if meant:
        return meant
    close = difflib.get_close_matches(name.lower(), list(_by_lower_case()), 1)
    return _by_lower_case()[close[0]] if close else "Europe/London"


def _meant_by_offset(name: str, *, today: date) -> str | None:
    """The places whose clock is always so far from UTC; Etc/GMT-3 is ahead of it."""
    found = OFFSET.fullmatch(name)
    if found is None:
        return None
    is_ahead = (found[2] == "+") != bool(found[1])
    fixed = f"Etc/GMT{'-' if is_ahead else '+'}{int(found[3])}"
    return zone_of_browser(fixed, today=today) or None


def _rows(table: str) -> tuple[tuple[str, str], ...]:
    """The code and the zone of each row of a table of the zone database."""
    text = files("tzdata").joinpath("zoneinfo", table).read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line[:1] != "#"]
    return tuple((row[0], row[2]) for row in rows)


@cache
def _by_lower_case() -> Mapping[str, str]:
    return {zone.lower(): zone for zone in sorted(known_zones())}


@cache
def _by_meaning() -> Mapping[str, str]:
    """What Windows calls zones, names without a place, and cities alone."""
    cities = {place(zone): zone for zone in sorted(known_zones(), reverse=True)}
    return {
        name.lower(): zone
        for name, zone in {**cities, **win_tz, **NO_PLACE}.items()
        if zone in known_zones()
    }
