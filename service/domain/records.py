"""Answers, people and histories as JSON: the profile file, the form, the sealed rows."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from service.domain.errors import VisitorError
from service.domain.risk import (
    ASKABLE,
    CAUSES,
    CONDITIONS,
    DRINKING,
    MEDICINES,
    Answers,
    Cause,
    LaterAnswer,
    Pregnancy,
    Questionnaire,
    Stretching,
    Tag,
)
from service.domain.subscriber import Evening, Frequency, GivenBy, Person, Subscriber
from service.domain.tonight import History, Reason, Role, Told, ToldTip, Tonight

NOT_SURE = "not_sure"
NO_COUNTRY = "ZZ"
COUNTRY = re.compile("[A-Z]{2}")
KEYS = (
    "causes",
    "conditions",
    "pregnancy",
    "pregnant_until",
    "medicines",
    "alcohol",
    "severe",
    "country",
    "stretching",
    "answered_on",
    "asked",
    "later",
)
#: Of a row that does not say what was asked: it is one of the first release.
FIRST_QUESTIONNAIRE = Questionnaire()

Word = TypeVar("Word", bound=StrEnum)


class BadAnswers(VisitorError):
    """Answers that cannot be taken; `problems` says which and what is allowed."""


def parse_answers(
    data: Mapping[str, object],
    *,
    answered_on: date,
    questionnaire: Questionnaire = FIRST_QUESTIONNAIRE,
) -> Answers:
    """Answers from the profile-file shape. Raises BadAnswers naming every bad key.

    A missing key or null is "prefer not to say". `answered_on` is the date taken
    where the data has none. Data that does not say what was asked were given to the
    `questionnaire` as it was on the day they were answered.
    """
    problems = {
        key: f"is not a question; the questions are {', '.join(KEYS)}"
        for key in data
        if key not in KEYS
    }
    reader = _Reader(data, problems)
    answered_on = reader.day("answered_on", "%Y-%m-%d") or answered_on
    asked = reader.day("asked", "%Y-%m-%d")
    answers = Answers(
        causes=reader.causes(),
        conditions=reader.tags("conditions", CONDITIONS),
        pregnancy=reader.one("pregnancy", tuple(Pregnancy)) or Pregnancy.UNKNOWN,
        pregnant_until=reader.day("pregnant_until", "%Y-%m"),
        medicines=reader.tags("medicines", MEDICINES),
        alcohol=reader.one("alcohol", DRINKING) or Tag.ALC_UNKNOWN,
        severe=reader.truth("severe"),
        country=reader.country(),
        stretching=reader.one("stretching", tuple(Stretching)),
        answered_on=answered_on,
        asked=asked or questionnaire.version_on(answered_on),
        later=reader.later(),
    )
    if problems:
        raise BadAnswers(problems)
    return answers


class _Reader:
    """Reads one key at a time and notes what is wrong with it."""

    def __init__(self, data: Mapping[str, object], problems: dict[str, str]) -> None:
        self._data = data
        self._problems = problems

    def causes(self) -> tuple[Cause, ...]:
        said = self._data.get("causes")
        if said is None or said == [NOT_SURE]:
            return ()
        return self._words("causes", said, CAUSES) or ()

    def tags(self, key: str, allowed: tuple[Tag, ...]) -> tuple[Tag, ...] | None:
        said = self._data.get(key)
        return None if said is None else self._words(key, said, allowed)

    def one(self, key: str, allowed: tuple[Word, ...]) -> Word | None:
        said = self._data.get(key)
        if said is None:
            return None
        found = self._words(key, [said], allowed)
        return found[0] if found else None

    def truth(self, key: str) -> bool | None:
        said = self._data.get(key)
        if said is None or isinstance(said, bool):
            return said
        self._problems[key] = "must be true, false or null"
        return None

    def day(self, key: str, form: str) -> date | None:
        said = self._data.get(key)
        if said is None:
            return None
        text = f"{said}-01" if form == "%Y-%m" else str(said)
        try:
            return date.fromisoformat(text)
        except ValueError:
            shape = {"%Y-%m": "YYYY-MM"}.get(form, "YYYY-MM-DD")
            self._problems[key] = f"must be a date such as {shape}"
            return None

    def later(self) -> tuple[LaterAnswer, ...]:
        said = self._data.get("later") or {}
        given = said.items() if isinstance(said, Mapping) else [("", said)]
        found = [_later(tag, one) for tag, one in given]
        if None in found:
            shape = '{"answer": true, false or null, "on": "YYYY-MM-DD"}'
            self._problems["later"] = f"must map tags of the questions to {shape}"
        return tuple(one for one in found if one is not None)

    def country(self) -> str:
        said = self._data.get("country")
        if said is None:
            return NO_COUNTRY
        if isinstance(said, str) and COUNTRY.fullmatch(said.upper()):
            return said.upper()
        self._problems["country"] = "must be a two-letter ISO 3166 code such as GB"
        return NO_COUNTRY

    def _words(
        self, key: str, said: object, allowed: tuple[Word, ...]
    ) -> tuple[Word, ...]:
        if not isinstance(said, list | tuple):
            self._problems[key] = "must be a list"
            return ()
        known = [word.value for word in allowed]
        strange = [repr(word) for word in said if word not in known]
        if strange:
            self._problems[key] = (
                f"{', '.join(strange)} is not one of {', '.join(known)}"
            )
            return ()
        return tuple(word for word in allowed if word.value in said)


def answers_to_json(answers: Answers) -> dict[str, object]:
    """The profile-file shape of `answers`; parse_answers reads it back."""
    until = answers.pregnant_until
    return {
        "causes": list(answers.causes) or [NOT_SURE],
        "conditions": _listed(answers.conditions),
        "pregnancy": answers.pregnancy,
        "pregnant_until": until.strftime("%Y-%m") if until else None,
        "medicines": _listed(answers.medicines),
        "alcohol": answers.alcohol,
        "severe": answers.severe,
        "country": None if answers.country == NO_COUNTRY else answers.country,
        "stretching": answers.stretching,
        "answered_on": answers.answered_on.isoformat(),
        "asked": answers.asked.isoformat(),
        "later": {
            one.tag: {"answer": one.answer, "on": one.on.isoformat()}
            for one in answers.later
        },
    }


def _later(tag: object, said: object) -> LaterAnswer | None:
    match said:
        case {"answer": bool() | None as answer, "on": str() as on} if tag in ASKABLE:
            with suppress(ValueError):
                day = date.fromisoformat(on)
                return LaterAnswer(tag=Tag(str(tag)), answer=answer, on=day)
    return None


def _listed(tags: tuple[Tag, ...] | None) -> list[Tag] | None:
    return None if tags is None else list(tags)


def person_to_json(person: Person) -> str:
    """What is sealed in a person's row."""
    answers = answers_to_json(person.answers)
    return json.dumps({"address": person.address, "answers": answers})


