"""A relay of ours on loopback that does, byte by byte, what a test wants.

aiosmtpd, the relay beside this one, announces no pipelining and says nothing wrong.
"""

import asyncio
import socket
from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from ssl import SSLContext
from typing import Self

from tests.mail.relay import HOST, Mishap

PIPELINING = ("PIPELINING",)
IN_TURN = ()


class Trick(Enum):
    """What a relay may do beside answering."""

    STOP_READING = "stop reading"


Line = str | bytes | Mishap | Trick | None


@dataclass(frozen=True)
class Mail:
    """What the relay accepted: it had the final dot and was about to say yes."""

    sender: str
    recipient: str
    data: bytes


@dataclass
class Raw:
    """Listens from `async with` to its end and keeps what it accepted.

    `script[verb]` lists what it does at the next such commands in place of the usual:
    says the given line, or has the given mishap; None is the usual. GREETING is the
    moment of connecting, BODY the first bytes of a message, MESSAGE its final dot.
    The first connection ends after the relay heard so many bytes, or said so many.
    """

    offers: tuple[str, ...] = PIPELINING
    hears: int | None = None
    says: int | None = None
    ssl: SSLContext | None = None
    script: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    accepted: list[Mail] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    heard: int = 0
    said: int = 0
    connections: int = 0

    async def __aenter__(self) -> Self:
        self._moments: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._talks: list[_Talk] = []
        listener = socket.socket()
        # Small, so that a relay that does not read is felt soon.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind((HOST, 0))
        self.port: int = listener.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._talk, sock=listener, ssl=self.ssl)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for talk in self._talks:
            talk.transport.abort()
        await asyncio.gather(*(talk.ended.wait() for talk in self._talks))

    def _talk(self) -> "_Talk":
        self.connections += 1
        talk = _Talk(self, is_first=self.connections == 1)
        self._talks.append(talk)
        return talk

    def say(self, words: bytes) -> None:
        """Say something on every connection; who said nothing goes on with that."""
        for talk in self._talks:
            talk.say(words)

    def hang_up(self) -> None:
        """Close every connection."""
        for talk in self._talks:
            talk.transport.close()

    def read_on(self) -> None:
        """Read again after STOP_READING."""
        for talk in self._talks:
            talk.transport.resume_reading()

    async def has_heard(self, verb: str) -> None:
        """Return once a client has said this."""
        await self._moments[verb].wait()

    async def is_alone(self) -> None:
        """Return once every connection has ended."""
        for talk in self._talks:
            await talk.ended.wait()

    def step(self, verb: str) -> Line:
        self._moments[verb].set()
        return self.script[verb].pop(0) if self.script[verb] else None


