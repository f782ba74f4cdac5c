"""What the lists of the form offer: countries, time zones, times and months."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache

from service.content.catalogue import Library
from service.content.countries import Country
from service.content.questions import Question
from service.content.zones import UTC, known_zone, place, zone_table
from service.domain.night import EARLIEST, LATEST, USUAL
from service.domain.records import NO_COUNTRY
from service.domain.zones import agree, by_clock

STEP_MINUTES = 15
MONTHS_AHEAD = 12
MONTHS_A_YEAR = 12

#: So many cities name a clock.
CITIES = 3

#: A value as it is sent, and its words.
Option = tuple[str, str]
#: Options under headings.
Groups = tuple[tuple[str, tuple[Option, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as a page asks it; `apart` are the tags that it asks by themselves."""

    words: str
    hint: str
    choices: tuple[Option, ...]
    apart: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All lists, in the order in which they are shown.

    `clocks` are those of each country by its code, the one of most people first;
    `zones` is the whole list, for people who give no country.
    """

    today: date
    causes: tuple[Option, ...]
    countries: tuple[Option, ...]
    clocks: Mapping[str, tuple[Option, ...]]
    zones: Groups
    times: tuple[Option, ...]
    months: tuple[Option, ...]
    asked: str
    questions: Mapping[str, Asked]
    usual_time: str = f"{USUAL // 60:02}:{USUAL % 60:02}"

    @property
    def follows(self) -> Mapping[str, Groups]:
        """The zones to choose from by country, where there is a choice."""
        names = dict(self.countries)
        several = {
            code: ((names[code], clocks),)
            for code, clocks in self.clocks.items()
            if len(clocks) > 1
        }
        return {**several, NO_COUNTRY: self.zones}

    def offered(self, country: str, zone: str) -> Groups:
        """The zones to choose from in a country, () where there is no choice.

        With the zone that was chosen, where it is none of them; in the place of one
        that has the same clock it is shown under that one's words.
        """
        zone = known_zone(zone)
        if country == NO_COUNTRY:
            options = tuple(option for _, some in self.zones for option in some)
            is_listed = not zone or zone in dict(options)
            return self.zones if is_listed else (*self.zones, ("", _named(zone)))
        clocks = tuple(
            (zone if zone and agree(zone, each, today=self.today) else each, words)
            for each, words in self.clocks.get(country, ())
        )
        if clocks and zone and zone not in dict(clocks):
            clocks = (*clocks, *_named(zone))
        return ((dict(self.countries)[country], clocks),) if len(clocks) > 1 else ()


def options(library: Library, *, apart: Collection[str] = (), now: datetime) -> Options:
    """The lists as they stand today, these tags asked about by themselves."""
    questions = library.questions.by_name
    today = now.date()
    return Options(
        today=today,
        causes=tuple((cause, _capital(text)) for cause, text in library.causes.items()),
        countries=(
            *((country.code, country.name) for country in library.countries),
            (NO_COUNTRY, "Another country, or prefer not to say"),
        ),
        clocks=_clocks(library.countries, today=today),
        zones=_zones(),
        times=tuple((time, time) for time in times()),
        months=_months(now),
        asked=library.catalogue.questionnaire.version.isoformat(),
        questions={
            name: _asked(question, apart) for name, question in questions.items()
        },
    )


def times() -> dict[str, int]:
    """Each send time on offer, such as "19:00", with its minute of the day."""
    minutes = range(EARLIEST, LATEST + 1, STEP_MINUTES)
    return {f"{minute // 60:02}:{minute % 60:02}": minute for minute in minutes}


@cache
def _zones() -> Groups:
    """The zones of the IANA zone tab by region, each named by its city."""
    regions: dict[str, list[Option]] = {}
    for zone in sorted({zone for zones in zone_table().values() for zone in zones}):
        region, _, city = zone.partition("/")
        words = city.replace("_", " ").replace("/", ", ")
        regions.setdefault(region, []).append((zone, words))
    regions["Other"] = [(UTC, "UTC (no summer time)")]
    return tuple((region, tuple(zones)) for region, zones in regions.items())


def _asked(question: Question, apart: Collection[str]) -> Asked:
    answers = question.answers.items()
    return Asked(
        words=question.words,
        hint=question.hint,
        choices=tuple((tag, one.words) for tag, one in answers if tag not in apart),
        apart=tuple((tag, one.alone) for tag, one in answers if tag in apart),
    )


@lru_cache(maxsize=2)
def _clocks(
    countries: tuple[Country, ...], *, today: date
) -> Mapping[str, tuple[Option, ...]]:
    """The clocks of each country by its code, each named by its largest cities."""
    return {
        country.code: tuple(
            (same[0], ", ".join(map(place, same[:CITIES])))
            for same in by_clock(country.zones, today=today)
        )
        for country in countries
    }


def _months(now: datetime) -> tuple[Option, ...]:
    first = now.year * MONTHS_A_YEAR + now.month - 1
    months = range(first, first + MONTHS_AHEAD)
    return tuple(
        (f"{day:%Y-%m}", f"{day:%B %Y}")
        for day in (
            datetime(
                month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1, tzinfo=now.tzinfo
            )
            for month in months
        )
    )


def _named(zone: str) -> tuple[Option, ...]:
    return ((zone, zone if zone == UTC else place(zone)),)


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
