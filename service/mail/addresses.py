"""Addresses as they stand in an envelope: domains as A-labels, never a stray sign."""

import re
from email.utils import parseaddr

import idna

from service.domain.errors import Misconfigured, VisitorError

# What would end the address, the command or the header line it stands in.
FORBIDDEN = re.compile(r'[\x00-\x20\x7f-\x9f\ud800-\udfff<>()",:;\\]|@.*@')


def on_the_wire(address: str) -> str:
    """The address with its domain as A-labels (RFC 5890), in lower case.

    A local part outside ASCII stays as it is: it needs a relay with SMTPUTF8
    (RFC 6531). Raises VisitorError for what is no address.
    """
    local, _, domain = address.partition("@")
    if not local or not domain or FORBIDDEN.search(address):
        raise _no_address()
    if domain.isascii():
        return f"{local}@{domain.lower()}"
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError as error:
        raise _no_address() from error


def sender(text: str) -> tuple[str, str]:
    """Name and address of `Eventide <tips@example.org>`. Raises Misconfigured."""
    name, address = parseaddr(text)
    try:
        address = on_the_wire(address)
    except VisitorError as error:
        raise _bad_sender(text) from error
    if not address.isascii():
        raise _bad_sender(text)
    return name, address


def _no_address() -> VisitorError:
    return VisitorError({"address": "this is not an e-mail address we can write to"})


def _bad_sender(text: str) -> Misconfigured:
    return Misconfigured(
        what=f"{text!r} is not a sender",
        where="setting EVENTIDE_SMTP__SENDER",
        remedy='Write it as "Eventide <tips@example.org>", in ASCII before the @',
    )
