"""Each corrected rule, row by row (docs/decisions/0020): who is told what, and who is not."""

from datetime import timedelta

import pytest

from service.domain.choice import tonight_for
from service.domain.risk import CAUSES, Cause
from service.domain.safety import allow
from service.domain.tonight import History, Role, Told, ToldTip, remember
from tests.builders import TODAY, answers, profile

#: Without the causes that bar stretching, or imply a condition of their own.
MOST = [
    *("fatigue", "dehydration", "restless_legs", "medicines", "alcohol"),
    *("unstretched", "thyroid", "withdrawal"),
]
MOVING = {"R2", "R2b", "R4b", "F2", "W2", "W3", "W4", "Y5"}
CANNOT_STRETCH = ["clot", "op_injury", "no_exercise", "pad_severe", "neuro"]
NO_DRINK_TONIGHT = {"A2", "F6", "N5", "Y6", "P7"}


def told(library, **said):
    """What somebody may be told who ticked most causes, where nothing else is said."""
    found = profile(**{"causes": MOST, **said})
    return {tip.id for tip in allow(found, library.catalogue).tips}


def nights(library, count, step=1, **said):
    """The tips of so many mails, one every `step` nights."""
    history: History = ()
    past = []
    for n in range(count):
        night = TODAY + timedelta(days=step * n)
        given = answers(night, **said)
        tonight = tonight_for(given, library.catalogue, history, seed="1", night=night)
        history = remember(history, tonight.told())
        past.append([choice.tip for choice in tonight.choices])
    return past


def mails_with(past, tip):
    return [n for n, tips in enumerate(past) if tip in tips]


@pytest.mark.parametrize("condition", CANNOT_STRETCH)
def test_who_may_not_exercise_is_not_told_to_exercise_by_day(library, condition):
    found = told(library, conditions=[condition])

    assert not found & MOVING
    assert "R4a" in found


@pytest.mark.parametrize("condition", ["balance", "foot_numb"])
def test_who_may_fall_is_told_to_call_somebody_not_to_walk(library, condition):
    found = told(library, conditions=[condition], alcohol="alc_recovery")

    assert not found & {"F2", "W3", "W4", "A5", "R2", "R2b", "R4b"}
    assert "A5b" in found


def test_who_is_steady_and_in_recovery_keeps_the_walk(library):
    found = told(library, alcohol="alc_recovery")

    assert "A5" in found
    assert "A5b" not in found


@pytest.mark.parametrize("condition", ["balance", "heart_failure"])
def test_a_bath_is_not_for_the_unsteady_nor_for_a_weak_heart(library, condition):
    assert "R3" in told(library)
    found = told(library, causes=["restless_legs"], conditions=[condition])

    assert "R3" not in found
    assert "R3b" in found


@pytest.mark.parametrize("alcohol", ["alc_high", "alc_dependent", None, "alc_recovery"])
def test_no_night_without_a_drink_is_asked_of_who_may_depend_on_it(library, alcohol):
    causes = [*MOST, "nerve", "circulation"]
    assert told(library, causes=causes) >= NO_DRINK_TONIGHT

    found = told(library, causes=causes, alcohol=alcohol)

    assert not found & NO_DRINK_TONIGHT
    assert ("A4" in found) is (alcohol != "alc_recovery")


def test_who_drinks_a_lot_may_hear_of_less_and_later(library):
    assert told(library, alcohol="alc_high") >= {"A1", "A3", "A7"}


@pytest.mark.parametrize("medicine", ["med_cns", "med_antipsych"])
@pytest.mark.parametrize(
    ("pregnancy", "instead"), [("no", "A9"), ("pregnant", "G5"), ("trying", "G5t")]
)
def test_with_some_medicines_no_amount_of_alcohol_is_spoken_of(
    library, medicine, pregnancy, instead
):
    found = told(library, medicines=[medicine], pregnancy=pregnancy)

    assert not found & {"A1", "A3", "A7", "A8", "D7", "R5", "W6"}
    assert found & {"A9", "G5", "G5t"} == {instead}


def test_stretches_after_a_drink_are_not_for_who_must_eat_with_it(library):
    assert "A8" in told(library)
    assert "A8" not in told(library, medicines=["med_glucose"])


