"""Tonight's tips: rotation, rest, reasons and an exact repeat."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.domain.choice import choose
from service.domain.risk import Cause, Tag
from service.domain.safety import Allowed, allow
from service.domain.tips import Evidence, RuleDriven, Theme
from service.domain.tonight import (
    HISTORY_MAILS,
    HISTORY_NIGHTS,
    Ground,
    History,
    Reason,
    Role,
    Told,
    ToldTip,
    remember,
)
from tests.builders import TODAY, case, catalogue, profile, rule, tip

DRAWN = (Role.LEAD, Role.SECOND, Role.THIRD)
THEMES = (Theme.STRETCHING, Theme.HYDRATION, Theme.HABIT)
OWN = tuple(tip(f"F{n}", theme=THEMES[n % 3]) for n in range(9))
CARE = tip("F99", theme=Theme.CARE, every=7)
DOCTOR = tip("U8", cause=Cause.UNIVERSAL, theme=Theme.CARE)
EVERYONES = tuple(
    tip(f"U{n}", cause=Cause.UNIVERSAL, theme=THEMES[n % 3]) for n in range(20, 29)
)
PLENTY = catalogue(*OWN, *EVERYONES, CARE, DOCTOR)


def chosen(some, history=(), night=TODAY, seed="1", **said):
    found = profile(night, **said)
    return choose(found, allow(found, some), some, history, seed=seed, night=night)


def evenings(some, nights, seed="1", **said):
    """That many evenings in a row, each with the history of those before."""
    history: History = ()
    past = []
    for n in range(nights):
        past.append(chosen(some, history, TODAY + timedelta(days=n), seed, **said))
        history = remember(history, past[-1].told())
    return past


def drawn(tonight):
    return [choice for choice in tonight.choices if choice.role in DRAWN]


def lead(tonight):
    return next(choice for choice in tonight.choices if choice.role is Role.LEAD)


@given(st.text(), st.integers(0, 400))
def test_a_replan_gives_the_same_mail(seed, nights):
    night = TODAY + timedelta(days=nights)

    assert chosen(PLENTY, (), night, seed) == chosen(PLENTY, (), night, seed)


def test_what_a_later_night_said_changes_nothing():
    future = Told(night=TODAY, tips=(ToldTip(id="F1", role=Role.LEAD),))

    assert chosen(PLENTY, (future,)) == chosen(PLENTY)


def test_two_people_get_different_mails():
    assert len({lead(chosen(PLENTY, seed=str(n))).tip for n in range(40)}) > 1


@given(st.text())
def test_tonights_tips_come_from_different_themes(seed):
    for tonight in evenings(PLENTY, 14, seed):
        themes = [choice.theme for choice in drawn(tonight)]
        assert 1 <= len(themes) <= 3
        assert len(set(themes)) == len(themes)


@given(st.text())
def test_nothing_drawn_is_said_again_before_it_has_rested(seed):
    told = len(OWN) + len(EVERYONES)
    last: dict[str, int] = {}
    for n, tonight in enumerate(evenings(PLENTY, 60, seed)):
        for choice in drawn(tonight):
            rest = (
                min(28, told // 2) if choice.role is Role.LEAD else min(10, told // 3)
            )
            assert n - last.get(choice.tip, -99) > rest
            last[choice.tip] = n


def test_a_tip_for_their_own_cause_leads_while_one_has_rested():
    leads = [lead(tonight) for tonight in evenings(PLENTY, 3)]

    assert {choice.cause for choice in leads} == {Cause.FATIGUE}
    assert leads[0].reason == Reason(ground=Ground.TICKED, subject="fatigue")


def test_who_is_not_sure_is_told_what_suits_everyone():
    tonight = chosen(PLENTY, causes=["not_sure"])

    assert lead(tonight).reason.ground is Ground.EVERYONE


def test_a_tip_that_a_rule_put_in_place_says_so():
    rules = (rule("H9", case(Tag.BALANCE, instead=("P1",))),)
    some = catalogue(tip("P1", cause=Cause.CIRCULATION), rules=rules)

    tonight = chosen(some, conditions=["balance"])

    assert lead(tonight).reason == Reason(ground=Ground.RULE, subject="H9")
    assert tonight.rules == ("H9",)


def test_a_tip_that_an_answer_brings_says_so():
    some = catalogue(tip("P1", cause=Cause.CIRCULATION), follows={Tag.BALANCE: ("P1",)})

    tonight = chosen(some, conditions=["balance"])

    assert lead(tonight).reason == Reason(ground=Ground.TOLD, subject="balance")


def test_better_evidence_leads_more_often():
    some = catalogue(tip("F1", evidence=Evidence.HIGH), tip("F2"))

    leads = [lead(chosen(some, seed=str(n))) for n in range(300)]

    assert sum(choice.tip == "F1" for choice in leads) > 270


def test_the_propensity_is_the_share_of_people_who_draw_the_tip():
    some = catalogue(
        tip("F1", evidence=Evidence.VERY_LOW), tip("F2", evidence=Evidence.EXPERT)
    )

    leads = [lead(chosen(some, seed=str(n))) for n in range(4000)]

    first = [choice for choice in leads if choice.tip == "F1"]
    assert abs(len(first) / 4000 - first[0].propensity) < 0.03


def test_a_theme_keeps_to_its_cadence():
    some = catalogue(
        *OWN,
        *(tip(f"M{n}", theme=Theme.MEDICATION) for n in range(6)),
        cadence={Theme.MEDICATION: {"gap": 6}},
    )

    nights = [
        n
        for n, tonight in enumerate(evenings(some, 90))
        if any(choice.theme is Theme.MEDICATION for choice in tonight.choices)
    ]

    assert nights
    assert all(later - sooner > 6 for sooner, later in pairwise(nights))


def test_a_theme_with_weekdays_comes_second_only_on_those():
    some = catalogue(
        *OWN,
        *EVERYONES,
        *(tip(f"A{n}", cause=Cause.UNIVERSAL, theme=Theme.ALCOHOL) for n in range(9)),
        cadence={Theme.ALCOHOL: {"weekdays": frozenset({3, 4, 5})}},
    )

    weekdays = {
        tonight.night.weekday()
        for tonight in evenings(some, 60)
        for choice in drawn(tonight)
        if choice.theme is Theme.ALCOHOL and choice.role is not Role.LEAD
    }

    assert weekdays <= {3, 4, 5}


STATIN = RuleDriven(
    tip="M3",
    when=frozenset({Tag.MED_STATIN}),
    every=30,
    mails=0,
    first=False,
    because="",
)
SEVERE = RuleDriven(
    tip="U8",
    when=frozenset({Tag.SEVERE}),
    every=1,
    mails=0,
    first=True,
    because="",
)


def test_a_rule_driven_tip_comes_on_its_own_nights_and_is_never_drawn():
    some = catalogue(*OWN, tip("M3", theme=Theme.MEDICATION), rule_driven=(STATIN,))

    past = evenings(some, 61, medicines=["med_statin"])

    shown = [
        (n, choice.role, choice.propensity)
        for n, tonight in enumerate(past)
        for choice in tonight.choices
        if choice.tip == "M3"
    ]
    assert shown == [(n, Role.FIXED, 1.0) for n in (0, 30, 60)]
    assert all(choice.tip != "M3" for choice in chosen(some).choices)


def test_for_severe_cramps_see_a_doctor_opens_every_mail_once():
    some = catalogue(
        *OWN, DOCTOR, tip("M3", theme=Theme.MEDICATION), rule_driven=(STATIN, SEVERE)
    )

    for tonight in evenings(some, 10, severe=True, medicines=["med_statin"]):
        ids = [choice.tip for choice in tonight.choices]
        assert ids[0] == "U8"
        assert ids.count("U8") == 1


SIGNS = tuple(tip(f"F9{n}", theme=Theme.CARE, every=7) for n in range(4))


def nights_of(past, id_):
    return [
        n for n, tonight in enumerate(past) for c in tonight.choices if c.tip == id_
    ]


def test_each_warning_sign_comes_up_in_its_turn_and_not_twice_in_seven_mails():
    seldom = tip("F97", theme=Theme.CARE, every=30)
    some = catalogue(*OWN, *SIGNS, seldom, DOCTOR)

    past = evenings(some, 40)

    assert [nights_of(past, sign.id)[:3] for sign in SIGNS] == [
        [n, n + 7, n + 14] for n in range(4)
    ]
    assert nights_of(past, "F97") == [4, 34]


def test_mails_are_counted_not_nights():
    some = catalogue(*OWN, *SIGNS[:1], DOCTOR)
    history: History = ()
    shown = []
    for n in range(0, 140, 14):
        tonight = chosen(some, history, TODAY + timedelta(days=n))
        history = remember(history, tonight.told())
        shown.append("F90" in [choice.tip for choice in tonight.choices])

    assert shown == [True, *[False] * 6, True, False, False]


def test_a_sign_that_comes_by_rule_stands_with_the_signs_and_keeps_to_its_mails():
    tablets = RuleDriven(
        tip="G7b",
        when=frozenset({Tag.PREGNANT}),
        every=0,
        mails=7,
        first=False,
        because="",
    )
    some = catalogue(
        *OWN, CARE, tip("G7b", theme=Theme.CARE), DOCTOR, rule_driven=(tablets,)
    )

    past = evenings(some, 16, pregnancy="pregnant")

    assert nights_of(past, "G7b") == [0, 7, 14]
    assert [choice.tip for choice in past[0].choices][-3:] == ["F99", "G7b", "U8"]


def test_the_fixed_place_holds_see_a_doctor_and_a_sign_of_their_own_causes():
    fixed = [c.tip for c in chosen(PLENTY).choices if c.role is Role.FIXED]

    assert fixed == ["F99", "U8"]


def test_without_a_tip_for_their_cause_a_sign_of_it_leads_now_and_then():
    some = catalogue(CARE, DOCTOR, *EVERYONES)

    leads = [lead(tonight).tip for tonight in evenings(some, 12)]

    assert leads[0] == "F99"
    assert leads.count("F99") == 2


def test_where_nothing_has_rested_a_care_tip_leads():
    some = catalogue(OWN[0], CARE, DOCTOR, tip("F98", theme=Theme.CARE))

    leads = [lead(tonight) for tonight in evenings(some, 6)]

    assert {choice.tip for choice in leads} > {"F0"}
    assert all(sooner.tip != later.tip for sooner, later in pairwise(leads))


def test_where_nothing_may_be_said_the_plain_mail_remains():
    found = profile()
    nothing = Allowed(tips=(), refused=(), rules=(), brought={})

    tonight = choose(found, nothing, PLENTY, (), seed="1", night=TODAY)

    assert tonight.choices == ()


def test_stale_answers_are_asked_for():
    found = profile(TODAY)
    stale = replace(found, present=found.present | {Tag.PROFILE_STALE})

    tonight = choose(stale, allow(stale, PLENTY), PLENTY, (), seed="1", night=TODAY)

    assert tonight.ask_answers
    assert not chosen(PLENTY).ask_answers


def test_the_history_keeps_ninety_nights_and_each_once():
    history: History = ()
    for n in range(120):
        history = remember(history, Told(night=TODAY + timedelta(days=n), tips=()))
    again = remember(history, history[-1])

    assert len(history) == HISTORY_NIGHTS
    assert again == history


def test_however_seldom_the_mails_are_the_last_thirty_are_kept():
    history: History = ()
    for n in range(40):
        history = remember(history, Told(night=TODAY + timedelta(days=7 * n), tips=()))

    assert len(history) == HISTORY_MAILS
    assert history[0].night == TODAY + timedelta(days=7 * 10)
