"""30,000 invented people, each held against rules that were typed a second time."""

import ast
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.domain.choice import tonight_for
from service.domain.records import parse_answers
from service.domain.risk import assess
from service.domain.safety import allow
from service.domain.tonight import History, remember
from tests.oracle import care

PEOPLE = 30_000
#: People whose mails are read night by night, and for how many nights.
READERS, NIGHTS = 240, 31
TODAY = date(2026, 12, 1)
ASKED = (None, "2026-11-01", "2026-11-29")
UNTIL = ("2026-09", "2026-10", "2026-11", "2027-01", "2027-04")
#: Questions that a mail put by themselves, and how they were answered.
LATER = {"med_thinner": (True, False, None), "postnatal": (False,)}


def invented(rng):
    """Answers of anybody: every question said or left open, fresh or old."""

    def some(options, most):
        if rng.random() < 0.1:
            return None
        return rng.sample(options, min(len(options), rng.choice(range(most + 1))))

    return {
        "causes": rng.sample([*care.CAUSE.values()], rng.choice((0, 1, 1, 2, 3))),
        "conditions": some(care.CONDITIONS, 4),
        "medicines": some(care.MEDICINES, 4),
        "pregnancy": rng.choice(
            ("no", "no", "no", "pregnant", "postnatal", "trying", "unknown")
        ),
        "pregnant_until": rng.choice((None, *UNTIL)),
        "alcohol": rng.choice((None, *care.DRINKING)),
        "severe": rng.choice((None, True, False)),
        "country": rng.choice(("GB", "US", "FR")),
        "stretching": rng.choice((None, "standing", "sitting", "none")),
        "answered_on": TODAY - timedelta(days=rng.choice((0, 0, 1, 20, 40, 60, 100))),
        "asked": rng.choice(ASKED),
        "later": {
            tag: {"answer": rng.choice(answers), "on": TODAY.isoformat()}
            for tag, answers in LATER.items()
            if rng.random() < 0.2
        },
    }


def read(library, said):
    """The answers as the product reads them from a profile file."""
    file = {**said, "answered_on": said["answered_on"].isoformat()}
    questionnaire = library.catalogue.questionnaire
    return parse_answers(file, answered_on=TODAY, questionnaire=questionnaire)


def may_be_told(library, said):
    questionnaire = library.catalogue.questionnaire
    found = assess(read(library, said), questionnaire, night=TODAY)
    return {tip.id for tip in allow(found, library.catalogue).tips}


def test_the_oracle_knows_nothing_of_the_product():
    tree = ast.parse(Path(care.__file__).read_text())

    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert imported == {"collections.abc", "dataclasses", "datetime", "typing"}


def test_the_oracle_names_no_tip_that_is_not_there(library):
    named = {*care.OWN, *care.ONLY, *care.SIGNS, *care.SAFE_FOR_ALL}
    for tips in (*(tips for _, _, tips in care.RULES), *care.INSTEAD.values()):
        named |= set(tips.split())

    assert named <= set(library.catalogue.tips)


@pytest.mark.parametrize("third", [1, 2, 3])
def test_of_thirty_thousand_people_nobody_may_be_told_what_is_not_for_them(
    library, third
):
    rng = random.Random(third)  # noqa: S311  # invents, keeps no secret
    reached: set[str] = set()
    for _ in range(PEOPLE // 3):
        said = invented(rng)
        who = care.person(said, night=TODAY)

        told = may_be_told(library, said)

        assert not care.wrong(told, who), said
        assert care.owed(who) <= told, said
        assert len(told & {"U3", "U3c", "U3b"}) == 1, said
        assert len(told & {"U9", "U9b"}) == 1, said
        reached |= told
    assert reached == set(library.catalogue.tips)


def test_no_mail_says_what_is_not_for_its_reader_and_every_sign_comes_in_turn(library):
    rng = random.Random(4)  # noqa: S311  # the same
    for number in range(READERS):
        said = {**invented(rng), "answered_on": TODAY}
        answers = read(library, said)
        history: History = ()
        shown: list[set[str]] = []
        for n in range(NIGHTS):
            night = TODAY + timedelta(days=n)
            tonight = tonight_for(
                answers, library.catalogue, history, seed=str(number), night=night
            )
            history = remember(history, tonight.told())
            shown.append({choice.tip for choice in tonight.choices})
            who = care.person(said, night=night)
            assert not care.wrong(shown[-1], who), (said, night)
        # Each of the n signs for somebody is in their first n mails.
        signs = may_be_told(library, said).intersection(care.SIGNS)
        assert signs <= set().union(*shown[: len(signs)]), said


def fine(**named):
    """Somebody with nothing to watch out for, but for what is named."""
    plain: dict[str, object] = {
        "causes": ["alcohol"],
        "conditions": [],
        "medicines": [],
        "pregnancy": "no",
        "pregnant_until": None,
        "alcohol": "alc_low",
        "severe": False,
        "country": "GB",
        "stretching": "standing",
        "answered_on": TODAY,
        "asked": None,
        "later": {},
    }
    return {**plain, **named}


@pytest.mark.parametrize("tag", sorted(care.TOLD))
def test_who_told_us_of_it_is_shown_its_signs_whatever_cause_they_ticked(library, tag):
    said = fine(causes=[])
    if tag in care.CONDITIONS:
        said["conditions"] = [tag]
    elif tag in care.MEDICINES:
        said["medicines"] = [tag]
    elif tag in care.DRINKING:
        said["alcohol"] = tag
    elif tag == "just_over":
        said.update(pregnancy="pregnant", pregnant_until="2026-11")
    else:
        said.update(pregnancy=tag, medicines=["med_thinner"])

    told = may_be_told(library, said)

    assert set(care.TOLD[tag].split()) <= told


@pytest.mark.parametrize("drink", ["A2", "F6", "N5", "Y6", "P7", "D7"])
def test_who_takes_diabetes_medicine_may_hear_of_a_night_without_a_drink(
    library, drink
):
    causes = ["alcohol", "fatigue", "nerve", "thyroid", "circulation", "dehydration"]
    said = fine(causes=causes, medicines=["med_glucose"])

    assert drink in may_be_told(library, said)


@pytest.mark.parametrize(
    "named",
    [
        {"causes": ["neuromuscular"], "pregnancy": "pregnant"},
        {"causes": ["neuromuscular"], "medicines": ["med_quinine"]},
    ],
)
def test_who_may_not_hear_of_quinine_may_still_ask_the_team(library, named):
    told = may_be_told(library, fine(**named))

    assert "X7b" in told
    assert "X7" not in told
