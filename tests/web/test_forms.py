"""What a person typed becomes an answer of the domain's, or a problem in plain words."""

from datetime import date

import pytest

from service.domain.errors import VisitorError
from service.domain.requests import SignUp
from service.domain.risk import FIRST_ASKED
from service.web import forms
from service.web.forms import Entered
from tests.builders import NOON, TODAY
from tests.web.visits import form


def sign_up(library, **typed) -> SignUp:
    values = {
        name: (value,) if isinstance(value, str) else tuple(value)
        for name, value in form(**typed).items()
    }
    countries = library.countries_by_code
    asked = forms.sign_up(Entered(values=values), countries, now=NOON)
    assert isinstance(asked, SignUp)
    return asked


def problems(library, **typed) -> dict[str, str]:
    with pytest.raises(VisitorError) as refused:
        sign_up(library, **typed)
    return refused.value.problems


@pytest.mark.parametrize(
    ("field", "ticks", "alone"),
    [
        ("causes", ["not_sure", "fatigue"], "Not sure"),
        ("conditions", ["kidney", "none"], "None of these"),
        ("conditions", ["kidney", "prefer_not"], "Prefer not to say"),
        ("medicines", ["none", "med_statin"], "None of these"),
    ],
)
def test_answers_that_contradict_each_other_are_asked_again(
    library, field, ticks, alone
):
    expected = f"“{alone}” is ticked together with other answers. Untick one of them."
    assert problems(library, **{field: ticks}) == {field: expected}


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("causes", "nonsense"),
        ("conditions", "nonsense"),
        ("alcohol", "gin"),
        ("pregnancy", "perhaps"),
        ("country", "XX"),
        ("zone", "Mars/Olympus"),
        ("time", "03:00"),
        ("frequency", "hourly"),
        ("stretching", "flying"),
        ("adult", "maybe"),
        ("red_flags", "nonsense"),
    ],
)
def test_an_answer_that_is_not_on_the_page_is_refused(library, field, typed):
    assert list(problems(library, **{field: typed})) == [field]


@pytest.mark.parametrize(
    "typed", ["", "ada", "ada@", "@example.org", "a b@example.org", "ä@example.org"]
)
def test_what_is_no_address_is_asked_again(library, typed):
    assert list(problems(library, email=typed)) == ["email"]


def test_an_address_is_kept_as_it_is_written_but_for_the_case_of_its_domain(library):
    assert sign_up(library, email=" Ada@Example.ORG ").address == "Ada@example.org"


def test_an_older_name_of_a_zone_is_taken(library):
    signed = sign_up(library, country="IN", zone="Asia/Calcutta")

    assert signed.evening.zone == "Asia/Calcutta"


@pytest.mark.parametrize("month", ["2026-10", "2025-12", "0001-01"])
def test_tips_for_pregnancy_cannot_end_in_a_month_that_is_over(library, month):
    expected = "Choose this month or a later one, or leave it open."

    found = problems(library, pregnancy="pregnant", pregnant_until=month)

    assert found == {"pregnant_until": expected}


@pytest.mark.parametrize("month", ["2026-11", "2027-10"])
def test_tips_for_pregnancy_may_end_this_month_or_later(library, month):
    signed = sign_up(library, pregnancy="pregnant", pregnant_until=month)

    assert f"{signed.answers.pregnant_until:%Y-%m}" == month


def test_a_month_without_a_pregnancy_is_passed_over(library):
    signed = sign_up(library, pregnancy="no", pregnant_until="2026-10")

    assert signed.answers.pregnant_until is None


@pytest.mark.parametrize("until", ["2028-11-24", "2199-01-01", "9999-12-31"])
def test_a_pause_of_more_than_two_years_is_refused(until):
    typed = Entered(values={"until": (until,)})

    with pytest.raises(VisitorError) as refused:
        forms.pause_until(typed, today=TODAY)

    assert refused.value.problems == {
        "until": "Choose a day in the next two years, or leave it empty."
    }


def test_a_pause_may_take_two_years():
    typed = Entered(values={"until": ("2028-11-23",)})

    assert forms.pause_until(typed, today=TODAY) == date(2028, 11, 23)


def test_answers_are_dated_by_the_day_where_the_person_lives(library):
    signed = sign_up(library, country="NZ", zone="Pacific/Auckland")

    assert signed.answers.answered_on.isoformat() == "2026-11-24"


@pytest.mark.parametrize("typed", ["", "2", "yesterday"])
def test_a_page_that_does_not_say_what_it_asked_may_be_an_old_one(library, typed):
    signed = sign_up(library, asked=typed)

    assert signed.answers.asked == FIRST_ASKED
    assert sign_up(library).answers.asked == date(2026, 11, 29)
