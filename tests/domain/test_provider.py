"""Addresses are counted by who keeps the mailbox, and by nothing nearer."""

import pytest

from service.domain.provider import Provider, mailbox_of, provider_of


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


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Ada@Example.org", "ada@example.org"),
        ("ada+cramps@example.org", "ada@example.org"),
        ("a.d.a+1+2@googlemail.com", "ada@gmail.com"),
        ("a-d_a.x@pm.me", "adax@proton.me"),
        ("ada-shop@yahoo.fr", "ada@yahoo.fr"),
        ("ada-b@ya.ru", "ada.b@yandex.com"),
        ("ada+x@hotmail.com", "ada@hotmail.com"),
        # Dots and hyphens are letters elsewhere, and a plus in front is no tag.
        ("a.da-b@example.org", "a.da-b@example.org"),
        ("+ada@example.org", "+ada@example.org"),
    ],
)
def test_tags_dots_and_case_are_folded_as_the_provider_does(address, mailbox):
    assert mailbox_of(address) == mailbox
