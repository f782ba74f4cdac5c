"""Bounces over LMTP or SMTP: a listener that the mail server hands them to."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from service.domain.errors import Misconfigured, TryLater
from service.flows.bounces import Desk
from service.mail.bounces import LONGEST_BYTES
from service.mail.listener import Conversation

IDENT = "Eventide bounces"
#: How long a listener may take to greet whoever probes it.
ANSWER_SECONDS = 5

log = structlog.get_logger()


@asynccontextmanager
async def listening(desk: Desk, place: str) -> AsyncIterator[int]:
    """Takes bounces at `host:port` inside the block; yields the port (0 takes a free one).

    Several workers of one machine may share the port. Raises Misconfigured.
    """
    if not desk.verp.address:
        raise Misconfigured(
            what="there is no address whose mail could be listened for",
            where="setting EVENTIDE_BOUNCES__LISTEN",
            remedy="Set EVENTIDE_BOUNCES__ADDRESS too (docs/bounces.md)",
        )
    # Its own log lines have addresses in them.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    host, _, port = place.rpartition(":")
    conversations: set[Conversation] = set()
    receiver = _Receiver(desk)
    try:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Conversation(
                receiver, conversations, size_limit=LONGEST_BYTES, ident=IDENT
            ),
            host,
            int(port),
            reuse_port=hasattr(socket, "SO_REUSEPORT") or None,
        )
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise Misconfigured(
            what=f"bounces cannot be listened for at {place} ({reason})",
            where="setting EVENTIDE_BOUNCES__LISTEN",
            remedy="Name an address of this machine and a port that no one uses",
        ) from error
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        # A mail that was not answered is offered again, and taking it twice is safe.
        await asyncio.gather(*(each.hang_up() for each in tuple(conversations)))
        await server.wait_closed()


async def probe(place: str) -> None:
    """Return if somebody listens for bounces at `host:port`. Raises TryLater."""
    host, _, port = place.rpartition(":")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host or None, int(port))
            try:
                greeting = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        raise TryLater(f"nobody answers at {place} from here") from error
    if IDENT.encode() not in greeting:
        raise TryLater(f"another program answers at {place}")


class _Receiver:
    """What aiosmtpd calls for each recipient and each mail."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd looks for
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if not self._desk.verp.is_ours(address):
            return "550 5.1.1 Only bounces are taken here"
        if envelope.rcpt_tos:
            # LMTP wants an answer for each recipient: RFC 2033, 4.2.
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Taken here"

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd looks for
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        (recipient,) = envelope.rcpt_tos
        try:
            await self._desk.receive(envelope.original_content or b"", recipient)
        except Exception as error:  # noqa: BLE001 - the top of a mail, as of a tick
            fault = type(error).__name__
            log.warning("put off", action="bounces", error=fault)
            return "451 4.3.0 Not now, please try again"
        return "250 2.0.0 Taken"


class _Conversation(Conversation):
    """One connection; it speaks LMTP and SMTP."""

    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802
        """LMTP's word for EHLO (RFC 2033, 4.1)."""
        await self.smtp_EHLO(hostname)
