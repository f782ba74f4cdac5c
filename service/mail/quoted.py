"""Quoted-printable (RFC 2045, 6.7) in pieces that may be put one behind the other."""

import binascii
import re

# A blank at the end of a line of 77 or 78: the standard library forgets that it grows.
TOO_LONG = re.compile(rb"=(?:20|09)(?<=[^\n]{77})\n")


def quoted(piece: str) -> bytes:
    """The piece in lines that end in CRLF: with a soft break where it ends in none.

    So anything may follow it. Every line end in the text, CR and CRLF too, is one.
    """
    text = piece.replace("\r\n", "\n").replace("\r", "\n")
    if text.endswith("\n") or not text:
        lines = binascii.b2a_qp(text.encode(), istext=True)
    else:
        # With a character behind it, the last line has room for the break.
        lines = binascii.b2a_qp(f"{text}x".encode(), istext=True)[:-1]
        lines = lines.removesuffix(b"=\n") + b"=\n"
    return TOO_LONG.sub(rb"=\n\g<0>", lines).replace(b"\n", b"\r\n")
