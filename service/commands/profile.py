"""Profile files: the answers of a sign-up form as JSON, for preview and tips."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

from service.content.catalogue import Library
from service.domain.errors import Misconfigured
from service.domain.records import BadAnswers, parse_answers
from service.domain.risk import Answers


def read_profile(path: Path, library: Library, *, answered_on: date) -> Answers:
    """The answers in the file, taken as given on that day. Raises Misconfigured.

    Where the file does not say what was asked, the day that it says itself tells.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise _unusable(path, f"is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise _unusable(path, "must hold one JSON object")
    try:
        questionnaire = library.catalogue.questionnaire
        answers = parse_answers(
            data, answered_on=answered_on, questionnaire=questionnaire
        )
    except BadAnswers as error:
        raise _unusable(path, str(error)) from error
    if answers.country not in library.countries_by_code:
        wrong = f"country: '{answers.country}' is no ISO 3166 code (the UK is GB)"
        raise _unusable(path, wrong)
    return replace(answers, answered_on=answered_on)


def _unusable(path: Path, what: str) -> Misconfigured:
    return Misconfigured(
        what=what,
        where=f"profile {path}",
        remedy="The shape of a profile file is described in docs/content.md",
    )
