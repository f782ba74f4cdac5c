"""A person's answers in the words of the form, for the browser that gave them."""

from service.content.catalogue import Library
from service.domain.risk import Answers, Stretching, Tag

NOT_SAID = "Prefer not to say"
YES_NO = {True: "Yes", False: "No", None: NOT_SAID}
STRETCHING = {
    Stretching.STANDING: "Standing",
    Stretching.SITTING: "Sitting",
    Stretching.NONE: "Not able to",
    None: NOT_SAID,
}


def answers_in_words(answers: Answers, library: Library) -> tuple[tuple[str, str], ...]:
    """Each question in a few words, with its answer."""
    words = library.questions.answers
    until = answers.pregnant_until
    causes = "; ".join(library.causes[cause] for cause in answers.causes)
    return (
        ("Likely causes", causes[:1].upper() + causes[1:] or "Not sure"),
        ("Conditions", _tags(answers.conditions, library)),
        (
            "Pregnancy",
            words[answers.pregnancy].words
            + (f", until {until:%B %Y}" if until else ""),
        ),
        ("Medicines", _tags(answers.medicines, library)),
        ("Alcohol", words[answers.alcohol].words),
        ("Frequent or severe cramps", YES_NO[answers.severe]),
        ("Stretching", STRETCHING[answers.stretching]),
    )


def _tags(tags: tuple[Tag, ...] | None, library: Library) -> str:
    if tags is None:
        return NOT_SAID
    return (
        "; ".join(library.questions.answers[t].words for t in tags) or "None of these"
    )
