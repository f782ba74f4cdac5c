"""Each country: whom to call, whose drinking advice applies, and its time zones."""

import re
from dataclasses import dataclass

from service.content.faults import Fault
from service.content.files import Place, TomlFile
from service.content.shapes import CountryShape, LineShape, shaped
from service.content.zones import known_zones, zone_table
from service.domain.records import NO_COUNTRY
from service.domain.risk import REGIONS

UNKNOWN_NUMBER = "your local emergency number"
CODE = re.compile("[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A telephone line that people can call."""

    name: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country by its ISO 3166 code; `emergency` is "" where we are not certain.

    `zones` are all of its time zones, the one where most people live first.
    """

    code: str
    name: str
    emergency: str
    alcohol: str
    crisis: Line | None
    advice: Line | None
    alcohol_help: Line | None
    zones: tuple[str, ...]

    @property
    def emergency_number(self) -> str:
        """What to dial for an ambulance, in words where the number is not known."""
        return self.emergency or UNKNOWN_NUMBER

    @property
    def crisis_line(self) -> str:
        """Whom to call who might hurt themselves: "NAME on NUMBER", else the number."""
        line = self.crisis
        return f"{line.name} on {line.number}" if line else self.emergency_number


def read_countries(file: TomlFile, faults: list[Fault]) -> dict[str, Country]:
    """Every country of config/countries.toml by its code, ZZ ("not given") too."""
    countries = {}
    for code, data in file.tables().items():
        place = Place(file=file, table=code, tip=f"country {code}")
        if not CODE.fullmatch(code):
            problem = f"'{code}' is not a country code"
            remedy = "use the two capital letters of ISO 3166"
            faults.append(place.fault(problem, remedy))
        shape = shaped(CountryShape, data, place, faults)
        if shape is not None:
            faults.extend(_wrong_region(code, shape, place))
            faults.extend(_unknown_zones(shape, place))
            countries[code] = _country(code, shape)
    if NO_COUNTRY not in file.tables():
        problem = f"the table [{NO_COUNTRY}] is missing"
        remedy = "add it: it serves people who give no country"
        faults.append(Place(file=file).fault(problem, remedy))
    return countries


def _country(code: str, shape: CountryShape) -> Country:
    return Country(
        code=code,
        name=shape.name,
        emergency=shape.emergency,
        alcohol=shape.alcohol,
        crisis=_line(shape.crisis),
        advice=_line(shape.advice),
        alcohol_help=_line(shape.alcohol_help),
        zones=tuple(dict.fromkeys((*shape.zones, *zone_table().get(code, ())))),
    )


def _line(shape: LineShape | None) -> Line | None:
    return None if shape is None else Line(name=shape.name, number=shape.number)


def _wrong_region(code: str, shape: CountryShape, place: Place) -> list[Fault]:
    """The tips on alcohol follow the region tags; this key must not say otherwise."""
    region = REGIONS[code].removeprefix("region_") if code in REGIONS else "general"
    if shape.alcohol == region:
        return []
    problem = f"alcohol '{shape.alcohol}' is not the advice that people there get"
    return [place.fault(problem, f"write alcohol = '{region}'", key="alcohol")]


def _unknown_zones(shape: CountryShape, place: Place) -> list[Fault]:
    return [
        place.fault(
            f"'{zone}' is not a time zone",
            "use a name of the IANA zone table, such as Europe/London",
            key="zones",
        )
        for zone in shape.zones
        if zone not in known_zones()
    ]
