"""Safe before clever: what may be said at all."""

import pytest

from service.domain.risk import Cause, Tag
from service.domain.safety import allow, effects
from service.domain.tips import RuleDriven, Theme
from service.domain.tonight import Ground, Reason
from tests.builders import case, catalogue, profile, rule, tip

WALK = tip("P1", cause=Cause.CIRCULATION, content=frozenset({"walk_program"}))
DRINK = tip(
    "F5",
    theme=Theme.HYDRATION,
    content=frozenset({"fluids_up"}),
    blocks=frozenset({Tag.HEART_FAILURE, Tag.KIDNEY}),
)
LIMIT = tip("U10", cause=Cause.UNIVERSAL, theme=Theme.HYDRATION)
CARE = tip("F8", theme=Theme.CARE)


def ids(found):
    return [each.id for each in found.tips]


def test_the_pool_is_their_own_causes_and_what_suits_everyone():
    found = allow(profile(causes=["fatigue"]), catalogue(WALK, DRINK, LIMIT))

    assert ids(found) == ["F5", "U10"]
    assert found.refused == ()


@pytest.mark.parametrize(
    ("conditions", "known"), [(["kidney"], "present"), (None, "not ruled out")]
)
def test_a_tip_is_refused_unless_each_of_its_block_tags_is_known_absent(
    conditions, known
):
    found = allow(profile(conditions=conditions), catalogue(DRINK))

    assert ids(found) == []
    assert known in found.refused[0].why


def test_an_unknown_answer_satisfies_no_requirement():
    statin = tip("M3", requires=(frozenset({Tag.MED_STATIN}),))

    assert ids(allow(profile(medicines=None), catalogue(statin))) == []
    assert ids(allow(profile(medicines=["med_statin"]), catalogue(statin))) == ["M3"]
    refused = allow(profile(medicines=[]), catalogue(statin)).refused[0]
    assert refused.why == "requires med_statin"


def test_any_tag_of_a_required_group_is_enough():
    group = frozenset({Tag.ALC_HIGH, Tag.ALC_UNKNOWN})
    some = catalogue(tip("A4", requires=(group,)))

    assert ids(allow(profile(alcohol=None), some)) == ["A4"]
    assert ids(allow(profile(alcohol="alc_low"), some)) == []


@pytest.mark.parametrize(
    "forbidding",
    [
        {"never": frozenset({"fluids_up"})},
        {"never_themes": frozenset({Theme.HYDRATION})},
        {"never_tips": frozenset({"F5"})},
        {"never_causes": frozenset({Cause.FATIGUE})},
        {"only": frozenset({"U4"})},
        {"stop": True},
    ],
)
def test_a_rule_forbids_by_content_theme_tip_cause_or_altogether(forbidding):
    rules = (rule("H2", case(Tag.DIABETES, **forbidding)),)
    some = catalogue(DRINK, rules=rules)

    assert ids(allow(profile(conditions=["diabetes"]), some)) == []
    assert ids(allow(profile(conditions=[]), some)) == ["F5"]


def test_a_rule_holds_for_those_who_would_rather_not_say():
    rules = (rule("H2", case(Tag.DIABETES, never=frozenset({"fluids_up"}))),)
    lenient = tip("D1", content=frozenset({"fluids_up"}))

    found = allow(profile(conditions=None), catalogue(lenient, rules=rules))

    assert ids(found) == []
    assert found.rules == ("H2",)
    assert found.refused[0].why == "rule H2: H2 says no"


def test_a_rule_puts_another_tip_in_place():
    rules = (rule("H7", case(Tag.DIABETES, instead=("P1",))),)

    found = allow(profile(conditions=["diabetes"]), catalogue(WALK, rules=rules))

    assert ids(found) == ["P1"]
    assert found.brought == {"P1": Reason(ground=Ground.RULE, subject="H7")}


def test_what_a_person_told_us_brings_its_tips_whatever_they_ticked():
    some = catalogue(WALK, follows={Tag.KIDNEY: ("P1",), Tag.LIVER: ("P1",)})

    told = allow(profile(conditions=["kidney"]), some)

    assert ids(told) == ["P1"]
    assert told.brought == {"P1": Reason(ground=Ground.TOLD, subject="kidney")}
    assert ids(allow(profile(conditions=None), some)) == []


def test_what_follows_from_an_answer_is_under_the_rules_like_all_else():
    strict = rule("H9", case(Tag.BALANCE, never=frozenset({"walk_program"})))
    some = catalogue(WALK, rules=(strict,), follows={Tag.KIDNEY: ("P1",)})

    assert ids(allow(profile(conditions=["kidney", "balance"]), some)) == []


