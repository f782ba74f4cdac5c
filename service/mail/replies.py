"""What a relay answers, read from its bytes however the network cuts them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Far above RFC 5321's 512 octets a line: what is longer is no SMTP.
LONGEST_LINE = 4096
#: A reply of more lines than any relay has reason to give.
MOST_LINES = 128
_LINE = re.compile(rb"([1-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_UNPRINTABLE = re.compile(r"[^ -~]")
# Some write it behind their words: "no mailbox here by that name (#5.1.1)".
_ENHANCED = re.compile(r"(?:.*#)??([245]\.\d{1,3}\.\d{1,3})\b")


class Garbage(Exception):
    """Bytes that are no SMTP reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code, and its lines as they came, joined by spaces."""

    code: int
    said: bytes

    @property
    def kind(self) -> int:
        """The first digit: 2 yes, 3 go on, 4 not now, 5 no (RFC 5321, 4.2.1)."""
        return self.code // 100

    @property
    def text(self) -> str:
        """The relay's words, fit for a log line and a table."""
        return plain(self.said.decode("ascii", "replace"))

    @property
    def words(self) -> str:
        """The relay's words as they were meant, for `refusals` to read (RFC 6531)."""
        return self.said.decode("utf-8", "replace")

    @property
    def enhanced(self) -> str:
        """The code of RFC 3463 that the words begin with or name as #5.7.1, or ""."""
        found = _ENHANCED.match(self.text)
        return found.group(1) if found else ""


class Replies:
    """Turns bytes into replies; one for each connection."""

    def __init__(self) -> None:
        """Nothing has been read yet."""
        self._rest = b""
        self._lines: list[bytes] = []

    def read(self, data: bytes) -> Iterator[Reply]:
        """Each reply that is complete with these bytes; then raises Garbage, if any.

        The last line's code counts, and whatever stands before it are words
        (RFC 5321, 4.2.1); a bare LF ends a line too.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            reply = self._line(line)
            if reply is not None:
                yield reply
        if len(self._rest) > LONGEST_LINE:
            raise Garbage("a line without an end")

    def _line(self, line: bytes) -> Reply | None:
        found = _LINE.fullmatch(line.rstrip(b"\r"))
        if found is None or len(line) > LONGEST_LINE or len(self._lines) == MOST_LINES:
            raise Garbage("an answer that is no SMTP")
        code, mark, words = found.groups()
        self._lines.append(words or b"")
        if mark == b"-":
            return None
        said = b" ".join(self._lines)
        self._lines.clear()
        return Reply(int(code), said)


def plain(text: str) -> str:
    """Words from outside as one short printable line of ASCII."""
    return _UNPRINTABLE.sub("?", " ".join(text.split()))[:300]
