"""A look at the mail that a profile would get on a night; needs no database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from service.content.catalogue import Library
from service.domain.choice import tonight_for
from service.domain.records import Reminder, said, tonight_to_data
from service.domain.risk import Answers, assess
from service.domain.safety import Effect, Refused, allow, effects
from service.domain.tonight import History, remember
from service.mail.letters import Letters, Written

ADDRESS = "you@example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One night's mail, the choice behind it (choice.json), and the history with it."""

    letter: Written
    choice: dict[str, object]
    history: History


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A first night's mail beside the safety rules that applied.

    `refused` are the tips of this profile's pool that may not be said, and why;
    `may_be_said` counts the others.
    """

    draft: Draft
    effects: tuple[Effect, ...]
    refused: tuple[Refused, ...]
    may_be_said: int


def look(
    library: Library,
    letters: Letters,
    answers: Answers,
    *,
    language: str,
    night: date,
) -> Look:
    """What somebody with these answers would get first, on that night, and why."""
    profile = assess(answers, library.catalogue.questionnaire, night=night)
    allowed = allow(profile, library.catalogue)
    return Look(
        draft=draft(library, letters, answers, (), language=language, night=night),
        effects=effects(profile, library.catalogue),
        refused=allowed.refused,
        may_be_said=len(allowed.tips),
    )


def draft(
    library: Library,
    letters: Letters,
    answers: Answers,
    history: History,
    *,
    language: str,
    night: date,
) -> Draft:
    """The reminder for these answers on that night, dated at seven in the evening."""
    tonight = tonight_for(
        answers, library.catalogue, history, seed="preview", night=night
    )
    choice = tonight_to_data(tonight, words=library.reason)
    reminder = Reminder(
        address=ADDRESS,
        language=language,
        country=answers.country,
        minute=None,
        tips=said(choice),
        ask_answers=tonight.ask_answers,
        asks=tonight.asks,
    )
    evening = datetime.combine(night, time(19), tzinfo=UTC)
    return Draft(
        letter=letters.preview(reminder, night, now=evening),
        choice=choice,
        history=remember(history, tonight.told()),
    )
