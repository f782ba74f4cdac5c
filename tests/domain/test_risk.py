"""From answers to a risk profile: what is not said counts as risky."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.risk import (
    CAUSES,
    CONDITIONS,
    DRINKING,
    MEDICINES,
    AddedTag,
    Cause,
    LaterAnswer,
    Questionnaire,
    Reading,
    Tag,
    assess,
    joined,
)
from tests.builders import TODAY, answers, profile


def test_what_was_ticked_is_present_and_all_else_is_known_to_be_absent():
    found = profile(conditions=["kidney"], medicines=["med_statin"])

    assert {Tag.KIDNEY, Tag.MED_STATIN, Tag.ALC_LOW, Tag.REGION_UK} == found.present
    assert found.unknown == frozenset()
    assert not found.may_have(Tag.HEART_FAILURE)


@pytest.mark.parametrize(
    ("cause", "tag"),
    [
        (Cause.CIRCULATION, Tag.PAD),
        (Cause.NERVE, Tag.BACK_DX),
        (Cause.NEUROMUSCULAR, Tag.NEURO),
        (Cause.DIABETES, Tag.DIABETES),
    ],
)
def test_a_ticked_cause_says_as_much_as_the_condition(cause, tag):
    assert tag in profile(causes=[cause]).present


@pytest.mark.parametrize("pregnancy", ["pregnant", "unknown"])
def test_pregnancy_as_a_cause_says_as_much_as_the_answer(pregnancy):
    found = profile(causes=[Cause.PREGNANCY], pregnancy=pregnancy)

    assert Tag.PREGNANT in found.present


@pytest.mark.parametrize("pregnancy", ["no", "postnatal", "trying"])
def test_an_answer_about_pregnancy_beats_the_one_that_the_cause_implies(pregnancy):
    found = profile(causes=[Cause.PREGNANCY], pregnancy=pregnancy)

    assert not found.may_have(Tag.PREGNANT)


@pytest.mark.parametrize(
    ("question", "tags"), [("conditions", CONDITIONS), ("medicines", MEDICINES)]
)
def test_prefer_not_to_say_leaves_every_tag_of_the_question_open(question, tags):
    said: dict[str, Any] = {question: None}

    found = profile(**said)

    assert found.unknown == frozenset(tags)
    assert Tag.UNANSWERED in found.present


def test_not_sure_about_medicines_leaves_the_others_open():
    found = profile(medicines=["med_statin", "med_unknown"])

    assert {Tag.MED_STATIN, Tag.MED_UNKNOWN} <= found.present
    assert found.unknown == frozenset(MEDICINES) - {Tag.MED_STATIN, Tag.MED_UNKNOWN}


def test_silence_about_alcohol_is_a_tag_of_its_own():
    found = profile(alcohol=None)

    assert Tag.ALC_UNKNOWN in found.present
    assert found.unknown == frozenset(DRINKING) - {Tag.ALC_UNKNOWN}


def test_silence_about_pregnancy_leaves_all_of_it_open():
    found = profile(pregnancy="unknown")

    assert found.unknown == {Tag.PREGNANT, Tag.TRYING, Tag.POSTNATAL}


def test_trying_for_a_baby_is_known():
    assert Tag.TRYING in profile(pregnancy="trying").present


@pytest.mark.parametrize(
    ("stretching", "tag"), [("none", Tag.NO_EXERCISE), ("sitting", Tag.SEATED_ONLY)]
)
def test_how_a_person_stretches_is_heeded(stretching, tag):
    assert tag in profile(stretching=stretching).present


def test_silence_about_stretching_may_mean_not_able():
    assert profile(stretching=None).unknown == {Tag.NO_EXERCISE}


@pytest.mark.parametrize(("severe", "counts"), [(True, 1), (None, 1), (False, 0)])
def test_cramps_count_as_severe_unless_said_otherwise(severe, counts):
    assert (Tag.SEVERE in profile(severe=severe).present) is bool(counts)


@pytest.mark.parametrize(
    ("country", "tag"),
    [("GB", Tag.REGION_UK), ("US", Tag.REGION_US), ("FR", Tag.REGION_OTHER)],
)
def test_the_country_selects_the_region(country, tag):
    assert tag in profile(country=country).present


@pytest.mark.parametrize(
    ("pregnancy", "nights", "stale"),
    [
        ("no", 90, False),
        ("no", 91, True),
        ("pregnant", 31, False),
        ("pregnant", 32, True),
        ("trying", 32, True),
        ("postnatal", 90, False),
        ("postnatal", 91, True),
    ],
)
def test_answers_grow_stale(pregnancy, nights, stale):
    said = answers(pregnancy=pregnancy)

    found = assess(said, Questionnaire(), night=TODAY + timedelta(days=nights))

    assert (Tag.PROFILE_STALE in found.present) is stale


def test_after_the_named_month_the_pregnancy_is_no_longer_taken_for_granted():
    said = answers(pregnancy="pregnant", pregnant_until="2026-11")

    last = assess(said, Questionnaire(), night=date(2026, 11, 30))
    after = assess(said, Questionnaire(), night=date(2026, 12, 1))

    assert Tag.PREGNANT in last.present
    assert Tag.PREGNANCY_OVER in after.present
    assert Tag.PREGNANT not in after.present
    assert after.may_have(Tag.PREGNANT)


@pytest.mark.parametrize(
    ("night", "is_just_over"),
    [
        (date(2026, 11, 30), False),
        (date(2026, 12, 1), True),
        (date(2027, 1, 11), True),
        (date(2027, 1, 12), False),
    ],
)
def test_a_pregnancy_is_just_over_for_six_weeks(night, is_just_over):
    said = answers(pregnancy="pregnant", pregnant_until="2026-11")

    found = assess(said, Questionnaire(), night=night)

    assert (Tag.PREGNANCY_JUST_OVER in found.present) is is_just_over


def test_having_given_birth_lapses_six_weeks_after_the_answer():
    said = answers(pregnancy="postnatal")

    last = assess(said, Questionnaire(), night=TODAY + timedelta(days=42))
    after = assess(said, Questionnaire(), night=TODAY + timedelta(days=43))

    assert Tag.POSTNATAL in last.present
    assert not after.may_have(Tag.POSTNATAL)
    assert not last.may_have(Tag.PREGNANT)


@given(st.sets(st.sampled_from(CAUSES)), st.sets(st.sampled_from(CONDITIONS)))
def test_no_tag_is_both_present_and_unknown(causes, conditions):
    found = profile(
        causes=sorted(causes), conditions=sorted(conditions), medicines=None
    )

    assert not found.present & found.unknown
    assert conditions <= found.present


ADDED_ON = TODAY + timedelta(days=1)
#: Today's questionnaire, to which tomorrow two answers are added.
QUESTIONNAIRE = Questionnaire(
    added=(
        AddedTag(tag=Tag.SWALLOW, since=ADDED_ON, older={}),
        AddedTag(
            tag=Tag.POSTNATAL,
            since=ADDED_ON + timedelta(days=1),
            older={"no": Reading.ABSENT, "unknown": Reading.UNKNOWN},
        ),
    )
)


def added(night=TODAY, **said):
    """The risk profile by QUESTIONNAIRE of people who answered the one before it."""
    given_ = answers(**{"asked": TODAY.isoformat(), **said})
    return assess(given_, QUESTIONNAIRE, night=night)


def told(tag, answer, on=TODAY):
    return {tag: {"answer": answer, "on": on.isoformat()}}


def test_a_tag_that_was_added_after_the_answer_is_not_known():
    found = added()

    assert found.unknown == found.unasked == {Tag.SWALLOW}
    assert Tag.UNANSWERED not in found.present


def test_a_tag_that_was_on_the_form_and_not_ticked_is_known_to_be_absent():
    assert added(asked=QUESTIONNAIRE.version.isoformat()).unknown == frozenset()


def test_whoever_named_a_tag_before_it_was_asked_has_it():
    found = added(conditions=["swallow"])

    assert Tag.SWALLOW in found.present
    assert found.unknown == frozenset()


@pytest.mark.parametrize(
    ("pregnancy", "is_unknown", "is_unasked"),
    [("no", False, False), ("unknown", True, False), ("pregnant", True, True)],
)
def test_older_answers_read_as_the_new_questionnaire_says(
    pregnancy, is_unknown, is_unasked
):
    found = added(pregnancy=pregnancy)

    assert (Tag.POSTNATAL in found.unknown) is is_unknown
    assert (Tag.POSTNATAL in found.unasked) is is_unasked


@pytest.mark.parametrize(("answer", "may_have"), [(True, 1), (None, 1), (False, 0)])
def test_the_answer_to_the_question_alone_settles_its_tag(answer, may_have):
    found = added(later=told("swallow", answer))

    assert found.may_have(Tag.SWALLOW) is bool(may_have)
    assert (Tag.SWALLOW in found.present) is (answer is True)
    assert (Tag.UNANSWERED in found.present) is (answer is None)
    assert found.unasked == frozenset()


def test_the_answer_to_the_question_alone_says_more_than_silence_about_the_rest():
    found = added(conditions=None, later=told("swallow", answer=False))

    assert not found.may_have(Tag.SWALLOW)
    assert found.may_have(Tag.KIDNEY)


def test_having_given_birth_ends_the_pregnancy_and_lapses_from_its_own_answer():
    on = TODAY + timedelta(days=20)
    said = {"pregnancy": "pregnant", "later": told("postnatal", answer=True, on=on)}

    found = added(night=on + timedelta(days=42), **said)
    after = added(night=on + timedelta(days=43), **said)

    assert Tag.POSTNATAL in found.present
    assert not after.may_have(Tag.POSTNATAL)
    assert not found.may_have(Tag.PREGNANT)


def test_whoever_is_pregnant_and_gave_no_birth_stays_pregnant():
    found = added(pregnancy="pregnant", later=told("postnatal", answer=False))

    assert Tag.PREGNANT in found.present
    assert not found.may_have(Tag.POSTNATAL)


def test_a_questionnaire_knows_which_one_was_in_use_on_a_day():
    first = Questionnaire().version

    assert QUESTIONNAIRE.version == ADDED_ON + timedelta(days=1)
    assert QUESTIONNAIRE.version_on(TODAY) == first
    assert QUESTIONNAIRE.version_on(ADDED_ON) == ADDED_ON
    assert QUESTIONNAIRE.version_on(date.max) == QUESTIONNAIRE.version


def test_each_added_tag_has_a_number_of_its_own():
    assert [QUESTIONNAIRE.number(one.tag) for one in QUESTIONNAIRE.added] == [1, 2]
    with pytest.raises(ValueError, match="not in list"):
        QUESTIONNAIRE.number(Tag.KIDNEY)


@given(
    st.sets(st.sampled_from(CONDITIONS)),
    st.sampled_from(["no", "pregnant", "trying", "postnatal", "unknown"]),
    st.dictionaries(
        st.sampled_from([Tag.SWALLOW, Tag.POSTNATAL]), st.none() | st.booleans()
    ),
)
def test_being_asked_less_never_allows_more(conditions, pregnancy, later):
    """What blocks for people who were asked everything blocks for those who were not."""
    given_ = answers(
        conditions=sorted(conditions),
        pregnancy=pregnancy,
        later={tag: {"answer": a, "on": "2026-11-23"} for tag, a in later.items()},
    )
    less = replace(given_, asked=TODAY)

    known = assess(given_, QUESTIONNAIRE, night=TODAY)
    found = assess(less, QUESTIONNAIRE, night=TODAY)

    assert known.present - {Tag.UNANSWERED} == found.present - {Tag.UNANSWERED}
    assert known.unknown <= found.unknown
    assert not found.present & found.unknown


def test_a_later_answer_is_kept_as_it_was_given():
    on = date(2026, 12, 1)

    said = answers(later={"swallow": {"answer": None, "on": "2026-12-01"}})

    assert said.later == (LaterAnswer(tag=Tag.SWALLOW, answer=None, on=on),)


@given(st.lists(st.sampled_from(CONDITIONS), unique=True), st.booleans())
def test_of_answers_in_doubt_only_what_all_deny_is_absent(conditions, is_silent):
    mine = profile(causes=["fatigue"], conditions=conditions)
    theirs = profile(causes=["nerve"], medicines=None if is_silent else ["med_statin"])

    both = joined(mine, [theirs])

    for tag in Tag:
        assert both.may_have(tag) == (mine.may_have(tag) or theirs.may_have(tag))
    assert both.causes == (Cause.FATIGUE, Cause.NERVE)
    assert both.country == mine.country
    assert joined(mine, []) == mine


def test_what_one_set_of_answers_names_is_not_unasked():
    questionnaire = Questionnaire(
        added=(AddedTag(tag=Tag.KIDNEY, since=date(2027, 1, 1), older={}),)
    )
    unasked = assess(answers(), questionnaire, night=TODAY)
    named = profile(conditions=["kidney"])

    both = joined(unasked, [named])

    assert Tag.KIDNEY in unasked.unasked
    assert Tag.KIDNEY in both.present
    assert (both.unknown, both.unasked) == (frozenset(), frozenset())


def test_answers_say_the_same_on_whatever_day_they_were_given():
    said = answers(later={"kidney": {"answer": True, "on": "2026-11-23"}})
    again = answers(
        later={"kidney": {"answer": True, "on": "2026-12-01"}},
        answered_on=TODAY + timedelta(days=8),
    )
    other = answers(later={"kidney": {"answer": None, "on": "2026-11-23"}})

    assert again.says_the_same(said)
    assert not other.says_the_same(said)
    assert not answers(asked="2026-11-01").says_the_same(answers())
