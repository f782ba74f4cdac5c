"""A relay that misbehaves by the dice, and never forgets what it took.

It runs as a process of its own, so that it outlives whoever else is killed. A mail is
in its ledger, on the disk, before 250 is said. On standard output it prints its port
and then one word for each thing that it did; SIGUSR1 makes it hang up on everybody.
"""

import asyncio
import os
import random
import re
import signal
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

HOST = "127.0.0.1"
#: The longest line or message it reads, in bytes.
LIMIT = 1_000_000
#: One in so many messages, greetings or handshakes goes wrong.
ONE_IN = 6
#: How long it takes over a message, in seconds.
LEAST, MOST = 0.02, 0.2
NO_SUCH_USER = "gone"

GO_AHEAD = b"220 2.0.0 Go ahead\r\n"
#: What is said in place of the usual.
INSTEAD = {
    "421": b"421 4.3.2 Closing the channel\r\n",
    "452": b"452 4.3.1 Insufficient system storage\r\n",
    "garbage": b"\x00\xff\x80 2.5.0 \x1b[31mcolour\x07\r\n",
    "oversized": 70_000 * b"x" + b"\r\n",
}
#: After these the conversation is over.
LAST = {"421", "cut"}
ANYWHERE = ("cut", *INSTEAD)
DISTURBED = ("cut", "421", "garbage", "oversized")

Mishap = tuple[str, str]
GREETING: Sequence[Mishap] = [
    (stage, deed) for stage in ("connect", "ehlo") for deed in ANYWHERE
]
SECRECY: Sequence[Mishap] = [
    ("starttls", "cut"),
    ("starttls", "garbage"),
    ("starttls", "452"),
    ("handshake", "garbage"),
]
#: `dot` is answered before the mail is in the ledger, `taken` after it.
MESSAGE: Sequence[Mishap] = [
    *((stage, deed) for stage in ("mail", "rcpt", "data", "dot") for deed in ANYWHERE),
    ("message", "cut"),
    *(("taken", deed) for deed in ("cut", "garbage", "oversized", "hold", "hold")),
]

ADDRESS = re.compile(rb"<([^>]*)>")
DATE = re.compile(rb"^Date: *(.+?)\r$", re.MULTILINE)
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<.+?>)\r$", re.MULTILINE)


class Over(Exception):
    """This conversation has ended, by our doing."""


class Dice:
    """What goes wrong next: nothing mostly, else each mishap of a deck in its turn."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a test repeats itself
        self._decks = {
            name: self._endless(deck)
            for name, deck in (
                ("greeting", GREETING),
                ("secrecy", SECRECY),
                ("message", MESSAGE),
            )
        }

    def next(self, deck: str) -> Mishap:
        is_wrong = self.random.randrange(ONE_IN) == 0
        return next(self._decks[deck]) if is_wrong else ("", "")

    def chance(self) -> bool:
        return self.random.random() < 0.5

    def _endless(self, deck: Sequence[Mishap]) -> Iterator[Mishap]:
        while True:
            yield from self.random.sample(deck, len(deck))


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Who took what, one line a mail: recipient, night, Message-ID. Survives a crash."""

    descriptor: int

    def write(self, recipient: bytes, data: bytes) -> None:
        date, name = DATE.search(data), MESSAGE_ID.search(data)
        assert date
        assert name
        night = parsedate_to_datetime(date[1].decode()).date().isoformat().encode()
        os.write(self.descriptor, b" ".join((recipient, night, name[1])) + b"\n")
        os.fsync(self.descriptor)


