"""A real SMTP server on loopback that misbehaves on request."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Mishap(Enum):
    """What a relay may do instead of answering."""

    HANG_UP = "hang up"
    SAY_NOTHING = "say nothing"


class Relay:
    """Listens from `async with` to its end and keeps what it accepted.

    `script[command]` lists what it does at the next such commands in place of the
    usual: says the given line, or has the given mishap; None is the usual. MESSAGE
    is the moment after the final dot. With `listen_tls` it speaks TLS from the first
    byte.
    """

    def __init__(self, **options: Any) -> None:  # Any: aiosmtpd's own options
        self.script: dict[str, list[str | Mishap | None]] = defaultdict(list)
        self.commands: list[str] = []
        self.envelopes: list[Envelope] = []
        self.connections = 0
        self.at_once = 0
        self._tls = options.pop("listen_tls", None)
        self._options = options
        self._heard: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._open: set[_Conversation] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._converse, HOST, 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """Close every connection without a word, as after a long silence."""
        for conversation in tuple(self._open):
            conversation.vanish()

    async def is_silent(self) -> None:
        """Return once every connection has ended here."""
        for conversation in tuple(self._open):
            await conversation.ended.wait()

    async def heard(self, command: str) -> None:
        """Return once a client has said the command."""
        await self._heard[command].wait()

    def _converse(self) -> "_Conversation":
        self.connections += 1
        return _Conversation(self, self._open, self._options)

    def step(self, command: str, arg: str | None = None) -> str | Mishap | None:
        """Note a command and take what the script has for it."""
        self.commands.append(f"{command} {arg}" if arg else command)
        self._heard[command].set()
        self.at_once = max(self.at_once, len(self._open))
        return self.script[command].pop(0) if self.script[command] else None


class _Receiver:
    def __init__(self, relay: Relay) -> None:
        self._take = relay.envelopes.append

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd looks for
        self, server: "_Conversation", _session: Session, envelope: Envelope
    ) -> str:
        line = await server.scripted("MESSAGE")
        if line is None:
            self._take(envelope)
        return line or "250 2.0.0 Taken"


class _Conversation(SMTP):
    """One connection of a relay."""

    def __init__(
        self, relay: Relay, listed: set["_Conversation"], options: dict[str, Any]
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            _Receiver(relay), hostname="relay.example", loop=loop, **options
        )
        self._step = relay.step
        self._listed = listed
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._listed.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._listed.discard(self)
        self.ended.set()
        super().connection_lost(error)

    def vanish(self) -> None:
        """Close without a word, even half-way through STARTTLS."""
        for transport in (self.transport, self._original_transport):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    async def scripted(self, command: str, arg: str | None = None) -> str | None:
        """The line that the script has in place of the usual."""
        match self._step(command, arg):
            case Mishap.HANG_UP:
                self.vanish()
                await self.ended.wait()
            case Mishap.SAY_NOTHING:
                await self.ended.wait()
            case line:
                return line
        return None  # pragma: no cover - the end of the connection ends the task

    async def _answer(
        self, command: str, usual: Callable[[Any], Awaitable[None]], arg: str | None
    ) -> None:
        line = await self.scripted(command, arg)
        if line is None:
            await usual(arg)
        else:
            await self.push(line)

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802
        await self._answer("EHLO", super().smtp_EHLO, hostname)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        await self._answer("MAIL", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        await self._answer("RCPT", super().smtp_RCPT, arg)

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802
        await self._answer("RSET", super().smtp_RSET, arg)

    async def smtp_NOOP(self, arg: str | None) -> None:  # noqa: N802
        await self._answer("NOOP", super().smtp_NOOP, arg)

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802
        await self._answer("QUIT", super().smtp_QUIT, arg)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        await self._answer("DATA", super().smtp_DATA, arg)
