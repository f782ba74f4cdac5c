"""The way to the relay; the only aiosmtplib.

aiosmtplib connects, negotiates TLS, greets and signs in. The messages are then said by
`session`, because only there it is known how far a lost one had come.
"""

import asyncio
import socket
import ssl
from dataclasses import replace
from types import TracebackType
from typing import Self, cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPServerDisconnected,
)

from service.domain.clock import Clock
from service.domain.errors import Misconfigured, TryLater
from service.domain.obstacle import Obstacle
from service.domain.outbox import Outcome, Refused, Unsent
from service.domain.refusals import Refusals, Stage
from service.mail.commands import Offer, addressed
from service.mail.envelope import Envelope
from service.mail.examination import Examined, encrypted
from service.mail.queue import Queue, Submission
from service.mail.replies import Reply, plain
from service.mail.session import YES, Patience, Session, refused
from service.mail.wire import Lost, Wire
from service.settings import RelaySettings

FAILURES = (SMTPException, OSError, ValueError)


class Mailer:
    """Hands messages to the relay over a few kept connections.

    Each `send` waits in one queue. Connections are opened as there is work for them,
    up to the setting, serve the queue while something is in it, and are kept for the
    next time. One that is in doubt is never used again.
    """

    def __init__(
        self,
        settings: RelaySettings,
        refusals: Refusals,
        *,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        """Keep the settings; nothing is opened yet. `refusals` rules on what is refused."""
        self._settings = settings
        self._refusals = refusals
        self._patience = patience or Patience()
        self._tls = None if settings.tls == "none" else ssl.create_default_context()
        self._hostname = settings.hostname
        self._queue = Queue(clock)
        self._idle: list[tuple[Session, float]] = []
        self._at_work: set[asyncio.Task[None]] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._fitting = 1
        self._full_until = 0.0

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
        """Finish what is on the wire, turn away what still waits, say goodbye."""
        self.stop()
        try:
            await asyncio.gather(*self._at_work, return_exceptions=True)
        finally:
            await asyncio.gather(*(session.leave() for session, _ in self._idle))

    def stop(self) -> None:
        """Turn away what waits and what still comes; what is on the wire goes on."""
        self._queue.close()
        for task in self._connecting:
            task.cancel()

    async def send(self, envelope: Envelope) -> Outcome:
        """What became of one message.

        Never raises for what the relay or the network does. Whoever stops waiting
        takes the message along only as long as it has not been begun.
        """
        found = addressed(envelope)
        if isinstance(found, Refused):
            return found
        sender, recipient = found
        loop = asyncio.get_running_loop()
        submission = Submission(
            envelope=envelope,
            sender=sender,
            recipient=recipient,
            outcome=loop.create_future(),
        )
        self._queue.put(submission)
        self._call_for_help(loop.time())
        return await submission.outcome

    async def probe(self) -> None:
        """Return if the relay is there and lets us in.

        Raises Misconfigured if it refuses our settings, TryLater if it is away.
        """
        try:
            async with asyncio.timeout(self._patience.probe):
                session = await self._connected()
        except FAILURES as error:
            raise self._diagnosis(error) from error
        await session.leave()

    async def examine(self, sender: str) -> Examined:
        """What the relay shows of itself, and whether it takes mail of this sender.

        Nobody is named as recipient, so nothing is sent. Raises what `probe` does.
        """
        try:
            async with asyncio.timeout(self._patience.probe):
                client = await self._let_in()
                seen = self._seen(client)
                session = self._session(client)
                answer = await session.asked(f"MAIL FROM:<{sender}>")
                if answer.kind == YES:
                    await session.asked("RSET")
                await session.leave()
        except (*FAILURES, Lost) as error:
            raise self._diagnosis(error) from error
        if answer.kind == YES:
            return seen
        return replace(seen, refused=refused(self._refusals, Stage.MAIL, answer))

    def _seen(self, client: SMTP) -> Examined:
        offered = client.esmtp_extensions
        return Examined(
            address=str(client.get_transport_info("peername")[0]),
            encrypted=encrypted(client.get_transport_info("ssl_object")),
            offers_tls="starttls" in offered,
            is_signed_in=bool(self._settings.username),
            offer=Offer.read(offered),
            refused=None,
        )

    def _call_for_help(self, now: float) -> None:
        """Put one more connection to work, if there may be one more."""
        is_full = now < self._full_until
        most = self._fitting if is_full else self._settings.connections
        if len(self._at_work) < most:
            self._at_work.add(asyncio.create_task(self._work()))

    async def _work(self) -> None:
        """One connection after another, for as long as something waits."""
        try:
            while self._queue.is_waiting:
                session = await self._kept() or await self._another()
                if session is None:
                    return
                await session.serve()
                if session.is_sound:
                    now = asyncio.get_running_loop().time()
                    self._idle.append((session, now))
                elif session.is_spent:
                    await session.leave()
                else:
                    session.close()
        finally:
            self._at_work.discard(_this_task())
            if not self._at_work:
                # Whatever broke, nobody else would come for those who wait.
                self._queue.settle(Unsent(reason=Obstacle.BROKEN_CONNECTION))

    async def _kept(self) -> Session | None:
        """A connection from before that is still good."""
        while self._idle:
            session, since = self._idle.pop()
            idle = asyncio.get_running_loop().time() - since
            is_fresh = idle < self._patience.idle
            if session.is_sound if is_fresh else await session.lives():
                return session
            session.close()
        return None

    async def _another(self) -> Session | None:
        """A new connection. Where none can be had, the others serve those who wait.

        If there is no other, there is nothing to wait for.
        """
        self._connecting.add(_this_task())
        try:
            return await self._connected()
        except FAILURES as error:
            now = asyncio.get_running_loop().time()
            self._full_until = now + self._patience.refused
            others = len(self._at_work) - 1
            self._fitting = max(others + len(self._idle), 1)
            if not others:
                self._queue.settle(self._no_connection(error))
            return None
        finally:
            self._connecting.discard(_this_task())

    async def _connected(self) -> Session:
        """A connection that serves the queue."""
        return self._session(await self._let_in())

    async def _let_in(self) -> SMTP:
        """One that has greeted, encrypted and signed in as settings say."""
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

    def _session(self, client: SMTP) -> Session:
        offer = Offer.read(client.esmtp_extensions)
        wire = _taken_over(client)
        return Session(wire, offer, self._queue, self._refusals, self._patience)

    def _no_connection(self, error: Exception) -> Refused | Unsent:
        code = getattr(error, "code", 0)
        if code not in range(400, 600):
            return Unsent(reason=self._words(error))
        # aiosmtplib keeps what is no ASCII as surrogates, which nothing can encode.
        said = _text(error).encode("ascii", "replace")
        return refused(self._refusals, Stage.CONNECT, Reply(code, said))

    def _diagnosis(self, error: Exception) -> Misconfigured | TryLater:
        """What the operator must do about it, or that there is only waiting."""
        if isinstance(error, SMTPAuthenticationError):
            return Misconfigured(
                what=self._words(error),
                where="settings EVENTIDE_SMTP__USERNAME and EVENTIDE_SMTP__PASSWORD",
                remedy="Give the name and password that the relay knows",
            )
        if _is_caused_by(error, ssl.SSLCertVerificationError):
            return Misconfigured(
                what=self._words(error),
                where="setting EVENTIDE_SMTP__HOST",
                remedy="Give the relay a certificate that is valid for this name and "
                "of an authority known here; SSL_CERT_FILE may name your own",
            )
        if type(error) is SMTPException or _is_caused_by(error, ssl.SSLError):
            return Misconfigured(
                what=self._words(error),
                where="setting EVENTIDE_SMTP__TLS",
                remedy="Choose what the relay offers: none, starttls or implicit",
            )
        return TryLater(self._words(error))

    def _words(self, error: Exception) -> str:
        relay = f"{self._settings.host}:{self._settings.port}"
        return plain(f"{Obstacle.NO_CONNECTION} {relay}: {_text(error)}")


def _taken_over(client: SMTP) -> Wire:
    """The connection without aiosmtplib, which has nothing left to read from it.

    What it has read beyond the last answer was said unasked, perhaps by somebody in
    the middle: it would be taken for the answer to our first command.
    """
    protocol = client.protocol
    # There is no public way to ask for what it has read.
    if protocol is None or not protocol.is_connected or protocol._buffer:  # noqa: SLF001
        client.close()
        raise SMTPServerDisconnected("Lost, or out of step, before the first message")
    return Wire(cast("asyncio.Transport", protocol.transport))


def _this_task() -> asyncio.Task[None]:
    return cast("asyncio.Task[None]", asyncio.current_task())


def _is_caused_by(error: BaseException | None, kind: type[Exception]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__
    return False


def _text(error: Exception) -> str:
    return getattr(error, "message", "") or str(error) or type(error).__name__
