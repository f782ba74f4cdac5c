"""Signed links: one person, one purpose, for so long."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.tokens import BadLink, Links, Purpose
from tests.builders import NOON, TODAY

KEY, NEWER = b"k" * 32, b"n" * 32
LINKS = Links(keys=(KEY,), base_url="https://example.org")
PEOPLE = st.integers(min_value=1, max_value=2**62)


@given(PEOPLE, st.sampled_from(Purpose))
def test_a_link_names_its_person(person, purpose):
    token = LINKS.token(purpose, person, now=NOON)

    assert LINKS.subject(purpose, token, now=NOON) == person


@given(PEOPLE, st.sampled_from(Purpose), st.sampled_from(Purpose))
def test_a_link_for_one_purpose_is_worthless_for_another(person, made, used):
    token = LINKS.token(made, person, now=NOON)

    if made is not used:
        with pytest.raises(BadLink):
            LINKS.subject(used, token, now=NOON)


@given(PEOPLE, st.data())
def test_a_changed_link_is_refused(person, data):
    token = LINKS.token(Purpose.MANAGE, person, now=NOON)
    # The last letter of base64 has spare bits: another one may mean the same bytes.
    place = data.draw(st.integers(0, len(token) - 2))
    letter = data.draw(
        st.sampled_from("abcXYZ019-_.").filter(lambda x: x != token[place])
    )

    with pytest.raises(BadLink):
        LINKS.subject(
            Purpose.MANAGE, token[:place] + letter + token[place + 1 :], now=NOON
        )


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text):
    with pytest.raises(BadLink):
        LINKS.subject(Purpose.MANAGE, text, now=NOON)


@pytest.mark.parametrize(
    ("purpose", "days"),
    [
        (Purpose.CONFIRM, 7),
        (Purpose.MANAGE, 30),
        (Purpose.QUESTION, 30),
        (Purpose.UNDO, 14),
    ],
)
def test_a_link_grows_too_old(purpose, days):
    token = LINKS.token(purpose, 1, now=NOON)

    assert LINKS.subject(purpose, token, now=NOON + timedelta(days=days)) == 1
    with pytest.raises(BadLink):
        LINKS.subject(purpose, token, now=NOON + timedelta(days=days, minutes=1))


def test_an_old_mails_unsubscribe_link_still_works():
    token = LINKS.token(Purpose.UNSUBSCRIBE, 1, now=NOON)

    years = timedelta(days=3650)
    assert LINKS.subject(Purpose.UNSUBSCRIBE, token, now=NOON + years) == 1


def test_after_a_key_change_old_links_work_and_new_ones_use_the_new_key():
    rotated = Links(keys=(NEWER, KEY), base_url="https://example.org")
    old = LINKS.token(Purpose.MANAGE, 7, now=NOON)
    new = rotated.token(Purpose.MANAGE, 7, now=NOON)

    assert rotated.subject(Purpose.MANAGE, old, now=NOON) == 7
    with pytest.raises(BadLink):
        LINKS.subject(Purpose.MANAGE, new, now=NOON)


@pytest.mark.parametrize("purpose", Purpose)
def test_an_ended_key_opens_unsubscribe_alone(purpose):
    old = LINKS.token(purpose, 7, now=NOON)
    rotated = Links(keys=(NEWER,), base_url="https://example.org", ended={KEY: TODAY})

    if purpose is Purpose.UNSUBSCRIBE:
        assert rotated.subject(purpose, old, now=NOON) == 7
    else:
        with pytest.raises(BadLink):
            rotated.subject(purpose, old, now=NOON)
    assert rotated.subject(purpose, rotated.token(purpose, 7, now=NOON), now=NOON) == 7


def test_a_links_address_is_its_purpose_and_holds_no_answers():
    url = LINKS.url(Purpose.CONFIRM, 7, now=NOON)

    assert url.startswith("https://example.org/confirm?token=")


@given(PEOPLE, st.sampled_from(Purpose), st.integers(0, 10**6))
def test_a_link_may_be_about_one_question(person, purpose, number):
    token = LINKS.token(purpose, person, about=number, now=NOON)

    assert LINKS.opened(purpose, token, now=NOON) == (person, number)


@pytest.mark.parametrize(
    ("purpose", "path"),
    [(Purpose.QUESTION, "manage/question"), (Purpose.UNDO, "manage/undo")],
)
def test_the_pages_about_one_question_are_below_the_settings(purpose, path):
    url = LINKS.url(purpose, 7, about=2, now=NOON)

    assert url.startswith(f"https://example.org/{path}?token=")
