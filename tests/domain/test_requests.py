"""A request reads as it was written."""

import pytest

from service.domain.requests import (
    OwnLink,
    SignUp,
    request_from_json,
    request_to_json,
)
from service.domain.subscriber import Frequency
from tests.builders import answers, evening

SIGN_UP = SignUp(
    address="ada@example.org",
    answers=answers(conditions=None, pregnant_until="2027-02"),
    evening=evening(frequency=Frequency.TAPERING, is_zone_confirmed=True),
    language="en",
    consents=("health", "mail", "general"),
)


@pytest.mark.parametrize("asked", [SIGN_UP, OwnLink(address="ada@example.org")])
def test_a_request_reads_as_it_was_written(asked):
    assert request_from_json(request_to_json(asked)) == asked
