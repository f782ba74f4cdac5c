"""The shape of profile files and of what is sealed, and what is wrong with a bad one."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.records import (
    BadAnswers,
    Said,
    answers_to_json,
    confirmation_from_json,
    confirmation_to_json,
    history_from_json,
    history_to_json,
    parse_answers,
    person_from_json,
    person_to_json,
    reminder_from_json,
    reminder_to_json,
    tonight_to_data,
    zone_question_from_json,
    zone_question_to_json,
)
from service.domain.risk import (
    ASKABLE,
    CAUSES,
    CONDITIONS,
    DRINKING,
    FIRST_ASKED,
    MEDICINES,
    AddedTag,
    Cause,
    Questionnaire,
    Tag,
)
from service.domain.subscriber import Person
from service.domain.tips import Theme
from service.domain.tonight import Choice, Ground, Reason, Role, Told, ToldTip, Tonight
from tests.builders import HEALTHY, TODAY, answers, subscriber

ADA = "ada@example.org"
SOME = st.lists(st.sampled_from(CONDITIONS), unique=True)
PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "causes": st.just(["not_sure"])
        | st.lists(st.sampled_from(CAUSES), unique=True, min_size=1),
        "conditions": st.none() | SOME,
        "pregnancy": st.sampled_from(
            ["no", "pregnant", "postnatal", "trying", "unknown"]
        ),
        "pregnant_until": st.none() | st.just("2027-02"),
        "medicines": st.none() | st.lists(st.sampled_from(MEDICINES), unique=True),
        "alcohol": st.none() | st.sampled_from(DRINKING),
        "severe": st.none() | st.booleans(),
        "country": st.none() | st.sampled_from(["GB", "US", "FR"]),
        "stretching": st.none() | st.sampled_from(["standing", "sitting", "none"]),
        "answered_on": st.just("2026-11-20"),
        "asked": st.none() | st.dates().map(date.isoformat),
        "later": st.none()
        | st.dictionaries(
            st.sampled_from(ASKABLE),
            st.fixed_dictionaries(
                {"answer": st.none() | st.booleans(), "on": st.just("2026-12-01")}
            ),
        ),
    },
)


@given(PROFILES)
def test_answers_survive_being_written_and_read(data):
    said = parse_answers(data, answered_on=TODAY)

    assert parse_answers(answers_to_json(said), answered_on=date.min) == said


def test_a_profile_with_nothing_in_it_prefers_not_to_say():
    said = parse_answers({}, answered_on=TODAY)

    assert (said.causes, said.conditions, said.medicines) == ((), None, None)
    assert (said.alcohol, said.severe, said.stretching) == (Tag.ALC_UNKNOWN, None, None)
    assert (said.country, said.answered_on) == ("ZZ", TODAY)


@pytest.mark.parametrize(
    ("answered_on", "asked"),
    [("2026-11-19", FIRST_ASKED), ("2026-11-20", date(2026, 11, 20))],
)
def test_a_file_that_does_not_say_what_was_asked_goes_by_its_day(answered_on, asked):
    since = date(2026, 11, 20)
    new = AddedTag(tag=Tag.SWALLOW, since=since, older={})

    said = parse_answers(
        {**HEALTHY, "asked": None, "answered_on": answered_on},
        answered_on=TODAY,
        questionnaire=Questionnaire(added=(new,)),
    )

    assert said.asked == asked


def test_a_row_of_the_release_before_was_asked_the_first_questions():
    data = answers_to_json(answers(answered_on=date(2099, 1, 1)))
    del data["asked"], data["later"]
    row = json.dumps({"address": "ada@example.org", "answers": data})

    found = person_from_json(row).answers

    assert (found.asked, found.later) == (FIRST_ASKED, ())


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("causes", ["gout"], "'gout' is not one of fatigue"),
        ("conditions", ["kidneys"], "'kidneys' is not one of heart_failure"),
        ("conditions", "kidney", "must be a list"),
        ("conditions", [["kidney"]], "is not one of"),
        ("pregnancy", "maybe", "'maybe' is not one of no"),
        ("pregnant_until", "soon", "must be a date such as YYYY-MM"),
        ("answered_on", "yesterday", "must be a date such as YYYY-MM-DD"),
        ("severe", "yes", "must be true, false or null"),
        ("country", "England", "two-letter"),
        ("country", 44, "two-letter"),
        ("colour", "blue", "is not a question"),
        ("asked", 2, "must be a date such as YYYY-MM-DD"),
        ("later", "yes", "must map tags"),
        ("later", {"severe": {"answer": True, "on": "2026-12-01"}}, "must map tags"),
        ("later", {"kidney": {"answer": "yes", "on": "2026-12-01"}}, "must map tags"),
        ("later", {"kidney": {"answer": True, "on": "today"}}, "must map tags"),
    ],
)
def test_a_bad_answer_is_named_with_what_is_allowed(key, value, words):
    with pytest.raises(BadAnswers) as caught:
        parse_answers({**HEALTHY, key: value}, answered_on=TODAY)

    assert list(caught.value.problems) == [key]
    assert words in caught.value.problems[key]


def test_every_bad_answer_is_named_at_once():
    with pytest.raises(BadAnswers) as caught:
        parse_answers({"causes": ["gout"], "severe": 3}, answered_on=TODAY)

    assert set(caught.value.problems) == {"causes", "severe"}


def test_a_person_survives_being_sealed():
    person = Person(address="ada@example.org", answers=answers(conditions=["kidney"]))

    assert person_from_json(person_to_json(person)) == person


def test_a_history_survives_being_sealed():
    tips = (ToldTip(id="F1", role=Role.LEAD), ToldTip(id="U8", role=Role.FIXED))
    history = (Told(night=TODAY, tips=tips), Told(night=date(2026, 11, 24), tips=()))

    assert history_from_json(history_to_json(history)) == history


def test_a_reminder_keeps_its_tips_and_their_reasons_in_words():
    choice = Choice(
        tip="F1",
        role=Role.LEAD,
        theme=Theme.STRETCHING,
        cause=Cause.FATIGUE,
        reason=Reason(ground=Ground.TICKED, subject=Cause.FATIGUE),
        propensity=0.25,
    )
    tonight = Tonight(night=TODAY, choices=(choice,), rules=("H2",), ask_answers=True)
    data = tonight_to_data(tonight, words=lambda reason: f"because {reason.subject}")

    read = reminder_from_json(reminder_to_json(subscriber(), data))

    assert data["rules"] == ["H2"]
    assert read.address == "person1@example.org"
    assert (read.language, read.country, read.ask_answers) == ("en", "GB", True)
    assert read.minute == 19 * 60
    assert read.tips == (Said(id="F1", role=Role.LEAD, reason="because fatigue"),)


def test_mails_during_an_upgrade_are_written_as_the_release_before_reads_them():
    question = json.loads(zone_question_to_json(subscriber(1)))

    assert confirmation_to_json("ada@example.org", has_other=False) == "ada@example.org"
    assert question.keys() == {"address", "language", "country", "evening"}


def test_what_the_release_before_does_not_know_is_in_a_mail_that_needs_it():
    told = confirmation_to_json("ada@example.org", has_other=True)
    question = zone_question_to_json(subscriber(1, generation=3))

    assert confirmation_from_json(told) == ("ada@example.org", True)
    assert zone_question_from_json(question).generation == 3