class _Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self, relay: Raw, *, is_first: bool) -> None:
        self._relay = relay
        self._is_first = is_first
        self._rest = bytearray()
        self._searched = 0
        self._sender: str | None = None
        self._recipient: str | None = None
        self._is_body = False
        self._answers: list[bytes] = []
        self._is_over = False
        self._is_stuck = False
        self.ended = asyncio.Event()
        self.transport: asyncio.Transport

    def connection_made(self, transport) -> None:
        self.transport = transport
        self._do("GREETING", "220 raw.example ESMTP")
        self._flush()

    def connection_lost(self, _error: Exception | None) -> None:
        self.ended.set()

    def data_received(self, data: bytes) -> None:
        relay = self._relay
        if self._is_first and relay.hears is not None:
            data = data[: max(relay.hears - relay.heard, 0)]
        relay.heard += len(data)
        relay.chunks.append(data)
        self._rest += data
        self._go_on()
        if self._is_first and relay.hears is not None and relay.heard >= relay.hears:
            self._vanish()

    def say(self, words: bytes) -> None:
        self._is_stuck = False
        self._answers.append(words)
        self._go_on()

    def _go_on(self) -> None:
        while not self._is_over and not self._is_stuck and self._understood():
            pass
        self._flush()

    def _understood(self) -> bool:
        """Deal with one command, or one message; False if there is none complete."""
        if self._is_body and len(self._rest) > len(b"\r\n"):
            self._do("BODY", "")
        end = b"\r\n.\r\n" if self._is_body else b"\r\n"
        place = self._rest.find(end, max(self._searched - len(end), 0))
        self._searched = len(self._rest)
        if place < 0:
            return False
        found = bytes(self._rest[:place])
        del self._rest[: place + len(end)]
        self._searched = 0
        if self._is_body:
            self._is_body = False
            self._message(found[2:] + b"\r\n")
        else:
            self._command(found.decode())
        return True

    def _command(self, line: str) -> None:
        self._relay.commands.append(line)
        verb, _, rest = line.partition(" ")
        match verb:
            case "EHLO":
                *lines, last = ["raw.example", *self._relay.offers]
                self._do(
                    "EHLO", "".join(f"250-{one}\r\n" for one in lines) + f"250 {last}"
                )
            case "MAIL":
                self._sender = rest if self._do("MAIL", "250 2.1.0 Ok") else None
            case "RCPT":
                self._rcpt(rest)
            case "DATA":
                self._data()
            case "RSET":
                self._forget()
                self._do("RSET", "250 2.0.0 Ok")
            case "STARTTLS":
                self._do("STARTTLS", "220 2.0.0 Ready to start TLS")
            case "NOOP":
                self._do("NOOP", "250 2.0.0 Ok")
            case _:
                self._do("QUIT", "221 2.0.0 Bye")
                self._is_over = True

    def _rcpt(self, rest: str) -> None:
        if self._sender is None:
            self._do("NO MAIL", "503 5.5.1 Error: need MAIL command")
        elif self._do("RCPT", "250 2.1.5 Ok"):
            self._recipient = rest

    def _data(self) -> None:
        if self._recipient is None and not self._relay.script["DATA"]:
            self._say("503 5.5.1 Error: need RCPT command")
        elif self._do("DATA", "354 End data with <CR><LF>.<CR><LF>"):
            # A dot ends it on any line, so on the first one too.
            self._is_body = True
            self._rest[:0] = b"\r\n"

    def _message(self, data: bytes) -> None:
        if self._sender is None or self._recipient is None:
            self._do("LONE DOT", "554 5.5.1 Error: no valid recipients")
        elif self._do("MESSAGE", "250 2.0.0 Ok: queued as 4Xy1"):
            mail = Mail(self._sender, self._recipient, data)
            self._relay.accepted.append(mail)
        self._forget()

    def _forget(self) -> None:
        self._sender = self._recipient = None

    def _do(self, verb: str, usual: str) -> bool:
        """Whether this went as usual, or at least with a yes."""
        match self._relay.step(verb):
            case Mishap.HANG_UP:
                self._is_over = True
                return False
            case Mishap.SAY_NOTHING:
                self._is_stuck = True
                return True
            case bytes() as raw:
                self._answers.append(raw)
                return False
            case Trick.STOP_READING:
                self.transport.pause_reading()
                line = usual
            case said:
                line = usual if said is None else said
        self._say(line)
        self._is_over |= line.startswith("421")
        return line[:1] in {"2", "3"}

    def _say(self, line: str) -> None:
        if line:
            self._answers.append(f"{line}\r\n".encode())

    def _flush(self) -> None:
        data, relay = b"".join(self._answers), self._relay
        self._answers.clear()
        if self._is_first and relay.says is not None:
            data = data[: max(relay.says - relay.said, 0)]
        relay.said += len(data)
        self.transport.write(data)
        is_cut = self._is_first and relay.says is not None and relay.said >= relay.says
        if self._is_over or is_cut:
            self._vanish()

    def _vanish(self) -> None:
        """Say what is to be said, then close."""
        self._is_over = True
        self.transport.close()
