"""Mail that comes back, from raw bytes to a report, a complaint, or neither.

Anybody may write to the address of bounces, so any bytes at all become a value. Reports
are those of RFC 3464 (in Unicode: RFC 6533), complaints those of RFC 5965.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser

from service.domain.feedback import Complaint, Ignored, Refusal, Report, Unusable

#: What is looked at. All that counts comes before the returned mail; the rest of a
#: long message would only keep the parser busy.
READ_BYTES = 128 * 1024
#: What is taken in at all: a report holds our mail of some 30 KB at most.
LONGEST_BYTES = 1024 * 1024
#: The parser needs seven seconds for a header of a hundred thousand parameters.
MOST_PARAMETERS = 2000
#: Parts within parts within parts cost the parser more with each.
MOST_BOUNDARIES = 20
STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
COMPLAINT_TYPE = "message/feedback-report"
RETURNED_TYPES = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/global",
    "message/global-headers",
)
BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
#: RFC 6533, 3: how a letter outside ASCII is written in an address.
UNICODE_LETTER = re.compile(r"\\x\{([0-9a-fA-F]{2,6})\}")


Came = Report | Complaint | Ignored | Unusable


def read(raw: bytes) -> Came:
    """What the message says; never raises, whatever the bytes are.

    What is neither a report nor a complaint is judged at once.
    """
    head = raw[:READ_BYTES]
    if head.lower().count(b"boundary") > MOST_BOUNDARIES:
        return Unusable(why="too many parts")
    if _most_parameters(head) > MOST_PARAMETERS:
        return Unusable(why="too many parameters")
    try:
        return _read(BytesParser().parsebytes(head))
    # The parser is the standard library's and the bytes are anybody's: it answers some
    # headers and encodings with an exception of no certain kind.
    except Exception as error:  # noqa: BLE001
        return Unusable(why=f"cannot be parsed ({type(error).__name__})")


def _most_parameters(head: bytes) -> int:
    """The most semicolons in a line and those that continue it (RFC 5322, 2.2.3)."""
    most = count = 0
    for line in head.split(b"\n"):
        count = line.count(b";") + (count if line.startswith((b" ", b"\t")) else 0)
        most = max(most, count)
    return most


def _read(message: Message) -> Came:
    parts = list(message.walk())
    for part in parts:
        if part.get_content_type() in STATUS_TYPES:
            return _report(message, parts, list(_blocks(part)))
        if part.get_content_type() == COMPLAINT_TYPE:
            return _complaint(message, parts, next(_blocks(part)))
    if "mailer-daemon" in _field(message, "From").lower():
        return Unusable(why="a report in words only")
    # RFC 3834, 5; a report is sent automatically too, and was looked for first.
    if _field(message, "Auto-Submitted").lower() not in {"", "no"}:
        return Ignored.AUTOMATIC
    return Unusable(why="not a report")


def _report(message: Message, parts: list[Message], blocks: list[Message]) -> Came:
    outcomes = [each for each in blocks if _field(each, "Action")]
    if not outcomes:
        return Unusable(why="a report of nothing")
    refusals = [
        Refusal(
            named=_addresses(each, "Original-Recipient", "Final-Recipient"),
            status="".join(STATUS.findall(_field(each, "Status"))[:1]),
            diagnostic=_field(each, "Diagnostic-Code"),
        )
        for each in outcomes
        if _field(each, "Action").lower().startswith("fail")
    ]
    envelope = [_field(each, "Original-Envelope-Id") for each in blocks]
    return Report(traces=_traces(message, parts, *envelope), refusals=tuple(refusals))


def _complaint(message: Message, parts: list[Message], about: Message) -> Complaint:
    envelope = [
        _field(about, name) for name in ("Original-Mail-From", "Original-Envelope-Id")
    ]
    return Complaint(
        traces=_traces(message, parts, *envelope),
        type=_field(about, "Feedback-Type").lower(),
        named=_addresses(about, "Original-Rcpt-To"),
    )


def _traces(message: Message, parts: list[Message], *first: str) -> tuple[str, ...]:
    """The texts that may hold the token: the report's own, its address, our headers."""
    named = [
        value
        for name in ("Delivered-To", "X-Original-To", "To")
        for value in _fields(message, name)
    ]
    returned = [
        _field(next(_blocks(part)), "Return-Path")
        for part in parts
        if part.get_content_type() in RETURNED_TYPES
    ]
    return tuple(text for text in (*named, *first, *returned) if text)


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields that a part holds, at least one; each ends at a blank line.

    The parser itself knows such parts only in one of their types and encodings.
    """
    coded = Message()
    coded["Content-Transfer-Encoding"] = _field(part, "Content-Transfer-Encoding")
    coded.set_payload(BLANK_LINE.split(part.as_bytes(), maxsplit=1)[-1])
    plain = coded.get_payload(decode=True)
    assert isinstance(plain, bytes)  # noqa: S101  # it has no parts
    return map(BytesParser().parsebytes, BLANK_LINE.split(plain.strip()))


def _addresses(block: Message, *names: str) -> tuple[str, ...]:
    """The addresses in these fields; none where the reporter took them out."""
    found = (_field(block, name).rpartition(";")[2].strip(" <>") for name in names)
    plain = (UNICODE_LETTER.sub(_letter, address) for address in found)
    return tuple(filter(_is_told, plain))


def _is_told(address: str) -> bool:
    """Whether this is an address, and was not taken out for the person's sake."""
    is_one = "@" in address and address.isprintable()
    return is_one and "redacted" not in address.lower()


def _letter(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _field(block: Message, name: str) -> str:
    """A field's text on one line, "" where there is none."""
    return next(_fields(block, name), "")


def _fields(block: Message, name: str) -> Iterator[str]:
    for found, value in block.raw_items():
        if found.lower() == name.lower():
            # RFC 6533 has UTF-8 in them, which the parser keeps as stray bytes.
            text = value.encode("ascii", "surrogateescape").decode("utf-8", "replace")
            yield " ".join(text.split())
