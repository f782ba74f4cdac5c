"""The demo's mail catcher: a real SMTP server on loopback that keeps what it is sent."""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from service.domain.clock import Clock
from service.domain.errors import Misconfigured
from service.mail.listener import Conversation

HOST = "127.0.0.1"
KEPT = 500
# Announced as SIZE and kept to; our own mails are some 30 KB.
SIZE_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMail:
    """One accepted mail: its envelope and its bytes as they came over the wire."""

    number: int
    sender: str
    recipients: tuple[str, ...]
    received_at: datetime
    data: bytes


class Catcher:
    """Listens from `async with` to its end; `port` 0 takes a free one.

    Keeps the newest 500 mails, numbered from 1 in the order of arrival.
    """

    def __init__(self, *, clock: Clock, port: int = 0) -> None:
        """Prepare; nothing listens yet."""
        self.port = port
        self._clock = clock
        self._caught = 0
        self._mails: deque[CaughtMail] = deque(maxlen=KEPT)
        self._arrival = asyncio.Condition()
        self._conversations: set[Conversation] = set()

    @property
    def mails(self) -> tuple[CaughtMail, ...]:
        """The mails kept, oldest first."""
        return tuple(self._mails)

    async def wait_for(self, count: int, timeout_seconds: float) -> None:
        """Return once this many mails have come since the start.

        Raises:
            TimeoutError: they did not come in time.
        """
        async with asyncio.timeout(timeout_seconds), self._arrival:
            await self._arrival.wait_for(lambda: self._caught >= count)

    async def __aenter__(self) -> Self:
        """Listen on loopback.

        Raises:
            Misconfigured: the port is taken, or may not be used.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._converse, HOST, self.port)
        except OSError as error:
            reason = os.strerror(error.errno or 0).lower()
            raise Misconfigured(
                what=f"the mail catcher cannot listen there ({reason})",
                where=f"{HOST}:{self.port}",
                remedy="Choose another port, or end the program that uses this one",
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and hang up on whoever still talks."""
        self._server.close()
        await asyncio.gather(*(each.hang_up() for each in tuple(self._conversations)))
        await self._server.wait_closed()

    def _converse(self) -> Conversation:
        return Conversation(
            _Receiver(self._keep),
            self._conversations,
            size_limit=SIZE_LIMIT_BYTES,
            ident="Eventide mail catcher",
        )

    async def _keep(self, envelope: Envelope) -> int:
        async with self._arrival:
            self._caught += 1
            mail = CaughtMail(
                number=self._caught,
                sender=(envelope.mail_from or "").strip("<>"),
                recipients=tuple(envelope.rcpt_tos),
                received_at=self._clock.now(),
                data=envelope.original_content or b"",
            )
            self._mails.append(mail)
            self._arrival.notify_all()
        return mail.number


class _Receiver:
    """What aiosmtpd calls for each mail; apart, since it looks through all it is given."""

    def __init__(self, keep: Callable[[Envelope], Awaitable[int]]) -> None:
        self._keep = keep

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd looks for
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        return f"250 2.0.0 Caught as mail {await self._keep(envelope)}"
