"""The real rules on the real tips: nobody is told what could harm them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.choice import choose, tonight_for
from service.domain.risk import (
    CAUSES,
    CONDITIONS,
    DRINKING,
    MEDICINES,
    Cause,
    RiskProfile,
    Tag,
    assess,
)
from service.domain.safety import allow
from service.domain.tips import Theme
from service.domain.tonight import History, Role, remember
from tests.builders import TODAY, answers, profile

SOME = st.lists(st.sampled_from(CONDITIONS), unique=True)
PROFILES = st.fixed_dictionaries(
    {
        "causes": st.lists(st.sampled_from(CAUSES), unique=True, max_size=4),
        "conditions": st.none() | SOME,
        "pregnancy": st.sampled_from(
            ["no", "pregnant", "postnatal", "trying", "unknown"]
        ),
        "medicines": st.none()
        | st.lists(st.sampled_from(MEDICINES), unique=True, max_size=3),
        "alcohol": st.sampled_from(DRINKING),
        "severe": st.none() | st.booleans(),
        "country": st.sampled_from(["GB", "US", "FR"]),
        "stretching": st.none() | st.sampled_from(["standing", "sitting", "none"]),
    }
)
EVERY_CAUSE = list(CAUSES)


def evenings(library, nights, **said):
    """The tips of so many evenings in a row, by night."""
    history: History = ()
    past = []
    for n in range(nights):
        night = TODAY + timedelta(days=n)
        given_today = answers(answered_on=night, **said)
        tonight = tonight_for(
            given_today, library.catalogue, history, seed="1", night=night
        )
        history = remember(history, tonight.told())
        past.append(tonight.choices)
    return past


@settings(max_examples=300)
@given(PROFILES)
def test_no_tip_with_a_block_tag_that_is_present_or_unknown_may_be_said(library, said):
    found = profile(**said)

    for tip in allow(found, library.catalogue).tips:
        assert not tip.blocks & (found.present | found.unknown)
        assert all(group & found.present for group in tip.requires)


@settings(max_examples=60)
@given(PROFILES)
def test_only_what_may_be_said_is_ever_chosen(library, said):
    may_be_said = {tip.id for tip in allow(profile(**said), library.catalogue).tips}

    for choices in evenings(library, 10, **said):
        assert {choice.tip for choice in choices} <= may_be_said
        assert choices


@settings(max_examples=60)
@given(PROFILES)
def test_everybody_gets_a_lead_and_nothing_drawn_too_soon_again(library, said):
    driven = {rule.tip for rule in library.catalogue.rule_driven}
    allowed = allow(profile(**said), library.catalogue).tips
    told = len([t for t in allowed if t.theme is not Theme.CARE and t.id not in driven])
    last: dict[str, int] = {}
    for n, choices in enumerate(evenings(library, 40, **said)):
        assert sum(choice.role is Role.LEAD for choice in choices) == 1
        for choice in choices:
            if choice.role is Role.FIXED or choice.theme is Theme.CARE:
                continue
            lead_rest, other_rest = max(1, told // 2), told // 3
            rest = (
                min(28, lead_rest) if choice.role is Role.LEAD else min(10, other_rest)
            )
            assert n - last.get(choice.tip, -99) > rest
            last[choice.tip] = n


def cases():
    """Every hard rule with each tag that it is about (evidence.md D.1)."""
    fluids = ("fluids_up", "electrolyte_warning")
    moves = (
        "stretch_standing",
        "stretch_seated",
        "stretch_hamstring",
        "massage",
        "light_activity",
        "walk_program",
    )
    drinks = ("alcohol_limit", "alcohol_swap")
    none = "alcohol_none_tonight"
    table = {
        "H2": (("heart_failure", "kidney", "fluid_limit", "liver", "swallow"), fluids),
        "H3": (("med_diuretic",), ("fluids_up",)),
        "H4": (("kidney", "med_k", "heart_failure"), ("potassium_food",)),
        "H7": (("clot", "op_injury", "no_exercise", "pad_severe"), moves),
        "H8": (("neuro",), (*moves, "warm_bath")),
        "H9": (("balance", "foot_numb"), ("stretch_standing",)),
        "H10": (("back_dx",), ("stretch_hamstring",)),
        "H11": (
            (
                *("foot_numb", "diabetes", "pad", "pad_severe", "neuro", "skin_wound"),
                *("balance", "heart_failure"),
            ),
            ("warm_bath",),
        ),
        "H13": (("pregnant",), (*drinks, none, "stretch_hamstring", "warm_bath")),
        "H14": (("trying",), (*drinks, none)),
        "H15": (("alc_dependent", "alc_unknown"), (*drinks, none)),
        "H16": (("alc_recovery",), (*drinks, none, "alcohol_medicine")),
        "H17": (("alc_none",), (*drinks, none)),
        "H18": (("liver",), (*drinks, none)),
        "H21": (("med_cns", "med_antipsych"), drinks),
        "H23": (("med_glucose",), drinks),
        "H24": (("skin_wound",), ("massage", "walk_program")),
        "H30": (("med_thinner",), ("massage",)),
    }
    return [
        pytest.param(rule, Tag(tag), frozenset(never), id=f"{rule}-{tag}")
        for rule, (tags, never) in table.items()
        for tag in tags
    ]


def with_tag(tag, *, is_known):
    """Somebody with every cause and this one tag, said or not answered."""
    plain = profile(causes=EVERY_CAUSE)
    implied = {Tag.PAD, Tag.BACK_DX, Tag.PREGNANT, Tag.NEURO, Tag.DIABETES}
    present = plain.present - implied - {Tag.ALC_LOW}
    return RiskProfile(
        causes=CAUSES,
        present=present | {tag} if is_known else present,
        unknown=frozenset() if is_known else frozenset({tag}),
        country="GB",
    )


@pytest.mark.parametrize("is_known", [True, False], ids=["ticked", "not answered"])
@pytest.mark.parametrize(("rule", "tag", "never"), cases())
def test_a_hard_rule_holds_on_each_of_sixty_nights(library, rule, tag, never, is_known):
    found = with_tag(tag, is_known=is_known)
    catalogue = library.catalogue
    allowed = allow(found, catalogue)
    spared = {
        tip
        for each in catalogue.rules
        for case in each.cases
        if tag in case.when
        for tip in {*case.instead, *case.spare}
    }
    said: set[str] = set()
    history: History = ()
    for n in range(60):
        night = TODAY + timedelta(days=n)
        tonight = choose(found, allowed, catalogue, history, seed="1", night=night)
        history = remember(history, tonight.told())
        said |= {choice.tip for choice in tonight.choices}

    assert rule in allowed.rules
    forbidden = {t.id for t in catalogue.tips.values() if t.content & never} - spared
    assert forbidden
    assert not said & forbidden
    assert not {tip.id for tip in allowed.tips} & forbidden


def forbidden_by(case, catalogue):
    """What a case forbids, worked out from its words alone."""
    tips = catalogue.tips.values()
    if case.stop:
        return {tip.id for tip in tips}
    forbidden = {
        tip.id
        for tip in tips
        if (tip.theme is not Theme.CARE and tip.content & case.never)
        or tip.theme in case.never_themes
        or tip.id in case.never_tips
        or tip.cause in case.never_causes
    }
    if case.only is not None:
        plain = {tip.id for tip in tips if tip.theme is not Theme.CARE}
        forbidden |= plain - case.only
    return forbidden - set(case.instead) - case.spare


def test_every_case_of_every_rule_holds_on_each_of_sixty_nights(library):
    catalogue, walked = library.catalogue, set()
    for each in catalogue.rules:
        for case in each.cases:
            forbidden = forbidden_by(case, catalogue)
            for tag in case.when:
                found = with_tag(tag, is_known=True)
                allowed = allow(found, catalogue)
                history: History = ()
                for n in range(60):
                    night = TODAY + timedelta(days=n)
                    tonight = choose(
                        found, allowed, catalogue, history, seed="1", night=night
                    )
                    history = remember(history, tonight.told())
                    said = {choice.tip for choice in tonight.choices}
                    assert not said & forbidden, (each.id, tag, night)
                assert each.id in allowed.rules
            walked.add(each.id)

    editorial = {"H5", "H19"}
    assert walked | editorial == {rule.id for rule in catalogue.rules}


@pytest.mark.parametrize(
    ("said", "theme_left"),
    [
        ({"alcohol": "alc_dependent"}, {"A4"}),
        ({"alcohol": "alc_recovery"}, {"A5"}),
        ({"alcohol": "alc_none"}, {"Z7"}),
        ({"alcohol": None}, {"A4"}),
        ({"alcohol": "alc_dependent", "conditions": ["liver"]}, {"A4"}),
    ],
)
def test_of_alcohol_only_what_is_right_for_them_is_left(library, said, theme_left):
    causes = [c for c in CAUSES if c not in (Cause.PREGNANCY, Cause.NEUROMUSCULAR)]

    allowed = allow(profile(causes=causes, **said), library.catalogue)

    assert {t.id for t in allowed.tips if t.theme is Theme.ALCOHOL} == theme_left


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ({"conditions": ["heart_failure"]}, {"U10", "D4"}),
        ({"conditions": ["swallow"]}, {"X4"}),
        ({"conditions": ["clot"]}, {"U13"}),
        ({"conditions": ["neuro"]}, {"X1", "X2", "X3"}),
        ({"conditions": ["foot_numb"]}, {"U2", "P3", "B2", "R3b"}),
        ({"conditions": ["balance"]}, {"U2", "R3b"}),
        ({"conditions": ["back_dx"]}, {"N2", "N3"}),
        ({"conditions": ["pad_severe"]}, {"P4", "P10"}),
        ({"conditions": ["liver"]}, {"A6"}),
        ({"conditions": ["skin_wound"]}, {"B8", "P10"}),
        ({"conditions": ["neck_surgery"]}, {"Y8"}),
        ({"medicines": ["med_diuretic"]}, {"U11", "M6"}),
        ({"medicines": ["med_statin"]}, {"M3"}),
        ({"medicines": ["med_antipsych"]}, {"Z1", "Z4", "A9", "X6"}),
        ({"medicines": ["med_quinine"]}, {"U12"}),
        ({"medicines": ["med_glucose"]}, {"B5", "B7"}),
        ({"pregnancy": "pregnant"}, {"G1", "G2", "G3", "G5", "G6"}),
        ({"pregnancy": "trying"}, {"G5t"}),
        ({"alcohol": "alc_high"}, {"A4"}),
    ],
)
def test_what_the_rules_put_in_place_may_be_said(library, said, instead):
    allowed = allow(profile(causes=["fatigue"], **said), library.catalogue)

    assert instead <= {tip.id for tip in allowed.tips}


@pytest.mark.parametrize("condition", ["balance", "foot_numb"])
def test_who_may_fall_is_not_told_to_walk_about_at_night(library, condition):
    found = profile(causes=["restless_legs"], conditions=[condition])

    allowed = {tip.id for tip in allow(found, library.catalogue).tips}

    assert not allowed & {"U3", "R2", "R2b", "A5"}


def test_the_warning_against_quinine_is_for_everyone(library):
    for pregnancy in ("no", "unknown", "pregnant"):
        allowed = allow(profile(pregnancy=pregnancy), library.catalogue)
        assert "U6" in {tip.id for tip in allowed.tips}


def test_with_stale_answers_only_the_safe_few_and_care_are_left(library):
    stale = profile()
    stale = replace(stale, present=stale.present | {Tag.PROFILE_STALE})

    allowed = allow(stale, library.catalogue)

    plain = {tip.id for tip in allowed.tips if tip.theme is not Theme.CARE}
    assert plain == {"U4", "U5", "U6", "U11", "U3b", "K1"}


@pytest.mark.parametrize(
    ("night", "left"),
    [
        (date(2026, 10, 31), {"G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9"}),
        # Six weeks from the first of November.
        (date(2026, 11, 1), {"G8", "G9"}),
        (date(2026, 12, 12), {"G8", "G9"}),
        (date(2026, 12, 13), set()),
    ],
)
def test_after_the_pregnancy_its_tips_stop_and_its_signs_stay_six_weeks(
    library, night, left
):
    said = answers(
        night, causes=["pregnancy"], pregnancy="pregnant", pregnant_until="2026-10"
    )
    found = assess(said, library.catalogue.questionnaire, night=night)

    allowed = allow(found, library.catalogue)
    tonight = tonight_for(said, library.catalogue, (), seed="1", night=night)

    assert {t.id for t in allowed.tips if t.cause is Cause.PREGNANCY} == left
    assert tonight.ask_answers is (night.month > 10)


def test_after_the_pregnancy_the_signs_come_without_a_word_of_birth(library):
    said = answers(causes=["not_sure"], pregnancy="pregnant", pregnant_until="2026-10")

    tonight = tonight_for(said, library.catalogue, (), seed="1", night=TODAY)

    [sign] = [choice for choice in tonight.choices if choice.tip in ("G8", "G9")]
    assert library.reason(sign.reason) == "because you told us about a pregnancy"


@pytest.mark.parametrize("tag", [Tag.RED_FLAG_NOW, Tag.AGE_U18])
def test_a_warning_sign_or_an_age_under_18_leaves_no_habit_tip(library, tag):
    plain = profile(causes=EVERY_CAUSE)
    found = replace(plain, present=plain.present | {tag})

    themes = {tip.theme for tip in allow(found, library.catalogue).tips}

    assert themes == ({Theme.CARE} if tag is Tag.RED_FLAG_NOW else set())


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_alone_leads_within_three_nights_and_spans_its_themes(
    library, cause
):
    said = {"pregnancy": "pregnant"} if cause is Cause.PREGNANCY else {}
    past = evenings(library, 28, causes=[cause], **said)

    leads = [c for choices in past[:3] for c in choices if c.role is Role.LEAD]
    assert any(choice.cause is cause for choice in leads)
    themes = {c.theme for choices in past for c in choices if c.cause is cause}
    assert len(themes) >= 4


def test_a_heart_failure_year_has_no_advice_to_drink_more(library):
    tips = library.catalogue.tips

    past = evenings(library, 365, causes=["dehydration"], conditions=["heart_failure"])

    said = {choice.tip for choices in past for choice in choices}
    assert not any("fluids_up" in tips[tip].content for tip in said)


def test_prefer_not_to_say_to_everything_still_leaves_something_to_say(library):
    silent: dict[str, Any] = {
        "conditions": None,
        "medicines": None,
        "pregnancy": "unknown",
        "alcohol": None,
        "stretching": None,
    }

    for cause in CAUSES:
        allowed = allow(profile(causes=[cause], **silent), library.catalogue)
        assert len(allowed.tips) >= 7
