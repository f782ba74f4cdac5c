"""What the lists of the form offer: countries, time zones, times and months."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones

from service.content.catalogue import Library
from service.content.questions import Question
from service.domain.night import EARLIEST, LATEST, USUAL
from service.domain.records import NO_COUNTRY

STEP_MINUTES = 15
MONTHS_AHEAD = 12
MONTHS_A_YEAR = 12

#: A value as it is sent, and its words.
Option = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as a page asks it; `apart` are the tags that it asks by themselves."""

    words: str
    hint: str
    choices: tuple[Option, ...]
    apart: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All lists, in the order in which they are shown."""

    causes: tuple[Option, ...]
    countries: tuple[Option, ...]
    zones: tuple[tuple[str, tuple[Option, ...]], ...]
    times: tuple[Option, ...]
    months: tuple[Option, ...]
    asked: str
    questions: Mapping[str, Asked]
    usual_time: str = f"{USUAL // 60:02}:{USUAL % 60:02}"

    @property
    def zone_names(self) -> frozenset[str]:
        """Every zone on the list; an older name may be taken without being on it."""
        return frozenset(zone for _, zones in self.zones for zone, _ in zones)


def options(library: Library, *, apart: Collection[str] = (), now: datetime) -> Options:
    """The lists as they stand today, these tags asked about by themselves."""
    questions = library.questions.by_name
    return Options(
        causes=tuple((cause, _capital(text)) for cause, text in library.causes.items()),
        countries=(
            *((country.code, country.name) for country in library.countries),
            (NO_COUNTRY, "Another country, or prefer not to say"),
        ),
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
def known_zones() -> frozenset[str]:
    """Every IANA name that is taken, older names included: browsers send those."""
    return frozenset(available_timezones())


@cache
def _zones() -> tuple[tuple[str, tuple[Option, ...]], ...]:
    """The zones of the IANA zone tab by region, each named by its city."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line[:1] != "#"]
    regions: dict[str, list[Option]] = {}
    for zone in sorted({row[2] for row in rows} & known_zones()):
        region, _, place = zone.partition("/")
        words = place.replace("_", " ").replace("/", ", ")
        regions.setdefault(region, []).append((zone, words))
    regions["Other"] = [("UTC", "UTC (no summer time)")]
    return tuple((region, tuple(zones)) for region, zones in regions.items())


def _asked(question: Question, apart: Collection[str]) -> Asked:
    answers = question.answers.items()
    return Asked(
        words=question.words,
        hint=question.hint,
        choices=tuple((tag, one.words) for tag, one in answers if tag not in apart),
        apart=tuple((tag, one.alone) for tag, one in answers if tag in apart),
    )


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


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
