"""Whom the DNS is asked from."""

from contextlib import suppress

import pytest

from service.domain.errors import TryLater
from service.mail.dns import Inquiry


def test_the_system_s_name_servers_are_asked_where_none_is_named():
    # A machine without any is told so.
    with suppress(TryLater):
        assert Inquiry("") is not None


@pytest.mark.parametrize("named", ["127.0.0.1:1", "[::1]:1", "::1", "127.0.0.1"])
def test_a_name_server_is_an_address_of_either_kind_with_or_without_a_port(named):
    assert Inquiry(named) is not None


@pytest.mark.parametrize("named", ["ns.example.org", "127.0.0.1:many", "[]"])
def test_what_is_no_address_of_a_name_server_is_refused(named):
    with pytest.raises(TryLater, match="no name server"):
        Inquiry(named)