def ledger_in(folder: Path) -> Ledger:
    """The ledger of a relay whose folder this is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return Ledger(descriptor=os.open(folder / "ledger", flags, 0o600))


class Conversation:
    """One connection, from the greeting to its end."""

    def __init__(self, relay: "Relay", reader: StreamReader, writer: StreamWriter):
        self._relay, self._dice = relay, relay.dice
        self._reader, self.writer = reader, writer
        self._mishap = self._dice.next("greeting")
        self._pipelining = self._dice.chance()
        self._secret = False
        self._sender, self._recipient = False, b""
        self._verbs = {
            b"EHLO": self._ehlo,
            b"STAR": self._starttls,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"RSET": self._rset,
            b"NOOP": self._noop,
            b"QUIT": self._quit,
        }

    async def run(self) -> None:
        await self._say("connect", b"220 relay.example ESMTP\r\n")
        while line := await self._reader.readline():
            await self._verbs.get(line[:4].upper(), self._unknown)(line)

    async def _say(self, stage: str, usual: bytes) -> bool:
        """Answer; whether it was the usual answer."""
        deed = self._mishap[1] if self._mishap[0] == stage else ""
        self._relay.tell(deed or stage)
        match deed:
            case "":
                said = usual
            case "hold":
                await asyncio.sleep(self._relay.hold_seconds)
                said = usual
            case "cut":
                said = usual[: self._dice.random.randint(0, len(usual))]
            case _:
                said = INSTEAD[deed]
        self.writer.write(said)
        await self.writer.drain()
        if deed in LAST:
            raise Over
        return said is usual

    async def _ehlo(self, _: bytes) -> None:
        offers = [b"SIZE 10240000", b"8BITMIME", b"ENHANCEDSTATUSCODES", b"SMTPUTF8"]
        offers += [b"STARTTLS"] * (not self._secret)
        offers += [b"PIPELINING", b"DSN"] * self._pipelining
        lines = [b"250-" + offer for offer in (b"relay.example", *offers)]
        await self._say("ehlo", b"\r\n".join([*lines, b"250 HELP\r\n"]))

    async def _starttls(self, _: bytes) -> None:
        self._mishap = self._dice.next("secrecy")
        if not await self._say("starttls", GO_AHEAD):
            return
        if await self._say("handshake", b""):
            await self.writer.start_tls(self._relay.tls)
            self._secret = True

    async def _mail(self, _: bytes) -> None:
        self._mishap = self._dice.next("message")
        self._sender = await self._say("mail", b"250 2.1.0 Ok\r\n")

    async def _rcpt(self, line: bytes) -> None:
        address = ADDRESS.search(line)
        if not (self._sender and address):
            await self._say("rcpt", b"503 5.5.1 Who are you?\r\n")
        elif address[1].startswith(NO_SUCH_USER.encode()):
            await self._say("rcpt", b"550 5.1.1 No such user\r\n")
        elif await self._say("rcpt", b"250 2.1.5 Ok\r\n"):
            self._recipient = address[1]

    async def _data(self, _: bytes) -> None:
        recipient = self._recipient
        self._sender, self._recipient = False, b""
        # Some relays want to see the message even for nobody: RFC 2920, 3.1.
        if not recipient and self._dice.chance():
            await self._say("data", b"503 5.5.1 To whom?\r\n")
            return
        if not await self._say("data", b"354 Go on\r\n"):
            return
        data = await self._message()
        if not recipient:
            await self._say("nobody", b"554 5.5.1 No valid recipients\r\n")
            return
        await asyncio.sleep(self._dice.random.uniform(LEAST, MOST))
        if self._mishap[0] == "dot":
            await self._say("dot", b"451 4.3.0 Not now\r\n")
            return
        self._relay.ledger.write(recipient, data)
        await self._say("taken", b"250 2.0.0 Ok: queued\r\n")

    async def _message(self) -> bytes:
        if self._mishap == ("message", "cut"):
            await self._reader.read(self._dice.random.randint(1, 20_000))
            self._relay.tell("cut")
            raise Over
        first = await self._reader.readline()
        if first == b".\r\n":
            return b""
        return first + await self._reader.readuntil(b"\r\n.\r\n")

    async def _rset(self, _: bytes) -> None:
        self._sender, self._recipient = False, b""
        await self._say("rset", b"250 2.0.0 Ok\r\n")

    async def _unknown(self, _: bytes) -> None:
        await self._say("unknown", b"500 5.5.2 What?\r\n")

    async def _noop(self, _: bytes) -> None:
        await self._say("noop", b"250 2.0.0 Ok\r\n")

    async def _quit(self, _: bytes) -> None:
        await self._say("quit", b"221 2.0.0 Bye\r\n")
        raise Over


class Relay:
    """All conversations, and what they share."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        tls: ssl.SSLContext,
        dice: Dice,
        hold_seconds: float,
        tell: Callable[[str], None],
    ) -> None:
        self.ledger, self.tls, self.dice = ledger, tls, dice
        self.hold_seconds = hold_seconds
        self.tell = tell
        self._open: set[Conversation] = set()

    def hang_up(self) -> None:
        for conversation in self._open:
            self.tell("cut")
            conversation.writer.transport.abort()

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        conversation = Conversation(self, reader, writer)
        self._open.add(conversation)
        # The client's going, by a kill or a broken handshake, is nothing to tell.
        with suppress(Over, OSError, asyncio.IncompleteReadError):
            await conversation.run()
        self._open.discard(conversation)
        writer.close()


async def main(folder: Path, seed: str, hold_seconds: float) -> None:
    """Be a relay until SIGTERM; the ledger and the certificate are in `folder`."""
    stop = asyncio.Event()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    ledger = ledger_in(folder)
    relay = Relay(
        ledger=ledger,
        tls=tls,
        dice=Dice(seed),
        hold_seconds=hold_seconds,
        tell=lambda word: print(word, flush=True),  # noqa: T201 - the harness listens
    )
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, relay.hang_up)
    server = await asyncio.start_server(relay.converse, HOST, 0, limit=LIMIT)
    relay.tell(str(server.sockets[0].getsockname()[1]))
    await stop.wait()
    server.close()
    relay.hang_up()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
