"""The conversation with the relay; the only aiosmtplib.

aiosmtplib connects, negotiates TLS and signs in. The transaction is said here, one
command at a time, because only then is it known how far a lost one had come: before
the message itself nothing was sent, after it the relay may have taken it.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponse

from service.domain.clock import Clock
from service.domain.errors import Misconfigured, TryLater, VisitorError
from service.domain.outbox import Accepted, Outcome, Refused, Stage, Unknown, Unsent
from service.mail.addresses import on_the_wire
from service.mail.envelope import Envelope
from service.settings import RelaySettings

YES, GO_ON, NOT_NOW, NO = 2, 3, 4, 5  # First digits of a reply: RFC 5321, 4.2.1.
LOST = 0  # The code of a reply that never came.
CLOSING = 421
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
FAILURES = (SMTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long we wait for a reply, in seconds.

    RFC 5321, 4.5.3.2.6 grants the relay 10 minutes after the final dot: whoever
    hangs up earlier does not know whether the message was taken. A connection that
    was `idle` for longer is asked whether it lives before it is used.
    """

    command: float = 60
    final_dot: float = 600
    goodbye: float = 5
    idle: float = 5


class Mailer:
    """Hands messages to the relay over a few kept connections.

    Connections are opened when first needed, serve one message at a time, and are
    closed on leaving. One that is in doubt is never used again.
    """

    def __init__(
        self,
        settings: RelaySettings,
        *,
        clock: Clock | None = None,  # noqa: ARG002
        patience: Patience | None = None,
    ) -> None:
        """Keep the settings; nothing is opened yet."""
        self._settings = settings
        self._patience = patience or Patience()
        self._tls = None if settings.tls == "none" else ssl.create_default_context()
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[tuple[SMTP, float]] = []
        self._hostname = settings.hostname

    async def __aenter__(self) -> Self:
        """Find the name that EHLO says, where no setting gives it."""
        if self._hostname is None:
            self._hostname = await asyncio.to_thread(socket.getfqdn)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say goodbye on every connection."""
        clients = [client for client, _ in self._idle]
        self._idle.clear()
        await asyncio.gather(*(self._leave(client) for client in clients))

    async def send(self, envelope: Envelope) -> Outcome:
        """What became of one message.

        Never raises for what the relay or the network does.
        """
        try:
            sender = on_the_wire(envelope.sender)
            recipient = on_the_wire(envelope.recipient)
        except VisitorError as error:
            return _unfit("5.1.3", str(error))
        async with self._slots:
            client = await self._kept()
            if client is None:
                try:
                    client = await self._connected()
                except FAILURES as error:
                    return self._no_connection(error)
            return await self._served(client, sender, recipient, envelope.data)

    async def probe(self) -> None:
        """Return if the relay is there and lets us in.

        Raises Misconfigured if it refuses our settings, TryLater if it is away.
        """
        try:
            client = await self._connected()
        except FAILURES as error:
            raise self._diagnosis(error) from error
        await self._leave(client)

    async def _served(
        self, client: SMTP, sender: str, recipient: str, data: bytes
    ) -> Outcome:
        """One message over this connection, which is kept only if it is in order."""
        is_sound = False
        try:
            outcome = await self._transaction(client, sender, recipient, data)
            is_sound = await self._is_sound(client, outcome)
        finally:
            if is_sound:
                now = asyncio.get_running_loop().time()
                self._idle.append((client, now))
            else:
                client.close()
        return outcome

    async def _transaction(
        self, client: SMTP, sender: str, recipient: str, data: bytes
    ) -> Outcome:
        options = ""
        if not recipient.isascii():
            if not client.supports_extension("smtputf8"):
                why = "the relay takes no addresses with such letters (SMTPUTF8)"
                return _unfit("5.6.7", why)
            options = " BODY=8BITMIME SMTPUTF8"
        for command, wanted in (
            (f"MAIL FROM:<{sender}>{options}", YES),
            (f"RCPT TO:<{recipient}>", YES),
            ("DATA", GO_ON),
        ):
            reply = await self._asked(client, command)
            if reply.code // 100 != wanted:
                return _refused(Stage(command[:4].lower()), reply)
        return await self._handed_over(client, data)

    async def _handed_over(self, client: SMTP, data: bytes) -> Outcome:
        """The message and its final dot. From here on a silence proves nothing."""
        protocol = client.protocol
        if protocol is None or not protocol.is_connected:  # pragma: no cover - a race:
            # the relay left between its 354 and this line.
            return Unsent(reason="connection lost before the message")
        dotted = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"
        protocol.write(dotted)
        reply = await _answer(protocol.read_response(timeout=self._patience.final_dot))
        match reply.code // 100:
            case 2:  # YES
                return Accepted(reply=_clean(reply.message))
            case 4 | 5:  # NOT_NOW, NO
                return _refused(Stage.MESSAGE, reply)
            case _:
                return Unknown(reason=_clean(f"after the message: {reply.message}"))

    async def _asked(self, client: SMTP, command: str) -> SMTPResponse:
        """The reply to a command; its code is LOST if none came."""
        return await _answer(
            client.execute_command(
                command.encode("utf-8"), timeout=self._patience.command
            )
        )

    async def _is_sound(self, client: SMTP, outcome: Outcome) -> bool:
        """Whether the connection may serve another message."""
        match outcome:
            case Accepted():
                return client.is_connected
            case Refused(code=code):
                is_plain = code // 100 in (NOT_NOW, NO) and code != CLOSING
                return is_plain and await self._obeys(client, "RSET")
            case Unsent() | Unknown():
                return False

    async def _obeys(self, client: SMTP, command: str) -> bool:
        """Whether the relay is there and says yes to a harmless command."""
        return (await self._asked(client, command)).code // 100 == YES

    async def _kept(self) -> SMTP | None:
        """A connection from before that is still good."""
        while self._idle:
            client, since = self._idle.pop()
            idle = asyncio.get_running_loop().time() - since
            if idle < self._patience.idle and client.is_connected:
                return client
            if await self._obeys(client, "NOOP"):
                return client
            client.close()
        return None

    async def _connected(self) -> SMTP:
        """A connection that has greeted, encrypted and signed in as settings say."""
        settings = self._settings
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username or None,
            password=settings.password.get_secret_value() or None,
            local_hostname=self._hostname,
            timeout=self._patience.command,
            use_tls=settings.tls == "implicit",
            start_tls=settings.tls == "starttls",
            tls_context=self._tls,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except BaseException:
            client.close()
            raise
        return client

    async def _leave(self, client: SMTP) -> None:
        await _answer(client.quit(timeout=self._patience.goodbye))
        client.close()

    def _no_connection(self, error: Exception) -> Refused | Unsent:
        code = getattr(error, "code", LOST)
        if code <= LOST:
            return Unsent(reason=self._words(error))
        return _refused(Stage.CONNECT, SMTPResponse(code, _text(error)))

    def _diagnosis(self, error: Exception) -> Misconfigured | TryLater:
        """What the operator must do about it, or that there is only waiting."""
        if isinstance(error, SMTPAuthenticationError):
            return Misconfigured(
                what=self._words(error),
                where="settings EVENTIDE_SMTP__USERNAME and EVENTIDE_SMTP__PASSWORD",
                remedy="Give the name and password that the relay knows",
            )
        if type(error) is SMTPException or _has_bad_certificate(error):
            return Misconfigured(
                what=self._words(error),
                where="setting EVENTIDE_SMTP__TLS",
                remedy="Choose what the relay offers: none, starttls or implicit, "
                "with a certificate for the name in EVENTIDE_SMTP__HOST",
            )
        return TryLater(self._words(error))

    def _words(self, error: Exception) -> str:
        relay = f"{self._settings.host}:{self._settings.port}"
        return _clean(f"no connection to the relay {relay}: {_text(error)}")


async def _answer(reply: Awaitable[SMTPResponse]) -> SMTPResponse:
    try:
        return await reply
    except FAILURES as error:
        return SMTPResponse(LOST, _text(error))


def _refused(stage: Stage, reply: SMTPResponse) -> Refused | Unsent:
    text = _clean(reply.message)
    if reply.code <= LOST:
        return Unsent(reason=f"connection lost at {stage}: {text}")
    found = ENHANCED.match(text)
    enhanced = found.group() if found else ""
    return Refused(stage=stage, code=reply.code, enhanced=enhanced, reply=text)


def _unfit(enhanced: str, why: str) -> Refused:
    """A message that no relay was asked about: it could only have said the same."""
    return Refused(stage=Stage.RCPT, code=553, enhanced=enhanced, reply=why)


def _has_bad_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__
    return False


def _text(error: Exception) -> str:
    return getattr(error, "message", "") or str(error) or type(error).__name__


def _clean(text: str) -> str:
    """A relay's words, fit for a log line and a table: printable, one line, short."""
    words = " ".join(text.encode("ascii", "replace").decode().split())
    return "".join(char if char.isprintable() else "?" for char in words)[:300]
