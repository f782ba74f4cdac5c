"""Links in mails: one person, one purpose, for so long, and nothing to read in them."""

from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from service.domain.tokens import TOKEN_SIZE, BadLink, Link, Links, Purpose
from tests.builders import NOON, TODAY

KEY, NEWER = b"k" * 32, b"n" * 32
LINKS = Links(keys=(KEY,), base_url="https://example.org")
PEOPLE = st.integers(min_value=1, max_value=2**62)
NUMBERS = st.integers(min_value=0, max_value=2**32 - 1)
MINUTES = int(NOON.timestamp()) // 60


def signed(purpose, person=7, *, key=KEY, minutes=MINUTES):
    """A token as the releases before this one made it."""
    signer = URLSafeSerializer([key], salt=f"eventide.{purpose}")
    return signer.dumps([person, minutes])


@given(PEOPLE, st.sampled_from(Purpose), NUMBERS, NUMBERS)
def test_a_link_says_whose_it_is_and_what_it_is_about(
    person, purpose, generation, about
):
    token = LINKS.token(purpose, person, generation=generation, about=about, now=NOON)

    assert LINKS.opened(purpose, token, now=NOON) == Link(
        subject=person, generation=generation, about=about, issued_at=NOON
    )
    assert LINKS.subject(purpose, token, now=NOON) == person


@given(PEOPLE, st.sampled_from(Purpose), st.sampled_from(Purpose))
def test_a_link_for_one_purpose_is_worthless_for_another(person, made, used):
    assume(made is not used)
    token = LINKS.token(made, person, now=NOON)

    with pytest.raises(BadLink):
        LINKS.subject(used, token, now=NOON)


@given(PEOPLE, st.data())
def test_a_changed_link_is_refused(person, data):
    token = LINKS.token(Purpose.MANAGE, person, now=NOON)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(
        st.sampled_from("abcXYZ019-_.=").filter(lambda x: x != token[place])
    )

    with pytest.raises(BadLink):
        LINKS.subject(
            Purpose.MANAGE, token[:place] + letter + token[place + 1 :], now=NOON
        )


@given(PEOPLE, NUMBERS)
def test_a_link_can_be_spelled_in_one_way_only(person, about):
    """One that is pressed once could be pressed again in another spelling."""
    token = LINKS.token(Purpose.FRESH, person, about=about, now=NOON)
    other = token.replace("-", "+").replace("_", "/")
    assume(other != token)

    with pytest.raises(BadLink):
        LINKS.opened(Purpose.FRESH, other, now=NOON)


@given(st.text(max_size=60) | st.text(min_size=TOKEN_SIZE, max_size=TOKEN_SIZE))
def test_any_other_text_is_refused(text):
    for purpose in (Purpose.MANAGE, Purpose.UNSUBSCRIBE):
        with pytest.raises(BadLink):
            LINKS.subject(purpose, text, now=NOON)
    with pytest.raises(BadLink):
        LINKS.asks_for_fresh(text, now=NOON)


@given(PEOPLE, NUMBERS)
def test_neither_person_nor_question_can_be_read_in_a_link(person, about):
    """Two that differ in one of these share no more bytes than chance gives them."""
    token = LINKS.token(Purpose.QUESTION, person, about=about, now=NOON)
    other = LINKS.token(Purpose.QUESTION, person + 1, about=about, now=NOON)

    assert len(token) == TOKEN_SIZE
    mine, theirs = urlsafe_b64decode(token), urlsafe_b64decode(other)
    same = sum(a == b for a, b in zip(mine, theirs, strict=True))
    assert same <= 8
    assert person.to_bytes(8) not in mine


@pytest.mark.parametrize(
    ("purpose", "lifetime"),
    [
        (Purpose.CONFIRM, timedelta(days=7)),
        (Purpose.FRESH, timedelta(hours=24)),
        (Purpose.QUESTION, timedelta(days=8)),
        (Purpose.UNDO, timedelta(days=14)),
    ],
)
def test_a_link_grows_too_old(purpose, lifetime):
    token = LINKS.token(purpose, 1, now=NOON)

    assert LINKS.subject(purpose, token, now=NOON + lifetime) == 1
    with pytest.raises(BadLink):
        LINKS.subject(purpose, token, now=NOON + lifetime + timedelta(minutes=1))


