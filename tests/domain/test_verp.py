"""The signed envelope sender: only what was signed here is believed, and not forever."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.outbox import Kind
from service.domain.verp import LONGEST_LOCAL_PART, Mailed, Verp, checked
from tests.builders import NOON, TODAY, message

VERP = Verp(keys=(b"k" * 32,), address="bounce@bounce.example.org")
MESSAGES = st.builds(
    message,
    st.integers(1, 2**63 - 1),
    night=st.dates(date(2026, 1, 1), date(2100, 1, 1)),
    kind=st.sampled_from(Kind),
)


@given(MESSAGES)
def test_a_bounce_address_names_its_mail_and_fits_into_an_envelope(mail):
    sender = VERP.sender(VERP.token(mail), default="")

    assert VERP.mailed(sender) == Mailed(
        subscriber_id=mail.subscriber_id, night=mail.night, kind=mail.kind
    )
    assert len(sender.rpartition("@")[0]) <= LONGEST_LOCAL_PART
    assert VERP.is_ours(sender)


def test_the_longest_address_that_is_taken_leaves_room_for_every_token():
    verp = Verp(keys=VERP.keys, address=checked("b" * 27 + "@example.org"))

    mail = message(2**63 - 1, night=date(2100, 1, 1))

    local = verp.sender(verp.token(mail), default="").rpartition("@")[0]
    assert len(local) == LONGEST_LOCAL_PART


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("b" * 28 + "@example.org", "more than 27 letters"),
        ("bounce", "plain address"),
        ("bounce+x@example.org", "plain address"),
        ("büro@example.org", "plain address"),
        ("Bounces <bounce@example.org>", "plain address"),
    ],
)
def test_an_address_that_no_token_fits_into_is_refused(address, why):
    with pytest.raises(ValueError, match=why):
        checked(address)


@given(MESSAGES, st.integers(0, 200), st.sampled_from("0123456789abcdefrcm-"))
def test_a_token_that_was_changed_names_nothing(mail, place, letter):
    token = VERP.token(mail)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]

    named = VERP.mailed(changed)

    assert (named is not None) == (changed == token)


def test_a_host_may_change_the_case():
    token = VERP.token(message())

    assert VERP.mailed(token.upper()) == VERP.mailed(token)
    assert VERP.mailed(token) is not None


def test_another_service_s_token_names_nothing():
    other = Verp(keys=(b"o" * 32,), address=VERP.address)

    assert VERP.mailed(other.token(message())) is None


def test_a_token_of_an_older_key_is_believed_while_the_key_is_kept():
    rotated = Verp(keys=(b"n" * 32, *VERP.keys), address=VERP.address)

    assert rotated.mailed(VERP.token(message())) is not None
    assert rotated.token(message()) != VERP.token(message())
    assert VERP.mailed(rotated.token(message())) is None


@pytest.mark.parametrize(("later", "is_known"), [(-1, False), (0, True), (9, True)])
def test_of_an_ended_key_only_mails_up_to_that_day_are_known(later, is_known):
    ended = {VERP.keys[0]: TODAY + timedelta(days=later)}
    rotated = Verp(keys=(b"n" * 32,), address=VERP.address, ended=ended)

    assert (rotated.mailed(VERP.token(message())) is not None) == is_known


def test_the_first_true_token_counts_wherever_it_stands():
    forged = "1-rg18-0123456789abcdef"

    found = VERP.mailed("", forged, f"see <{VERP.token(message(7))}> {forged}")

    assert found is not None
    assert found.subscriber_id == 7


def test_a_report_is_believed_for_two_weeks_after_the_night():
    mailed = VERP.mailed(VERP.token(message()))

    assert mailed is not None
    assert mailed.night == TODAY
    assert mailed.is_believed(now=NOON + timedelta(days=14))
    assert not mailed.is_believed(now=NOON + timedelta(days=15))


def test_without_an_address_for_bounces_they_go_where_the_mail_came_from():
    verp = Verp(keys=VERP.keys, address=checked(""))

    token = verp.token(message())
    assert verp.sender(token, default="tips@example.org") == "tips@example.org"
    assert not verp.is_ours("tips@example.org")


def test_mail_to_the_plain_address_of_bounces_is_ours_too():
    assert VERP.is_ours("Bounce@BOUNCE.example.org")
    assert not VERP.is_ours("bounces@bounce.example.org")
    assert not VERP.is_ours("bounce@example.org")