def test_a_tip_that_comes_by_rule_is_in_the_pool_of_those_it_is_for():
    driven = RuleDriven(
        tip="P1",
        when=frozenset({Tag.ALC_HIGH}),
        every=7,
        mails=0,
        first=False,
        because="",
    )
    some = catalogue(WALK, rule_driven=(driven,))

    assert ids(allow(profile(alcohol="alc_high"), some)) == ["P1"]
    assert ids(allow(profile(alcohol="alc_low"), some)) == []


def test_what_was_not_answered_puts_nothing_in_place():
    rules = (rule("H7", case(Tag.DIABETES, instead=("P1",))),)

    assert ids(allow(profile(conditions=None), catalogue(WALK, rules=rules))) == []


def test_a_case_never_forbids_its_own_replacement_but_another_may():
    swap = case(Tag.DIABETES, never=frozenset({"fluids_up"}), instead=("F5",))
    strict = case(Tag.BALANCE, never=frozenset({"fluids_up"}))
    some = catalogue(DRINK, rules=(rule("H6", swap, strict),))

    assert ids(allow(profile(conditions=["diabetes"]), some)) == ["F5"]
    assert ids(allow(profile(conditions=["diabetes", "balance"]), some)) == []


def test_a_spared_tip_is_left_alone():
    quiet = case(
        Tag.ALC_NONE,
        never_themes=frozenset({Theme.HYDRATION}),
        spare=frozenset({"F5"}),
    )
    some = catalogue(DRINK, LIMIT, rules=(rule("H17", quiet),))

    assert ids(allow(profile(alcohol="alc_none"), some)) == ["F5"]


def test_no_content_keeps_a_warning_sign_back():
    pull = tip("U9", theme=Theme.CARE, content=frozenset({"fluids_up"}))
    rules = (rule("H2", case(Tag.DIABETES, never=frozenset({"fluids_up"}))),)

    found = allow(profile(conditions=["diabetes"]), catalogue(DRINK, pull, rules=rules))

    assert ids(found) == ["U9"]


RUB = tip("U3", blocks=frozenset({Tag.BALANCE, Tag.CLOT}))
SIT = tip("U3c", blocks=frozenset({Tag.CLOT}), instead_of=frozenset({"U3"}))
REST = tip("U3b", instead_of=frozenset({"U3", "U3c"}))


@pytest.mark.parametrize(
    ("conditions", "said"),
    [([], "U3"), (["balance"], "U3c"), (["balance", "clot"], "U3b"), (None, "U3b")],
)
def test_a_tip_that_is_instead_of_others_is_for_who_may_be_told_none_of_them(
    conditions, said
):
    found = allow(profile(conditions=conditions), catalogue(RUB, SIT, REST))

    assert ids(found) == [said]


def test_why_a_tip_is_not_needed_names_what_is_said():
    found = allow(profile(), catalogue(RUB, SIT, REST))

    assert [refused.why for refused in found.refused] == [
        "said only where U3 may not be",
        "said only where U3 and U3c may not be",
    ]


def test_where_only_a_few_tips_are_left_care_is_among_them():
    rules = (rule("H27", case(Tag.DIABETES, only=frozenset({"U10"}))),)
    some = catalogue(DRINK, LIMIT, CARE, rules=rules)

    assert ids(allow(profile(conditions=["diabetes"]), some)) == ["U10", "F8"]


def test_where_everything_stops_care_stops_too():
    rules = (rule("H1", case(Tag.DIABETES, stop=True)),)

    found = allow(profile(conditions=["diabetes"]), catalogue(CARE, rules=rules))

    assert ids(found) == []


def test_who_stretches_sitting_down_is_not_told_to_stand():
    wall = tip(content=frozenset({"stretch_standing"}))

    found = allow(profile(stretching="sitting"), catalogue(wall))

    assert ids(found) == []
    assert found.refused[0].why == "they stretch sitting down"


def test_each_rule_that_applies_says_what_it_takes_away_and_puts_in():
    rules = (
        rule(
            "H2",
            case(Tag.KIDNEY, never=frozenset({"fluids_up"}), instead=("P1",)),
            case(Tag.SWALLOW, never=frozenset({"walk_program"})),
        ),
        rule("H9", case(Tag.BALANCE, never=frozenset({"fluids_up"}))),
        rule("H27", case(Tag.KIDNEY)),
    )
    some = catalogue(WALK, DRINK, LIMIT, rules=rules)

    found = effects(profile(conditions=["kidney"]), some)

    assert [(one.rule.id, one.forbids, one.brings) for one in found] == [
        # Its own blocks keep the drink back as well: the rule is named all the same.
        ("H2", ("F5",), ("P1",)),
        ("H27", (), ()),
    ]


def test_an_answer_that_was_not_given_forbids_and_puts_nothing_in():
    strict = rule(
        "H2", case(Tag.KIDNEY, never=frozenset({"fluids_up"}), instead=("P1",))
    )
    (found,) = effects(
        profile(conditions=None), catalogue(WALK, DRINK, rules=(strict,))
    )

    assert (found.forbids, found.brings) == (("F5",), ())