@pytest.mark.parametrize(
    ("said", "told_of_a_cramp"),
    [
        ({}, "U3"),
        ({"medicines": ["med_thinner"]}, "U3c"),
        ({"conditions": ["skin_wound"]}, "U3c"),
        ({"conditions": ["balance"]}, "U3c"),
        ({"conditions": ["foot_numb"]}, "U3c"),
        ({"medicines": None}, "U3c"),
        ({"conditions": ["clot"]}, "U3b"),
        ({"conditions": ["neuro"]}, "U3b"),
        ({"conditions": None}, "U3b"),
        ({"stretching": None}, "U3b"),
        ({"stretching": "none"}, "U3b"),
    ],
)
def test_everyone_is_told_what_to_do_in_a_cramp(library, said, told_of_a_cramp):
    assert told(library, **said) & {"U3", "U3c", "U3b"} == {told_of_a_cramp}


@pytest.mark.parametrize(
    "said", [{"conditions": ["skin_wound"]}, {"medicines": ["med_thinner"]}]
)
def test_restless_legs_may_be_walked_off_without_rubbing(library, said):
    assert told(library, **said) & {"R2", "R2b"} == {"R2b"}


@pytest.mark.parametrize("condition", [*CANNOT_STRETCH, None])
def test_who_may_not_stretch_is_not_told_when_a_stretch_fails(library, condition):
    found = told(library, conditions=condition and [condition])

    assert found & {"U9", "U9b", "W8", "W8b"} == {"U9b", "W8b"}
    assert told(library) & {"U9", "U9b", "W8", "W8b"} == {"U9", "W8"}


def test_birth_leaves_the_signs_of_pregnancy_and_takes_its_tips(library):
    causes = [*MOST, "pregnancy", "neuromuscular"]
    found = told(library, causes=causes, pregnancy="postnatal")
    before = told(library, causes=causes, pregnancy="no")

    assert found >= {"G8", "G9", "X7b"}
    assert not found & {"G1", "G2", "G3", "G4", "G5", "G6", "G7"}
    assert before - found == {
        *("U7", "X7", "A1", "A2", "A3", "A7", "D7", "F6", "R5", "Y6"),
    }
    assert "R3" in told(library, pregnancy="postnatal")


def test_after_six_weeks_birth_bars_nothing_and_its_signs_go(library):
    given = answers(causes=["alcohol"], pregnancy="postnatal")
    history: History = ()

    last = tonight_for(
        given, library.catalogue, history, seed="1", night=TODAY + timedelta(days=43)
    )

    assert "H13" not in last.rules
    assert not {choice.tip for choice in last.choices} & {"G8", "G9"}


@pytest.mark.parametrize("pregnancy", ["pregnant", "trying"])
@pytest.mark.parametrize(
    "medicine", ["med_statin", "med_k", "med_thinner", "med_antipsych", "med_cns"]
)
def test_tablets_in_pregnancy_are_told_of_in_the_first_mail_and_every_seventh(
    library, pregnancy, medicine
):
    past = nights(
        library, 15, causes=["fatigue"], pregnancy=pregnancy, medicines=[medicine]
    )

    assert mails_with(past, "G7b") == [0, 7, 14]


def test_other_tablets_in_pregnancy_are_not(library):
    found = told(library, pregnancy="pregnant", medicines=["med_thyrox"])

    assert "G7b" not in found


@pytest.mark.parametrize("step", [1, 7])
def test_self_harm_is_named_once_in_thirty_mails_however_often_they_come(library, step):
    past = nights(library, 65, step, causes=["fatigue"], medicines=["med_antipsych"])

    for tip in ("Z9", "Z9b"):
        first, *later = mails_with(past, tip)
        assert first < 7
        assert later == [first + 30, first + 60][: len(later)]
        assert len(later) >= 1


@pytest.mark.parametrize(
    "said", [{"medicines": ["med_cns"]}, {"medicines": None}, {"medicines": []}]
)
def test_no_other_person_is_told_of_self_harm(library, said):
    causes = [cause for cause in CAUSES if cause is not Cause.WITHDRAWAL]

    assert not told(library, causes=causes, **said) & {"Z9", "Z9b"}


def test_calm_breathing_is_for_everyone_of_age_without_a_warning_sign(library):
    silent = {
        "conditions": None,
        "medicines": None,
        "pregnancy": "unknown",
        "alcohol": None,
        "stretching": None,
    }

    assert "K1" in told(library, causes=["not_sure"], **silent)


def test_who_was_told_a_tip_that_is_no_more_gets_the_next_mail(library):
    night = TODAY + timedelta(days=1)
    said = answers(night, causes=["restless_legs"])
    lead = Told(night=TODAY, tips=(ToldTip(id="R4", role=Role.LEAD),))

    tonight = tonight_for(said, library.catalogue, (lead,), seed="1", night=night)

    assert tonight.choices
