"""The commands that open a message's transaction, as the relay at hand takes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.domain.errors import VisitorError
from service.domain.outbox import Refused
from service.domain.refusals import Meaning, Ruling, Stage, Verdict
from service.mail.addresses import on_the_wire
from service.mail.envelope import Envelope

_LEADING_DOT = re.compile(rb"\n\.")
# RFC 3461, 4: what stands for itself in xtext is printable, but neither + nor =.
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")

#: MAIL, RCPT and DATA of one message, each with its CRLF.
Commands = tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a relay announces; `size` is the longest message it takes (RFC 1870)."""

    pipelining: bool
    dsn: bool
    smtputf8: bool
    size: int | None

    @classmethod
    def read(cls, extensions: Mapping[str, str]) -> "Offer":
        """The offer in the lines of an EHLO reply, keywords in lower case."""
        size = extensions.get("size")
        return cls(
            pipelining="pipelining" in extensions,
            dsn="dsn" in extensions,
            smtputf8="smtputf8" in extensions,
            # Announced without a number or with 0: no limit is known.
            size=None if size is None else int(size) if size.isdecimal() else 0,
        )


def addressed(envelope: Envelope) -> tuple[str, str] | Refused:
    """Sender and recipient as they go on the wire, or why none of them must."""
    try:
        sender = on_the_wire(envelope.sender)
    except VisitorError as error:
        return _unfit(Stage.MAIL, 553, "5.1.7", str(error), Meaning.OUR_SENDER)
    try:
        return sender, on_the_wire(envelope.recipient)
    except VisitorError as error:
        return _unfit(Stage.RCPT, 553, "5.1.3", str(error), Meaning.BAD_ADDRESS)


def opening(
    envelope: Envelope, sender: str, recipient: str, offer: Offer
) -> Commands | Refused:
    """MAIL, RCPT and DATA, or what this relay would certainly say to them.

    An option is said only where it was announced. ORCPT has no form for an address
    outside ASCII that every relay reads (RFC 6533, 3), and may be left out.
    """
    mail, rcpt = f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"
    if not (sender.isascii() and recipient.isascii()):
        if not offer.smtputf8:
            why = "the relay takes no addresses with such letters (SMTPUTF8)"
            return _unfit(Stage.RCPT, 553, "5.6.7", why, Meaning.OUR_RELAY)
        mail += " BODY=8BITMIME SMTPUTF8"
    if offer.size is not None:
        if 0 < offer.size < len(envelope.data):
            why = f"the relay takes at most {offer.size} octets"
            return _unfit(Stage.MAIL, 552, "5.3.4", why, Meaning.OUR_SIZE)
        mail += f" SIZE={len(envelope.data)}"
    if offer.dsn:
        mail += f" RET=HDRS ENVID={_xtext(envelope.envid)}"
        rcpt += " NOTIFY=FAILURE,DELAY"
        if recipient.isascii():
            rcpt += f" ORCPT=rfc822;{_xtext(recipient)}"
    return f"{mail}\r\n".encode(), f"{rcpt}\r\n".encode(), b"DATA\r\n"


def stuffed(data: bytes) -> bytes:
    """The message with its leading dots doubled (RFC 5321, 4.5.2).

    A pattern of plain characters is found seven times faster than bytes.replace does
    it, which took as long over a mail as all the rest of its transaction.
    """
    if data.startswith(b"."):
        data = b"." + data
    return _LEADING_DOT.sub(b"\n..", data)


def _xtext(text: str) -> str:
    return _NOT_XTEXT.sub(lambda found: f"+{ord(found.group()):02X}", text)


def _unfit(stage: Stage, code: int, enhanced: str, why: str, about: Meaning) -> Refused:
    is_theirs = about is Meaning.BAD_ADDRESS
    verdict = Verdict.DEAD if is_theirs else Verdict.OURS
    return Refused(
        stage=stage,
        code=code,
        enhanced=enhanced,
        reply=why,
        ruling=Ruling(verdict=verdict, about=about),
    )
