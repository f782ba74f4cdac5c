"""Codes of an authenticator app, as RFC 6238 has them."""

from datetime import UTC, datetime, timedelta

import pytest

from service.domain.second_factor import address, code_at, new_secret, step_of

#: The secret of the RFC's test values, "12345678901234567890" in base32.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924")],
)
def test_the_values_of_the_rfc_are_right(seconds, code):
    now = datetime.fromtimestamp(seconds, tz=UTC)

    assert step_of(code, SECRET, after=None, now=now) == seconds // 30
    assert code_at(SECRET, now) == code


@pytest.mark.parametrize(
    ("off", "is_right"), [(-60, False), (-30, True), (30, True), (60, False)]
)
def test_a_clock_may_be_half_a_minute_off(off, is_right):
    now = datetime.fromtimestamp(1111111110, tz=UTC)
    code = code_at(SECRET, now + timedelta(seconds=off))

    assert (step_of(code, SECRET, after=None, now=now) is not None) is is_right


def test_spaces_do_not_matter_and_other_signs_are_wrong():
    now = datetime.fromtimestamp(59, tz=UTC)

    assert step_of("287 082", SECRET, after=None, now=now) == 1
    for wrong in (
        "",
        "28708",
        "287083",
        "\uff12\uff18\uff17\uff10\uff18\uff12",
        "287082\N{SNOWMAN}",
    ):
        assert step_of(wrong, SECRET, after=None, now=now) is None


def test_a_code_is_not_taken_again_nor_one_before_it():
    now = datetime.fromtimestamp(59, tz=UTC)

    assert step_of("287082", SECRET, after=0, now=now) == 1
    assert step_of("287082", SECRET, after=1, now=now) is None
    assert step_of("287082", SECRET, after=2, now=now) is None


def test_what_an_app_reads_names_the_place_and_the_operator():
    link = address(SECRET, name="ada", place="eventide.example")

    assert link.startswith("otpauth://totp/Eventide:ada%20at%20eventide.example?")
    assert f"secret={SECRET}" in link


def test_secrets_are_long_and_differ():
    assert len(new_secret()) == 32
    assert new_secret() != new_secret()
