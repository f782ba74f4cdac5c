"""Addresses are counted by who keeps the mailbox, and by nothing nearer."""

import pytest

from service.domain.provider import Provider, provider_of


@pytest.mark.parametrize(
    ("domain", "who"),
    [
        ("gmail.com", Provider.GMAIL),
        ("GoogleMail.com", Provider.GMAIL),
        ("hotmail.fr", Provider.MICROSOFT),
        ("outlook.com", Provider.MICROSOFT),
        ("live.com.au", Provider.MICROSOFT),
        ("yahoo.co.uk", Provider.YAHOO),
        ("aol.com", Provider.YAHOO),
        ("privaterelay.appleid.com", Provider.APPLE),
        ("gmx.de", Provider.UNITED_INTERNET),
        ("gmx.net", Provider.UNITED_INTERNET),
        # Not theirs, whatever they are called.
        ("live.example.org", Provider.OTHER),
        ("yahoo.example.com", Provider.OTHER),
        ("notgmail.com", Provider.OTHER),
        ("example.org", Provider.OTHER),
        ("gmail.com.example.org", Provider.OTHER),
    ],
)
def test_a_mailbox_is_counted_under_its_provider(domain, who):
    assert provider_of(f"ada@{domain}") is who
