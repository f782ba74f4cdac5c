"""A night's choice takes little room, and comes back byte for byte."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.choice import tonight_for
from service.domain.records import tonight_to_data
from service.domain.synthetic import crowd
from service.domain.tonight import History, remember
from service.store.packing import packed, unpacked
from service.store.sealing import BLOCKS
from tests.builders import NOON, TODAY

TIPS = st.fixed_dictionaries(
    {
        "id": st.text(max_size=5),
        "role": st.sampled_from(["lead", "second", "third", "fixed", "other"]),
        "theme": st.sampled_from(["care", "hydration", "other"]),
        "cause": st.sampled_from(["universal", "nerve", "other"]),
        "reason": st.sampled_from(["because you told us about your back"])
        | st.text(max_size=40),
        "propensity": st.floats(0, 1),
    }
)


@given(st.lists(TIPS), st.lists(st.sampled_from(["H1", "H12", "H30", "R4a", "H99"])))
def test_a_choice_comes_back_as_it_was(tips, rules):
    choice = {"night": "2026-11-23", "tips": tips, "rules": rules, "asks": None}
    plain = json.dumps(choice).encode()

    assert unpacked(packed(plain)) == plain


@pytest.mark.parametrize("number", ["0.123456789", "0.12345678900", "0.1", "1e-09"])
def test_a_number_keeps_its_digits(number):
    plain = f'{{"propensity": {number}}}'.encode()

    assert unpacked(packed(plain)) == plain


def test_what_was_never_packed_is_read_as_it_is():
    assert unpacked(b'{"night": "2026-11-23"}') == b'{"night": "2026-11-23"}'


def test_nearly_every_choice_of_the_real_catalogue_fits_into_one_block(library):
    here = crowd(
        ["Europe/London"], library.countries_by_code, now=NOON.replace(hour=19)
    )
    sizes = []
    for number in range(1, 201):
        someone = here.newcomer_due(number, now=NOON.replace(hour=19)).subscriber
        past: History = ()
        for night in (TODAY, TODAY + timedelta(days=1)):
            tonight = tonight_for(
                someone.person.answers,
                library.catalogue,
                past,
                seed=str(number),
                night=night,
            )
            past = remember(past, tonight.told())
            choice = tonight_to_data(tonight, words=library.reason)
            sizes.append(len(packed(json.dumps(choice).encode())))

    fits = sum(size <= BLOCKS["night"] for size in sizes)
    assert fits >= 0.98 * len(sizes)