@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.MANAGE])
def test_the_links_at_the_end_of_an_old_mail_are_never_too_old(purpose):
    token = LINKS.token(purpose, 1, now=NOON)

    years = timedelta(days=3650)
    assert LINKS.subject(purpose, token, now=NOON + years) == 1


def test_after_a_key_change_old_links_work_and_new_ones_use_the_new_key():
    rotated = replace(LINKS, keys=(NEWER, KEY))
    old = LINKS.token(Purpose.MANAGE, 7, now=NOON)
    new = rotated.token(Purpose.MANAGE, 7, now=NOON)

    assert rotated.subject(Purpose.MANAGE, old, now=NOON) == 7
    with pytest.raises(BadLink):
        LINKS.subject(Purpose.MANAGE, new, now=NOON)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_key_that_was_ended_opens_unsubscribe_alone(purpose):
    ended = Links(keys=(NEWER,), ended={KEY: TODAY}, base_url="https://example.org")
    tokens = [LINKS.token(purpose, 7, now=NOON), signed(purpose, 7)]

    for token in tokens:
        if purpose is Purpose.UNSUBSCRIBE:
            assert ended.subject(purpose, token, now=NOON) == 7
        else:
            with pytest.raises(BadLink):
                ended.subject(purpose, token, now=NOON)
    with pytest.raises(BadLink):
        LINKS.subject(purpose, ended.token(purpose, 7, now=NOON), now=NOON)


@pytest.mark.parametrize("key", [KEY, NEWER])
def test_an_unsubscribe_link_of_an_earlier_release_works_for_ever(key):
    rotated = replace(LINKS, keys=(NEWER, KEY))
    token = signed(Purpose.UNSUBSCRIBE, 7, key=key)

    years = timedelta(days=3650)
    assert rotated.subject(Purpose.UNSUBSCRIBE, token, now=NOON + years) == 7


def test_a_confirmation_of_an_earlier_release_works_for_its_seven_days():
    token = signed(Purpose.CONFIRM, 7)

    days = timedelta(days=7)
    assert LINKS.subject(Purpose.CONFIRM, token, now=NOON + days) == 7
    with pytest.raises(BadLink):
        LINKS.subject(Purpose.CONFIRM, token, now=NOON + days + timedelta(minutes=1))


def test_a_manage_link_of_an_earlier_release_only_asks_for_a_fresh_one():
    token = signed(Purpose.MANAGE, 7)
    days = timedelta(days=30)

    with pytest.raises(BadLink):
        LINKS.subject(Purpose.MANAGE, token, now=NOON)
    link = LINKS.asks_for_fresh(token, now=NOON + days)
    assert (link.subject, link.generation) == (7, 0)
    with pytest.raises(BadLink):
        LINKS.asks_for_fresh(token, now=NOON + days + timedelta(minutes=1))


def test_a_manage_link_asks_for_a_fresh_one_however_old_it_is():
    token = LINKS.token(Purpose.MANAGE, 7, generation=3, now=NOON)

    link = LINKS.asks_for_fresh(token, now=NOON + timedelta(days=3650))

    assert (link.subject, link.generation) == (7, 3)


@pytest.mark.parametrize("purpose", [Purpose.QUESTION, Purpose.UNDO, Purpose.FRESH])
def test_no_other_link_of_an_earlier_release_works(purpose):
    with pytest.raises(BadLink):
        LINKS.subject(purpose, signed(purpose), now=NOON)


@pytest.mark.parametrize(
    ("purpose", "path"),
    [
        (Purpose.CONFIRM, "confirm"),
        (Purpose.MANAGE, "manage"),
        (Purpose.FRESH, "manage/open"),
        (Purpose.UNSUBSCRIBE, "unsubscribe"),
        (Purpose.QUESTION, "manage/question"),
        (Purpose.UNDO, "manage/undo"),
    ],
)
def test_a_links_address_is_the_page_of_its_purpose(purpose, path):
    url = LINKS.url(purpose, 7, about=2, now=NOON)

    assert url.startswith(f"https://example.org/{path}?token=")