def person_from_json(text: str) -> Person:
    """The person that person_to_json wrote."""
    data = json.loads(text)
    answers = parse_answers(data["answers"], answered_on=date.min)
    return Person(address=data["address"], answers=answers)


def history_to_json(history: History) -> str:
    """What a person was told on the last nights, newest last."""
    return json.dumps(
        [
            [told.night.isoformat(), {t.id: t.role for t in told.tips}]
            for told in history
        ]
    )


def history_from_json(text: str) -> History:
    """The history that history_to_json wrote."""
    return tuple(
        Told(
            night=date.fromisoformat(night),
            tips=tuple(ToldTip(id=tip, role=Role(role)) for tip, role in tips.items()),
        )
        for night, tips in json.loads(text)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A chosen tip as it is kept: its reason is in words already."""

    id: str
    role: Role
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """All that is needed to write tonight's reminder; sealed in its outbox row.

    `minute` is the local one it is for; None where nobody chose one. `asks` is the tag
    of the one question that it asks, if any. `evening` is there in the first mail of
    all, which says when they come, and where the mail asks which clock is the person's.
    `is_unanswered`: no answers count; `waiting` is the sign-up whose answers could.
    `generation` is that of their links.
    """

    address: str
    language: str
    country: str
    minute: int | None
    tips: tuple[Said, ...]
    ask_answers: bool
    asks: str | None
    evening: Evening | None = None
    is_first: bool = False
    ask_zone: bool = False
    is_unanswered: bool = False
    waiting: int | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneQuestion:
    """A mail that does nothing but ask which clock is the person's; sealed as well."""

    address: str
    language: str
    country: str
    evening: Evening
    generation: int = 0


def tonight_to_data(
    tonight: Tonight, *, words: Callable[[Reason], str]
) -> dict[str, object]:
    """The record of a night's choice, its reasons in words; JSON-ready."""
    tips = [
        {
            "id": choice.tip,
            "role": choice.role,
            "theme": choice.theme,
            "cause": choice.cause,
            "reason": words(choice.reason),
            "propensity": choice.propensity,
        }
        for choice in tonight.choices
    ]
    return {
        "night": tonight.night.isoformat(),
        "tips": tips,
        "rules": list(tonight.rules),
        "ask_answers": tonight.ask_answers,
        "asks": tonight.asks,
    }


def reminder_to_json(
    subscriber: Subscriber,
    choice: Mapping[str, Any],
    *,
    ask_zone: bool = False,
    waiting: int | None = None,
) -> str:
    """A reminder for the outbox, from what tonight_to_data gave.

    Only what the mail says of it: the night's record keeps the rest. Where the zone is
    in doubt, the deadline may be cut, and tells nothing of how late a mail is.
    """
    person, evening = subscriber.person, subscriber.evening
    is_first = choice["night"] == subscriber.started_on.isoformat()
    said = [
        {"id": tip["id"], "role": tip["role"], "reason": tip["reason"]}
        for tip in choice["tips"]
    ]
    return json.dumps(
        {
            "address": person.address,
            "language": subscriber.language,
            "country": person.answers.country,
            "minute": None if ask_zone else evening.minute,
            "choice": {
                "tips": said,
                "ask_answers": choice["ask_answers"],
                "asks": choice["asks"],
            },
            "evening": _evening_data(evening) if is_first or ask_zone else None,
            "is_first": is_first,
            "ask_zone": ask_zone,
            "is_unanswered": waiting is not None
            or subscriber.given_by is GivenBy.NOBODY,
            "waiting": waiting,
            "generation": subscriber.generation,
        }
    )


def reminder_from_json(text: str) -> Reminder:
    """The reminder that reminder_to_json wrote."""
    data = json.loads(text)
    return Reminder(
        address=data["address"],
        language=data["language"],
        country=data["country"],
        # Those queued by the release before this one say neither this nor what it asks.
        minute=data.get("minute"),
        tips=said(data["choice"]),
        ask_answers=data["choice"]["ask_answers"],
        asks=data["choice"].get("asks"),
        evening=_evening(data["evening"]) if data.get("evening") else None,
        is_first=data.get("is_first", False),
        ask_zone=data.get("ask_zone", False),
        is_unanswered=data.get("is_unanswered", False),
        waiting=data.get("waiting"),
        generation=data.get("generation", 0),
    )


def confirmation_to_json(address: str, *, has_other: bool) -> str:
    """What a confirmation mail says; `has_other`: another browser's sign-up waits too."""
    # The workers of the release before, some of which may still run, read nothing else.
    if not has_other:
        return address
    return json.dumps({"address": address, "has_other": True})


def confirmation_from_json(text: str) -> tuple[str, bool]:
    """The address, and whether there is another sign-up; an invitation has none."""
    # No address begins like this.
    if not text.startswith('{"'):
        return text, False
    data = json.loads(text)
    return data["address"], data["has_other"]


def zone_question_to_json(subscriber: Subscriber) -> str:
    """What the mail says that asks this person which clock is theirs."""
    return json.dumps(
        {
            "address": subscriber.person.address,
            "language": subscriber.language,
            "country": subscriber.person.answers.country,
            "evening": _evening_data(subscriber.evening),
            "generation": subscriber.generation,
        }
    )


def zone_question_from_json(text: str) -> ZoneQuestion:
    """The question that zone_question_to_json wrote."""
    data = json.loads(text)
    return ZoneQuestion(**{**data, "evening": _evening(data["evening"])})


def _evening_data(evening: Evening) -> dict[str, object]:
    return {
        "zone": evening.zone,
        "minute": evening.minute,
        "frequency": evening.frequency,
    }


def _evening(data: Mapping[str, Any]) -> Evening:
    return Evening(
        zone=data["zone"],
        minute=data["minute"],
        frequency=Frequency(data["frequency"]),
    )


def said(choice: Mapping[str, Any]) -> tuple[Said, ...]:
    """The tips of a recorded choice, in the order in which the mail shows them."""
    return tuple(
        Said(id=tip["id"], role=Role(tip["role"]), reason=tip["reason"])
        for tip in choice["tips"]
    )
