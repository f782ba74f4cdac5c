"""The referee is fair: what it says it took is in its ledger, and nothing else is."""

import asyncio
import os
import ssl
from contextlib import asynccontextmanager, suppress

import pytest

from tests.chaos.relay import (
    GO_AHEAD,
    GREETING,
    HOST,
    INSTEAD,
    LIMIT,
    MESSAGE,
    Dice,
    Relay,
    ledger_in,
)

MAIL = (
    b"Date: Mon, 23 Nov 2026 19:05:00 +0000\r\n"
    b"Message-ID: <1@eventide.example>\r\n\r\nGood evening\r\n.\r\n"
)
DIALOGUE = {
    b"EHLO eventide.example\r\n": b"250",
    b"MAIL FROM:<evening@eventide.example>\r\n": b"250",
    b"RCPT TO:<ann@example.org>\r\n": b"250",
    b"DATA\r\n": b"354",
    MAIL: b"250",
    b"NOOP\r\n": b"250",
    b"QUIT\r\n": b"221",
}


class Rigged(Dice):
    """Dice that always show the same mishap."""

    def __init__(self, mishap, *, is_strict=False) -> None:
        super().__init__("rigged")
        self._shown = mishap
        self.is_strict = is_strict

    def next(self, _deck):
        return self._shown

    def chance(self) -> bool:
        return self.is_strict


@asynccontextmanager
async def relay(folder, dice):
    """A relay, and a caller's two ends of a connection to it."""
    told: list[str] = []
    ledger = ledger_in(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    here = Relay(ledger=ledger, tls=tls, dice=dice, hold_seconds=0, tell=told.append)
    server = await asyncio.start_server(here.converse, HOST, 0, limit=LIMIT)
    port = server.sockets[0].getsockname()[1]
    async with server:
        reader, writer = await asyncio.open_connection(HOST, port, limit=LIMIT)
        yield told, reader, writer
        writer.close()
        here.hang_up()
    os.close(ledger.descriptor)


async def reply(reader) -> bytes:
    """All lines of one answer."""
    line = await reader.readline()
    while line[3:4] == b"-":
        line = await reader.readline()
    return line


async def said(reader, writer) -> list[bytes]:
    """What a plain client is told, until it is told something odd."""
    heard = [await reply(reader)]
    if not heard[0].startswith(b"220 "):
        return heard
    for line, wanted in DIALOGUE.items():
        writer.write(line)
        heard.append(await reply(reader))
        if not heard[-1].startswith(wanted):
            break
    return heard


@pytest.mark.parametrize("mishap", [("", ""), *GREETING, *sorted(set(MESSAGE))])
async def test_what_it_took_is_in_its_ledger_whatever_it_says(tmp_path, mishap):
    stage, deed = mishap
    async with relay(tmp_path, Rigged(mishap)) as (told, reader, writer):
        with suppress(ConnectionError):
            heard = await said(reader, writer)
            # Cut as it is, an answer may be whole.
            assert (heard[-1][:4] == b"221 ") == (deed in ("", "hold")) or deed == "cut"

    lines = (tmp_path / "ledger").read_text().splitlines()
    expected = ["ann@example.org 2026-11-23 <1@eventide.example>"]
    assert lines == (expected if stage in ("", "taken") else [])
    assert not deed or deed in told


@pytest.mark.parametrize(
    ("mishap", "answer"),
    [
        (("starttls", "452"), INSTEAD["452"]),
        (("starttls", "garbage"), INSTEAD["garbage"]),
        (("handshake", "garbage"), GO_AHEAD + INSTEAD["garbage"]),
    ],
)
async def test_whoever_wants_secrecy_and_gets_none_can_see_it(tmp_path, mishap, answer):
    async with relay(tmp_path, Rigged(mishap)) as (_, reader, writer):
        writer.write(b"EHLO eventide.example\r\nSTARTTLS\r\n")
        writer.write_eof()
        await reply(reader)
        await reply(reader)

        assert await reader.read() == answer


@pytest.mark.parametrize(
    ("is_strict", "end"), [(True, b""), (False, b".\r\n")], ids=["503", "lone dot"]
)
async def test_of_commands_said_at_once_a_refused_one_harms_no_other(
    tmp_path, is_strict, end
):
    dice = Rigged(("", ""), is_strict=is_strict)
    first = (
        b"EHLO eventide.example\r\n"
        b"RSET\r\n"
        b"RCPT TO:<ann@example.org>\r\n"
        b"MAIL FROM:<evening@eventide.example>\r\n"
        b"RCPT TO:<gone@example.org>\r\n"
        b"DATA\r\n"
    )
    second = (
        b"MAIL FROM:<evening@eventide.example>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\n"
    )
    async with relay(tmp_path, dice) as (_, reader, writer):
        writer.write(first)
        codes = [(await reply(reader))[:3] for _ in range(7)]
        writer.write(end + second)
        codes += [(await reply(reader))[:3] for _ in range(3 + bool(end))]
        writer.write(MAIL + b"WHAT\r\n")
        codes += [(await reply(reader))[:3] for _ in range(2)]

    refused = [b"503"] if is_strict else [b"354", b"554"]
    assert codes == [
        *(b"220", b"250", b"250", b"503", b"250", b"550", *refused),
        *(b"250", b"250", b"354", b"250", b"500"),
    ]
    assert len((tmp_path / "ledger").read_text().splitlines()) == 1
