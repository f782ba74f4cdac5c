"""What a person typed becomes an answer of the domain's, or a problem in plain words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from email_validator import EmailNotValidError, validate_email
from starlette.requests import Request

from service.content.countries import Country
from service.content.zones import UTC, known_zone, zone_of_browser
from service.domain.errors import VisitorError
from service.domain.night import night_at
from service.domain.records import NOT_SURE, BadAnswers, answers_to_json, parse_answers
from service.domain.requests import SignUp
from service.domain.risk import (
    CONDITIONS,
    FIRST_ASKED,
    MEDICINES,
    Answers,
    Pregnancy,
    Questionnaire,
    Tag,
)
from service.domain.subscriber import CONSENTS, Evening, Frequency, GivenBy, Subscriber
from service.domain.zones import Settled, WhichClock, settle
from service.flows.preferences import Change
from service.web.options import times

NONE = "none"
PREFER_NOT = "prefer_not"
YES, NO = "yes", "no"
LANGUAGE = "en"
#: The questionnaire that the page asked, and the tags that it asked about apart.
ASKED, APART = "asked", "apart"
YES_NO: Mapping[str | None, bool] = {YES: True, NO: False}
#: A field that people never see; only a program fills it in.
TRAP = "website"
CONSENT_FIELDS = tuple(f"consent_{what}" for what in CONSENTS)
LONGEST_PAUSE = timedelta(days=2 * 365 + 1)
#: The fields in the order of the page, which is that of the error summary.
FIELDS = (
    "adult", "red_flags", "causes", "conditions", "pregnancy", "pregnant_until",
    "medicines", "alcohol", "severe", "country", "zone", "time", "frequency",
    "stretching", "email", *CONSENT_FIELDS, "until",
)  # fmt: skip

NOT_YET = Settled(zone=UTC, is_confirmed=False)
#: A clock that was pressed is about one country, and counts for no other.
ABOUT = ":"

TICK_ONE = "Tick at least one box. “Prefer not to say” is fine too."
CHOOSE_ONE = "Choose one answer. “Prefer not to say” is fine too."
NEAREST = "Choose the city nearest to you."
FROM_THE_LIST = "Choose one of the answers on the page."
NOT_OVER = "Choose this month or a later one, or leave it open."
CONTRADICTION = "“{alone}” is ticked together with other answers. Untick one of them."
#: Each country by its code.
Countries = Mapping[str, Country]
ALONE = {
    NONE: "None of these",
    NOT_SURE: "Not sure",
    PREFER_NOT: "Prefer not to say",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A form as it was sent: each field with its values, none of them checked."""

    values: Mapping[str, tuple[str, ...]]

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a field."""
        return self.values.get(name, ())

    def one(self, name: str) -> str:
        """The value of a field without spaces around it, "" where there is none."""
        return next(iter(self.many(name)), "").strip()

    def has(self, name: str, value: str) -> bool:
        """Whether a field has this value: what a page ticks again."""
        return value in self.many(name)


NOTHING_ENTERED = Entered(values={})


async def entered(request: Request) -> Entered:
    """The form that a request carries; files are passed over."""
    values: dict[str, tuple[str, ...]] = {}
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                values[name] = (*values.get(name, ()), value)
    return Entered(values=values)


def entered_before(subscriber: Subscriber, questionnaire: Questionnaire) -> Entered:
    """The form as this subscriber last filled it in; what was not asked is not filled in.

    Of answers that they did not give themselves it shows none.
    """
    answers = subscriber.person.answers
    said = answers_to_json(answers)
    evening = subscriber.evening
    clock = clock_value(answers.country, evening.zone)
    later = {one.tag: _yes_no(one.answer) for one in answers.later}
    single: dict[str, object] = {
        "pregnancy": _pregnancy(answers, questionnaire),
        "pregnant_until": said["pregnant_until"] or "",
        "alcohol": said["alcohol"],
        "severe": _yes_no(answers.severe),
        "country": answers.country,
        "stretching": said["stretching"] or PREFER_NOT,
        "clock": clock if evening.is_zone_confirmed else "",
    }
    several = {
        "conditions": _ticked(answers.conditions, CONDITIONS, later),
        "medicines": _ticked(answers.medicines, MEDICINES, later),
        APART: apart(answers, questionnaire),
    }
    causes = {"causes": answers.causes or (NOT_SURE,)}
    own_evening = evening_before(subscriber).values
    if subscriber.given_by is not GivenBy.PERSON:
        where = {name: (str(single[name]),) for name in ("country", "clock")}
        return Entered(values={**where, **own_evening})
    return Entered(
        values={
            **{name: (str(v),) for name, v in (*single.items(), *later.items())},
            **own_evening,
            **several,
            **causes,
        }
    )


def evening_before(subscriber: Subscriber) -> Entered:
    """The part of the form about time and days, as it is for this subscriber."""
    evening = subscriber.evening
    return Entered(
        values={
            "zone": (evening.zone,),
            "time": (f"{evening.minute // 60:02}:{evening.minute % 60:02}",),
            "frequency": (evening.frequency,),
        }
    )


def apart(answers: Answers, questionnaire: Questionnaire) -> tuple[Tag, ...]:
    """The tags that the settings page asks about by themselves.

    A box that is not ticked among many that are would read as a "no" of people who were
    never asked, or would rather not say of this one alone.
    """
    unasked = questionnaire.unasked(answers)
    open_questions = (CONDITIONS, answers.conditions), (MEDICINES, answers.medicines)
    return tuple(
        tag
        for tags, said in open_questions
        for tag in tags
        if tag in unasked
        or any(
            one.tag is tag and (one.answer is None or said is None)
            for one in answers.later
        )
    )


def asking_apart(form: Entered, tags: Iterable[Tag]) -> Entered:
    """The same form, read as one that asked about these tags by themselves."""
    asked = tuple(dict.fromkeys((*form.many(APART), *tags)))
    return Entered(values={**form.values, APART: asked})


def pressed_clock(form: Entered) -> tuple[str, str]:
    """The country and the zone of the clock that was pressed; "" for no zone we take."""
    country, _, zone = form.one("clock").partition(ABOUT)
    return country, known_zone(zone)


def before_the_clock(form: Entered) -> Entered:
    """The form as it was before it was asked which clock is theirs, if it was."""
    zone = form.many("zone_before") or form.many("zone")
    return Entered(values={**form.values, "zone": zone, "zone_before": (), "back": ()})


def clock_value(country: str, zone: str) -> str:
    """What is sent by whoever presses that the time of this zone is theirs."""
    return f"{country}{ABOUT}{zone}"


def is_under_age(form: Entered) -> bool:
    """Whether the person said that they are not 18 yet."""
    return form.one("adult") == NO


def sign_up(
    form: Entered, countries: Countries, *, now: datetime
) -> SignUp | WhichClock:
    """A sign-up, or what to ask first where all else can be taken.

    Raises VisitorError with a problem for each field to mend.
    """
    reader = _Reader(form)
    reader.one("adult", (YES,), "Tell us whether you are 18 or over.")
    address = reader.address()
    for consent in CONSENT_FIELDS:
        reader.one(consent, (YES,), "We need this tick to send you reminders.")
    change = _change(reader, countries, now=now)
    reader.stop_if_problems()
    if isinstance(change, WhichClock):
        return change
    return SignUp(
        address=address,
        answers=change.answers,
        evening=change.evening,
        language=LANGUAGE,
        consents=CONSENTS,
    )


def change(
    form: Entered, countries: Countries, *, now: datetime
) -> Change | WhichClock:
    """New settings of a subscriber, or what to ask first. Raises as sign_up does."""
    reader = _Reader(form)
    changed = _change(reader, countries, now=now)
    reader.stop_if_problems()
    return changed


def evening(form: Entered, before: Evening) -> Evening:
    """New time and days, and another zone where one is chosen. Raises VisitorError.

    A zone that stays as it was is as sure as it was.
    """
    reader = _Reader(form)
    found = reader.evening(reader.zone(before))
    reader.stop_if_problems()
    return found


def profile(form: Entered, countries: Iterable[str], *, answered_on: date) -> Answers:
    """The answers alone, as if given on that day. Raises VisitorError."""
    reader = _Reader(form)
    answers = reader.answers(countries, answered_on=answered_on)
    reader.stop_if_problems()
    return answers


def address(form: Entered) -> str:
    """The e-mail address alone. Raises VisitorError."""
    reader = _Reader(form)
    found = reader.address()
    reader.stop_if_problems()
    return found


def pause_until(form: Entered, *, today: date) -> date | None:
    """The day a pause ends, None for "until I come back". Raises VisitorError."""
    text = form.one("until")
    if not text:
        return None
    try:
        until = date.fromisoformat(text)
    except ValueError:
        until = today
    if until <= today:
        raise VisitorError({"until": "Choose a day after today, or leave it empty."})
    if until - today > LONGEST_PAUSE:
        problem = "Choose a day in the next two years, or leave it empty."
        raise VisitorError({"until": problem})
    return until


def _change(
    reader: "_Reader", countries: Countries, *, now: datetime
) -> Change | WhichClock:
    reader.one("red_flags", (NONE,), "Tick the signs that fit, or “None of these”.")
    clock = reader.clock(countries, now=now)
    # While it must be asked, all else is read for its problems alone.
    known = clock if isinstance(clock, Settled) else NOT_YET
    evening = reader.evening(known)
    answers = reader.answers(countries, answered_on=night_at(evening.zone, now=now))
    if isinstance(clock, WhichClock):
        return clock
    return Change(evening=evening, answers=answers)


class _Reader:
    """Reads one field at a time and notes what is wrong with it."""

    def __init__(self, form: Entered) -> None:
        self._form = form
        self._problems: dict[str, str] = {}

    def stop_if_problems(self) -> None:
        if self._problems:
            fields = dict.fromkeys((*FIELDS, *self._problems))
            order = [field for field in fields if field in self._problems]
            raise VisitorError({field: self._problems[field] for field in order})

    def one(self, name: str, allowed: Iterable[str], otherwise: str) -> str:
        value = self._form.one(name)
        if value not in allowed:
            self._problems[name] = otherwise
        return value

    def clock(self, countries: Countries, *, now: datetime) -> Settled | WhichClock:
        """The zone by the country, the list, the browser, and what was pressed."""
        typed, code = self._form.one("zone"), self._form.one("country")
        zone = known_zone(typed)
        if typed and not zone:
            self._problems["zone"] = NEAREST
        browser = zone_of_browser(self._form.one("browser_zone"), today=now.date())
        return settle(
            countries[code].zones if code in countries else (),
            chosen=zone,
            browser=browser,
            pressed=self._pressed(code, zone),
            now=now,
        )

    def zone(self, before: Evening) -> Settled:
        """The zone that was chosen, or the one of before."""
        typed = self._form.one("zone")
        zone = known_zone(typed)
        if typed and not zone:
            self._problems["zone"] = NEAREST
        if zone in ("", before.zone):
            return Settled(zone=before.zone, is_confirmed=before.is_zone_confirmed)
        return Settled(zone=zone, is_confirmed=False)

    def _pressed(self, country: str, zone: str) -> str:
        """The zone whose time was pressed, "" where the rest of the form is another."""
        about, pressed = pressed_clock(self._form)
        return pressed if about == country and zone in ("", pressed) else ""

    def evening(self, clock: Settled) -> Evening:
        minutes = times()
        time = self.one("time", minutes, "Choose a time.")
        frequency = self.one(
            "frequency", tuple(Frequency), "Choose how often a reminder should come."
        )
        if self._problems.keys() & {"time", "frequency"}:
            return Evening(zone=clock.zone, minute=0, frequency=Frequency.EVERY)
        return Evening(
            zone=clock.zone,
            minute=minutes[time],
            frequency=Frequency(frequency),
            is_zone_confirmed=clock.is_confirmed,
        )

    def answers(self, countries: Iterable[str], *, answered_on: date) -> Answers:
        pregnancy = self._needed("pregnancy")
        until = self._form.one("pregnant_until")
        data = {
            "causes": self._several("causes", (NOT_SURE, PREFER_NOT)),
            "conditions": self._several("conditions", (NONE, PREFER_NOT)),
            "pregnancy": pregnancy,
            "pregnant_until": until
            if until and pregnancy == Pregnancy.PREGNANT
            else None,
            "medicines": self._several("medicines", (NONE, PREFER_NOT)),
            "alcohol": self._needed("alcohol"),
            "severe": {YES: True, NO: False}.get(self._needed("severe") or ""),
            "country": self.one("country", countries, "Choose a country."),
            "stretching": self._needed("stretching"),
            "asked": self._asked().isoformat(),
            "later": {
                tag: {
                    "answer": YES_NO.get(self._needed(tag)),
                    "on": answered_on.isoformat(),
                }
                for tag in self._form.many(APART)
                if tag in (*CONDITIONS, *MEDICINES)
            },
        }
        try:
            answers = parse_answers(data, answered_on=answered_on)
        except BadAnswers as error:
            for name in error.problems:
                self._problems.setdefault(name, FROM_THE_LIST)
            return parse_answers({}, answered_on=answered_on)
        last = answers.pregnant_until
        if last and last < answered_on.replace(day=1):
            self._problems["pregnant_until"] = NOT_OVER
        return answers

    def address(self) -> str:
        try:
            found = validate_email(
                self._form.one("email"),
                check_deliverability=False,
                allow_smtputf8=False,
            )
        except EmailNotValidError:
            self._problems["email"] = (
                "Enter an e-mail address with an @, such as name@example.com."
            )
            return ""
        return found.normalized

    def _asked(self) -> date:
        """The questionnaire of the page; one that does not say it may be an old one."""
        try:
            return date.fromisoformat(self._form.one(ASKED))
        except ValueError:
            return FIRST_ASKED

    def _needed(self, name: str) -> str | None:
        """The one answer; None for "prefer not to say"."""
        value = self._form.one(name)
        if not value:
            self._problems[name] = CHOOSE_ONE
        return None if value in ("", PREFER_NOT) else value

    def _several(self, name: str, alone: Iterable[str]) -> list[str] | None:
        """The ticks; None for "prefer not to say". What stands alone must do so."""
        values = self._form.many(name)
        if not values:
            self._problems[name] = TICK_ONE
        lone = [value for value in alone if value in values]
        if lone and len(values) > 1:
            self._problems[name] = CONTRADICTION.format(alone=ALONE[lone[0]])
        if PREFER_NOT in lone:
            return None
        return [value for value in values if value != NONE]


def _ticked(
    said: tuple[Tag, ...] | None, tags: tuple[Tag, ...], later: Mapping[Tag, str]
) -> tuple[str, ...]:
    """The boxes of a question as they were ticked: none at all has a box of its own."""
    if said is None:
        return (PREFER_NOT,)
    return tuple(t for t in tags if t in said or later.get(t) == YES) or (NONE,)


def _pregnancy(answers: Answers, questionnaire: Questionnaire) -> str:
    """The answer that was given; "" where the question has one that was not asked."""
    later = {one.tag: one.answer for one in answers.later}
    if later.get(Tag.POSTNATAL):
        return Pregnancy.POSTNATAL
    is_open = later.get(Tag.POSTNATAL, False) is None
    is_asked = Tag.POSTNATAL not in questionnaire.unasked(answers)
    return answers.pregnancy if is_asked and not is_open else ""


def _yes_no(answer: bool | None) -> str:  # noqa: FBT001  # what a radio button says
    return {True: YES, False: NO, None: PREFER_NOT}[answer]
