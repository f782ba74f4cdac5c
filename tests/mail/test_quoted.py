"""Quoted-printable in pieces: joined, they are the text joined, whatever it holds."""

import binascii
import quopri
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.mail.quoted import quoted

SOFT = b"=\r\n"
#: What lies at the bounds of the encoding, and a word that fills lines.
HARD = st.sampled_from(
    [
        " ",
        "\t",
        "=",
        ".",
        "\n",
        "\r",
        "\r\n",
        "é",
        "漢",
        "🌙",
        "x" * 74,
        "x" * 75,
        "x" * 76,
    ]
)
PIECES = st.lists(st.lists(HARD | st.text(max_size=8), max_size=6).map("".join))


def with_plain_line_ends(piece: str) -> str:
    return piece.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=500)
@given(PIECES)
@example(["a ", "\n"])
@example(["a\t", "", "\n b"])
@example([".", "\n", ".", ".\n"])
@example(["x" * 75, "=", "x" * 76, "é" * 40])
@example(["e", "\u0301", "👩", "\u200d", "🌾"])
def test_the_lines_of_pieces_are_the_lines_of_the_whole(pieces):
    lines = b"".join(quoted(piece) for piece in pieces)
    text = "".join(with_plain_line_ends(piece) for piece in pieces)

    for decode in (binascii.a2b_qp, quopri.decodestring):
        assert decode(lines).decode().replace("\r\n", "\n") == text


@settings(max_examples=500)
@given(PIECES)
def test_the_lines_are_fit_for_the_wire(pieces):
    lines = b"".join(quoted(piece) for piece in pieces)

    assert lines.isascii()
    assert lines == b"" or lines.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|[ \t]\r\n", lines)
    assert max(len(line) for line in lines.split(b"\r\n")) <= 76


@pytest.mark.parametrize(
    ("piece", "lines"),
    [
        ("", b""),
        ("\n", b"\r\n"),
        ("Good evening\n", b"Good evening\r\n"),
        ("Good evening", b"Good evening" + SOFT),
        ("Call ", b"Call " + SOFT),
        ("Call \n", b"Call=20\r\n"),
        ("a=b", b"a=3Db" + SOFT),
        ("é\n", b"=C3=A9\r\n"),
        ("x" * 75, b"x" * 75 + SOFT),
        ("x" * 76, b"x" * 75 + SOFT + b"x" + SOFT),
        ("x" * 76 + "\n", b"x" * 76 + b"\r\n"),
        ("x" * 75 + " \n", b"x" * 75 + SOFT + b"=20\r\n"),
    ],
)
def test_a_piece_ends_where_another_may_begin(piece, lines):
    assert quoted(piece) == lines
