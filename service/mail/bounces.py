"""Mail that comes back, from raw bytes to a report, a complaint, or neither.

Anybody may write to the address of bounces, so any bytes at all become a value. Reports
are those of RFC 3464 (in Unicode: RFC 6533), complaints those of RFC 5965. Many hosts
write reports in words only; Microsoft writes complaints in a way of its own.
"""

import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from itertools import takewhile

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
#: Actions that end a message (RFC 3464, 2.3.3; some hosts have a word of their own).
FINAL = ("fail", "expire", "reject", "undeliver", "bounce")
#: Who writes reports, as far as their names tell; and what their subjects say.
REPORTERS = ("mailer-daemon", "mailerdaemon", "postmaster", "mail delivery", "mdaemon")
SUBJECTS = (
    "undeliver",
    "not delivered",
    "non delivery",
    "non-delivery",
    "nondeliverable",
    "failure notice",
    "delivery fail",
    "delivery has failed",
    "delivery status",
    "delivery notification",
    "delivery problem",
    "mail delivery",
    "delivery error",
    "failed mail",
    "mail fail",
    "returned mail",
    "returned to sender",
    "unzustellbar",
    "nicht zugestellt",
    "chec de la remise",
    "non remis",
    "no se ha podido entregar",
    "no entregado",
    "mancato recapito",
    "mancata consegna",
    "o entregue",
    "onbestelbaar",
    "niedostarcz",
    "недоставлен",
    "не доставлен",
    "配信不能",
    "退信",
    "メールエラー",
)
#: What their first lines say, where nothing else tells.
BODIES = (
    "could not be delivered",
    "was not delivered",
    "unable to deliver",
    "送信できません",
)
#: Microsoft's complaints (JMRP), and those that Amazon SES passes on in that form.
COMPLAINERS = ("staff@hotmail.com", "complaints@email-abuse.amazonses.com")
COMPLAINS = "complaint about message from"
#: What stands above the copy of our mail, in a report that is one text.
COPIES = (
    "below this line is",
    "this is a copy of",
    "enclosed is a copy",
    "original message",
    "the original message",
    "the header of the",
    "the headers of the",
    "message header",
    "message headers",
    "message text follows",
    "unsent message",
    "unsent copy",
    "return-path:",
    "received:",
)
#: The words of a report that are looked through for our token, in characters.
READ_WORDS = 32 * 1024
BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
#: qmail writes it so: "no mailbox here by that name (#5.1.1)".
IN_WORDS = re.compile(r"#([45]\.\d{1,3}\.\d{1,3})\b")
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
    if _is_complaint_in_words(message):
        return _complaint(message, parts, _returned(parts), kind="abuse")
    if _is_report_in_words(message, parts):
        return _prose(message, parts)
    # RFC 3834, 5; a report is sent automatically too, and was looked for first.
    is_automatic = _field(message, "Auto-Submitted").lower() not in {"", "no"}
    return Ignored.AUTOMATIC if is_automatic else Unusable(why="not a report")


def _report(message: Message, parts: list[Message], blocks: list[Message]) -> Came:
    outcomes = [each for each in blocks if _field(each, "Action")]
    if not outcomes:
        return _prose(message, parts)
    reporter = _plain(_field(blocks[0], "Reporting-MTA"))
    refusals = [
        Refusal(
            named=_addresses(each, "Original-Recipient", "Final-Recipient"),
            status="".join(STATUS.findall(_field(each, "Status"))[:1]),
            diagnostic=_field(each, "Diagnostic-Code") or _words(parts),
            hosts=tuple(filter(None, (reporter, _plain(_field(each, "Remote-MTA"))))),
        )
        for each in outcomes
        if _field(each, "Action").lower().startswith(FINAL)
    ]
    envelope = [_field(each, "Original-Envelope-Id") for each in blocks]
    return Report(traces=_traces(message, parts, *envelope), refusals=tuple(refusals))


def _prose(message: Message, parts: list[Message]) -> Report:
    """A report in words only: whose mail it was, our token alone tells."""
    words = f"{_subject(message)} {_words(parts)}"
    refusal = Refusal(
        named=(),
        status="".join(IN_WORDS.findall(words)[:1]),
        diagnostic=words,
        hosts=(_field(message, "From").rpartition("@")[2].strip(" <>"),),
    )
    return Report(
        traces=_traces(message, parts, _text(parts)),
        refusals=(refusal,),
        is_prose=True,
    )


def _is_report_in_words(message: Message, parts: list[Message]) -> bool:
    sender, subject = _field(message, "From").lower(), _subject(message)
    begins = _text(parts)[:500].lower()
    return (
        bool(_field(message, "X-Failed-Recipients"))
        or message.get_content_type() == "multipart/report"
        or any(each in sender for each in REPORTERS)
        or any(each in subject for each in SUBJECTS)
        or any(each in begins for each in BODIES)
    )


def _is_complaint_in_words(message: Message) -> bool:
    is_theirs = any(each in _field(message, "From").lower() for each in COMPLAINERS)
    return is_theirs and COMPLAINS in _subject(message)


def _subject(message: Message) -> str:
    """In lower case, its encoded words decoded (RFC 2047)."""
    return str(make_header(decode_header(_field(message, "Subject")))).lower()


def _complaint(
    message: Message, parts: list[Message], about: Message, *, kind: str = ""
) -> Complaint:
    envelope = [
        _field(about, name) for name in ("Original-Mail-From", "Original-Envelope-Id")
    ]
    return Complaint(
        traces=_traces(message, parts, *envelope),
        type=kind or _field(about, "Feedback-Type").lower(),
        named=_addresses(about, "Original-Rcpt-To", "X-HmXmrOriginalRecipient"),
    )


def _returned(parts: list[Message]) -> Message:
    """The headers of our mail as it was sent back, none where it was not."""
    found = (part for part in parts if part.get_content_type() in RETURNED_TYPES)
    part = next(found, None)
    return Message() if part is None else next(_blocks(part))


def _text(parts: list[Message]) -> str:
    """The words of a message: those of its first part that has any, our mail aside."""
    for part in parts:
        if part.get_content_type() in RETURNED_TYPES:
            break
        if part.get_content_maintype() == "text":
            coded = part.get_payload(decode=True)
            assert isinstance(coded, bytes)  # noqa: S101  # it has no parts
            text = _decoded(coded[: 2 * READ_WORDS], part.get_content_charset("utf-8"))
            is_html = part.get_content_subtype() == "html"
            words = (_without_tags(text) if is_html else text)[:READ_WORDS]
            if words.strip():
                return words
    return ""


def _decoded(coded: bytes, charset: str) -> str:
    try:
        return coded.decode(charset, "replace")
    except LookupError:
        return coded.decode("utf-8", "replace")


def _without_tags(html: str) -> str:
    return " ".join(piece.rpartition(">")[2] for piece in html.split("<"))


def _words(parts: list[Message]) -> str:
    """The words of a report, up to the copy of our mail, on one line."""
    lines = (line.strip(" -=*_>") for line in _text(parts).splitlines())
    above = takewhile(lambda line: not line.lower().startswith(COPIES), lines)
    return " ".join(above)


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
    found = (_plain(value) for name in names for value in _fields(block, name))
    plain = (UNICODE_LETTER.sub(_letter, address) for address in found)
    return tuple(filter(_is_told, plain))


def _plain(value: str) -> str:
    """An address or a host without its type."""
    return value.rpartition(";")[2].strip(" <>")


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
