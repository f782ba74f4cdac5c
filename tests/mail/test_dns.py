"""Whom the DNS is asked from, where nobody is named."""

from contextlib import suppress

from service.domain.errors import TryLater
from service.mail.dns import Inquiry


def test_the_system_s_name_servers_are_asked_where_none_is_named():
    # A machine without any is told so.
    with suppress(TryLater):
        assert Inquiry("") is not None
