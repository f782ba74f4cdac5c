"""A list of people as CSV: each row read as the sign-up form would be."""

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from service.commands.tabular import plain
from service.content.zones import clash_in_words, known_zone, zones_instead
from service.domain.errors import Misconfigured, VisitorError
from service.domain.night import USUAL, night_at
from service.domain.records import NO_COUNTRY
from service.domain.requests import SignUp
from service.domain.subscriber import Evening, Frequency
from service.domain.zones import WhichClock
from service.web import forms
from service.web.forms import (
    CONSENT_FIELDS,
    NO,
    PREFER_NOT,
    YES,
    Countries,
    Entered,
    clock_value,
)
from service.web.options import times
from service.web.signs import urgencies

REQUIRED = ("address", "zone", "adult", "red_flags")
#: What an empty cell stands for.
EMPTY: Mapping[str, str] = {
    # No zone of that name: the form, which may know one by the country, refuses it.
    "zone": NO,
    "time": f"{USUAL // 60:02}:{USUAL % 60:02}",
    "frequency": Frequency.EVERY,
    "language": forms.LANGUAGE,
    "country": NO_COUNTRY,
    "causes": PREFER_NOT,
    "conditions": PREFER_NOT,
    "pregnancy": PREFER_NOT,
    "pregnant_until": "",
    "medicines": PREFER_NOT,
    "alcohol": PREFER_NOT,
    "severe": PREFER_NOT,
    "stretching": PREFER_NOT,
    # A list that does not say what was asked may be older than the newest question.
    "asked": "",
    "zone_confirmed": NO,
}
SEVERAL = ("red_flags", "causes", "conditions", "medicines")
BETWEEN = re.compile(r"[\s,;|]+")
DELIMITERS = ",;\t"
#: Cells beyond the last column, and cells that are missing, by DictReader.
BEYOND = ""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
SHAPE = "The columns are described in docs/enrolment.md"
YES_OR_NO = f"zone_confirmed: is {YES} or {NO}"
NO_SUCH_LANGUAGE = f"language: there is only {forms.LANGUAGE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that cannot be taken, in the words of the form."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsCare:
    """Somebody who needs a person, not a reminder: too young, or with a warning sign."""

    why: str


