"""What each role may do: written down once more, so that a change is meant."""

import pytest

from service.domain.operators import May, Operator, Role

VIEWER = {May.ENROL, May.HAVE_AN_ACCOUNT, May.SEE_FIGURES, May.FIND_PEOPLE}
OPERATOR = VIEWER | {
    May.SEE_ANSWERS,
    May.CHANGE_PEOPLE,
    May.EXPORT_PEOPLE,
    May.ERASE_PEOPLE,
    May.PAUSE_ALL,
}


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.VIEWER, VIEWER), (Role.OPERATOR, OPERATOR), (Role.ADMIN, set(May))],
)
def test_a_role_may_do_this_and_nothing_else(role, may):
    someone = Operator(name="ada", role=role, is_proven=True)

    assert {what for what in May if someone.may(what)} == may
