"""Whose mailbox an address is: one of few, so that it can be counted and names nobody."""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Provider(StrEnum):
    """Who keeps the mailbox. Each of them judges our mail by rules of its own."""

    GMAIL = "gmail"
    MICROSOFT = "microsoft"
    YAHOO = "yahoo"
    APPLE = "apple"
    UNITED_INTERNET = "united internet"
    TELEKOM = "telekom"
    ORANGE = "orange"
    COMCAST = "comcast"
    PROTON = "proton"
    YANDEX = "yandex"
    OTHER = "other"


_DOMAINS: Mapping[Provider, str] = {
    Provider.GMAIL: "gmail.com googlemail.com",
    Provider.MICROSOFT: "msn.com passport.com windowslive.com",
    Provider.YAHOO: "ymail.com rocketmail.com aol.com aim.com netscape.net sky.com "
    "verizon.net att.net sbcglobal.net bellsouth.net",
    Provider.APPLE: "icloud.com me.com mac.com privaterelay.appleid.com",
    Provider.UNITED_INTERNET: "gmx.de gmx.net gmx.at gmx.ch gmx.com web.de mail.com "
    "1und1.de email.de",
    Provider.TELEKOM: "t-online.de magenta.de",
    Provider.ORANGE: "orange.fr wanadoo.fr",
    Provider.COMCAST: "comcast.net xfinity.com",
    Provider.PROTON: "proton.me protonmail.com protonmail.ch pm.me",
    Provider.YANDEX: "yandex.ru yandex.com ya.ru",
}
_BY_DOMAIN: Mapping[str, Provider] = MappingProxyType(
    {name: who for who, names in _DOMAINS.items() for name in names.split()}
)
# Brands that have a domain in nearly every country: yahoo.co.uk, hotmail.fr.
_BRAND = re.compile(
    r"(yahoo|hotmail|outlook|live|gmx)\.(?:com?\.)?(?:com|[a-z]{2})", re.ASCII
)
_BY_BRAND: Mapping[str, Provider] = MappingProxyType(
    {
        "yahoo": Provider.YAHOO,
        "hotmail": Provider.MICROSOFT,
        "outlook": Provider.MICROSOFT,
        "live": Provider.MICROSOFT,
        "gmx": Provider.UNITED_INTERNET,
    }
)


def provider_of(address: str) -> Provider:
    """Who keeps the mailbox of an address.

    Told by its domain alone: DNS is asked by the relay, not by us, so an organisation
    whose own domain is kept by one of them counts as `other`.
    """
    domain = address.rpartition("@")[2].lower()
    known = _BY_DOMAIN.get(domain)
    if known:
        return known
    brand = _BRAND.fullmatch(domain)
    return _BY_BRAND[brand[1]] if brand else Provider.OTHER


#: Of an address at these, whatever stands behind the first of the letters is a tag.
_TAGS: Mapping[Provider, str] = MappingProxyType({Provider.YAHOO: "-+"})
#: And these letters count for nothing.
_IGNORED: Mapping[Provider, str] = MappingProxyType(
    {Provider.GMAIL: ".", Provider.PROTON: ".-_"}
)
#: The domains of these lead to one and the same mailbox.
_ONE_MAILBOX: Mapping[Provider, str] = MappingProxyType(
    {
        Provider.GMAIL: "gmail.com",
        Provider.PROTON: "proton.me",
        Provider.YANDEX: "yandex.com",
    }
)


def mailbox_of(address: str) -> str:
    """One spelling for all addresses of a mailbox: tags, dots and case as it folds them.

    At a provider that we do not know, a plus begins a tag, as it does at most; two
    mailboxes that differ behind a plus alone count as one.
    """
    local, _, domain = address.lower().rpartition("@")
    who = provider_of(address)
    for mark in _TAGS.get(who, "+"):
        # An address may begin with one, and then it is no tag.
        local = local[:1] + local[1:].partition(mark)[0]
    ignored = _IGNORED.get(who, "")
    local = "".join(letter for letter in local if letter not in ignored)
    if who is Provider.YANDEX:
        local = local.replace("-", ".")
    return f"{local}@{_ONE_MAILBOX.get(who, domain)}"
