"""The questions as they are shipped, and a tag and a rule that are added to them."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.content.catalogue import load
from service.domain.choice import tonight_for
from service.domain.records import parse_answers
from service.domain.risk import (
    ASKABLE,
    CONDITIONS,
    FIRST_ASKED,
    MEDICINES,
    Answers,
    Tag,
    assess,
)
from service.domain.safety import allow
from service.settings import HERE
from tests.builders import HEALTHY, TODAY, answers

YESTERDAY = date(2026, 11, 28)
NEW_QUESTIONNAIRE = date(2026, 11, 29)
TOMORROW = date(2026, 11, 30)
NEW_RULE = """
[rules.H99]
says = "Trouble swallowing: nothing about bedding."
sources = []
[[rules.H99.cases]]
when = ["swallow"]
never = ["bed_setup"]

[rules.H29]
"""


def told(library, said: Answers, night: date) -> set[str]:
    catalogue = library.catalogue
    profile = assess(said, catalogue.questionnaire, night=night)
    return {tip.id for tip in allow(profile, catalogue).tips}


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """The catalogue of tomorrow: one answer more in the questionnaire, one rule more."""
    config: Path = tmp_path_factory.mktemp("grown") / "config"
    shutil.copytree(HERE / "config", config)
    questions, safety = config / "questions.toml", config / "safety.toml"
    old = 'console = "trouble swallowing" }'
    new = 'console = "trouble swallowing", since = 2026-11-30, alone = "Any trouble?" }'
    text = questions.read_text()
    assert old in text
    questions.write_text(text.replace(old, new))
    text = safety.read_text()
    assert "\n[rules.H29]\n" in text
    safety.write_text(text.replace("\n[rules.H29]\n", NEW_RULE))
    return load(config, HERE / "templates", today=TODAY)


def test_a_tag_that_is_added_with_a_rule_blocks_for_yesterday_s_answers(library, grown):
    yesterday = answers(asked=NEW_QUESTIONNAIRE.isoformat())
    tomorrow = answers(asked=TOMORROW.isoformat())
    assert "U4" in told(library, yesterday, YESTERDAY)

    assert "U4" not in told(grown, yesterday, TOMORROW)
    assert "U4" in told(grown, tomorrow, TOMORROW)
    assert grown.catalogue.questionnaire.version == TOMORROW


def test_the_next_mail_asks_about_what_was_added(grown):
    yesterday = answers(asked=NEW_QUESTIONNAIRE.isoformat())
    tomorrow = answers(asked=TOMORROW.isoformat())

    def asked(said):
        night = tonight_for(said, grown.catalogue, (), seed="1", night=TOMORROW)
        return night.asks

    assert asked(yesterday) is Tag.SWALLOW
    assert asked(tomorrow) is None


def test_people_of_the_first_questionnaire_were_not_asked_about_blood_thinners(library):
    questionnaire = library.catalogue.questionnaire

    for pregnancy in ("no", "trying", "unknown"):
        said = answers(asked=None, answered_on=YESTERDAY, pregnancy=pregnancy)
        assert said.asked == FIRST_ASKED
        assert questionnaire.unasked(said) == (Tag.MED_THINNER,)
    said = answers(asked=None, answered_on=YESTERDAY, pregnancy="pregnant")
    assert questionnaire.unasked(said) == (Tag.POSTNATAL, Tag.MED_THINNER)


def test_a_man_of_70_keeps_his_tips_when_giving_birth_becomes_an_answer(library):
    before = {**HEALTHY, "asked": None, "answered_on": "2026-11-20"}
    before["later"] = {"med_thinner": {"answer": False, "on": "2026-11-29"}}
    old = parse_answers(before, answered_on=YESTERDAY)
    new = answers(answered_on=date(2026, 11, 20))

    assert told(library, old, TODAY) == told(library, new, TODAY)


def test_every_answer_is_asked_by_one_question_and_has_words_for_the_console(library):
    questions = library.questions.by_name

    found = [tag for question in questions.values() for tag in question.answers]

    assert len(found) == len(set(found))
    assert set(ASKABLE) <= {*found}
    assert {*CONDITIONS, *MEDICINES} <= {*found}
    assert library.questions.answers["med_thinner"].console == "takes blood thinners"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"asked": FIRST_ASKED.isoformat()}, "because you have not been asked yet"),
        ({"medicines": None}, "because you chose not to say"),
        (
            {"medicines": ["med_thinner"]},
            "because it is for everyone who gets leg cramps",
        ),
        (
            {"asked": FIRST_ASKED.isoformat(), "stretching": None},
            "because you chose not to say",
        ),
        (
            {"asked": FIRST_ASKED.isoformat(), "conditions": ["clot"]},
            "because it is for everyone who gets leg cramps",
        ),
    ],
)
def test_the_reason_tells_apart_who_was_not_asked_from_who_would_not_say(
    library, said, why
):
    catalogue = library.catalogue
    found = answers(causes=["not_sure"], **said)
    nights = [TODAY + timedelta(days=n) for n in range(60)]

    choices = [
        choice
        for night in nights
        for choice in tonight_for(
            replace(found, answered_on=night), catalogue, (), seed="1", night=night
        ).choices
    ]

    reasons = {library.reason(c.reason) for c in choices if c.tip in ("U3c", "U3b")}
    assert [reason.partition(", so")[0] for reason in reasons] == [why]


def test_a_tip_is_refused_for_what_was_not_asked_in_these_words(grown):
    catalogue = grown.catalogue
    said = answers(asked=NEW_QUESTIONNAIRE.isoformat(), causes=["dehydration"])
    profile = assess(said, catalogue.questionnaire, night=TOMORROW)

    why = {one.tip: one.why for one in allow(profile, catalogue).refused}

    assert why["D1"] == "blocked by swallow (not asked yet)"