#: What a row says.
Row = SignUp | Refused | NeedsCare


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Each row with its line in the file, how long that is, and how far it was read."""

    rows: Iterator[tuple[int, Row]]
    bytes: int
    read: Callable[[], int]


@contextmanager
def rows(path: Path, countries: Countries, *, now: datetime) -> Iterator[Roster]:
    """The rows of a file while it is open.

    Raises:
        Misconfigured: the file cannot be read, or its columns are others.
    """
    try:
        with path.open("rb") as raw:
            text = io.TextIOWrapper(raw, encoding=_encoding(raw), newline="")
            yield Roster(
                rows=_rows(path, text, countries, now=now),
                bytes=os.fstat(raw.fileno()).st_size,
                read=raw.tell,
            )
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from error
    except UnicodeError as error:
        raise _unusable(path, "is not in UTF-8: save it as CSV UTF-8") from error
    except csv.Error as error:
        raise _unusable(path, f"is not CSV ({error})") from error


def _rows(
    path: Path, text: IO[str], countries: Countries, *, now: datetime
) -> Iterator[tuple[int, Row]]:
    header = text.readline()
    delimiter = max(DELIMITERS, key=header.count)
    columns = [
        name.strip().lower()
        for name in next(csv.reader([header], delimiter=delimiter), [])
    ]
    _check_columns(path, columns)
    reader = csv.DictReader(
        text, columns, restkey=BEYOND, restval="", delimiter=delimiter, strict=True
    )
    while True:
        try:
            cells = next(reader, None)
            row = None if cells is None else _row(cells, countries, now=now)
        except csv.Error as error:
            row = Refused(why=f"is not CSV ({error})")
        if row is None:
            return
        # The header is a line too.
        yield reader.reader.line_num + 1, row


def _row(cells: Mapping[str, str], countries: Countries, *, now: datetime) -> Row:
    if BEYOND in cells:
        return Refused(why="there are more cells than columns")
    form = _as_form(cells)
    if urgencies(form.many("red_flags")):
        return NeedsCare(why="a warning sign: they should see somebody first")
    if forms.is_under_age(form):
        return NeedsCare(why="under 18: they should see somebody first")
    try:
        return _asked(form, countries, now=now)
    except VisitorError as error:
        return Refused(why=_in_words(error, form, countries, now=now))


def _asked(form: Entered, countries: Countries, *, now: datetime) -> SignUp | Refused:
    """The sign-up that a row is. Raises VisitorError as the form does."""
    asked = forms.sign_up(form, countries, now=now)
    if isinstance(asked, WhichClock):
        return Refused(why=_clash(form, countries, now=now))
    if form.one("language") != forms.LANGUAGE:
        return Refused(why=NO_SUCH_LANGUAGE)
    if form.one("zone_confirmed") not in (YES, NO):
        return Refused(why=YES_OR_NO)
    is_meant = form.has("zone_confirmed", YES)
    evening = replace(asked.evening, is_zone_confirmed=is_meant)
    return replace(asked, evening=evening)


def _in_words(
    error: VisitorError, form: Entered, countries: Countries, *, now: datetime
) -> str:
    """What the form would say, and for a zone that is not taken what to write."""
    problems = {"address" if f == "email" else f: w for f, w in error.problems.items()}
    if "zone" in problems:
        country = countries.get(form.one("country"))
        zones = country.zones if country else ()
        instead = zones_instead(form.one("zone"), zones, today=now.date())
        problems["zone"] = f"Write the city nearest to them, such as {instead}."
    return str(VisitorError(problems))


def _clash(form: Entered, countries: Countries, *, now: datetime) -> str:
    """Both times, for a row whose zone is none of its country's."""
    zone, country = known_zone(form.one("zone")), countries[form.one("country")].zones
    evening = Evening(
        zone=zone, minute=times()[form.one("time")], frequency=Frequency.EVERY
    )
    clash = clash_in_words(evening, country, night=night_at(zone, now=now))
    instead = zones_instead("", country, today=now.date())
    return (
        f"zone: It is none of their country's: {clash}. Write {instead}, or"
        f" zone_confirmed = {YES} where it is meant."
    )


def _as_form(cells: Mapping[str, str]) -> Entered:
    """What somebody would have ticked who answered as the row does."""
    values: dict[str, tuple[str, ...]] = dict.fromkeys(CONSENT_FIELDS, (YES,))
    for name in dict.fromkeys((*REQUIRED, *EMPTY)):
        cell = plain(cells.get(name, "").strip()) or EMPTY.get(name, "")
        several = (
            tuple(filter(None, BETWEEN.split(cell))) if name in SEVERAL else (cell,)
        )
        values["email" if name == "address" else name] = several
    values["country"] = (values["country"][0].upper(),)
    if values["country"] == (NO_COUNTRY,) or values["zone_confirmed"] == (YES,):
        # On a list nobody can be asked: without a country, their zone is all there is.
        values["clock"] = (clock_value(values["country"][0], values["zone"][0]),)
    if len(values["red_flags"]) > 1 and not urgencies(values["red_flags"]):
        # "None" beside something else is no answer.
        values["red_flags"] = ("",)
    return Entered(values=values)


def _check_columns(path: Path, columns: list[str]) -> None:
    known = (*REQUIRED, *EMPTY)
    strange = [name or "one without a name" for name in columns if name not in known]
    missing = [name for name in REQUIRED if name not in columns]
    twice = [name for name in dict.fromkeys(columns) if columns.count(name) > 1]
    for names, what in (
        (strange, "has columns that there are not"),
        (missing, "lacks the columns"),
        (twice, "has more than once"),
    ):
        if names:
            raise _unusable(path, f"{what}: {', '.join(names)}")


def _encoding(raw: IO[bytes]) -> str:
    start = raw.read(2)
    raw.seek(0)
    return "utf-16" if start in UTF_16 else "utf-8-sig"


def _unusable(path: Path, what: str) -> Misconfigured:
    return Misconfigured(what=what, where=str(path), remedy=SHAPE)
