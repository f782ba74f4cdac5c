"""Bounces from an IMAP mailbox: each is read, done, and deleted when that is committed.

Any number of workers may watch the same mailbox: doing a bounce twice is safe.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aioimaplib import IMAP4, IMAP4_SSL, AioImapException, Response

from service.domain.errors import ServiceError, TryLater
from service.flows.bounces import Desk
from service.settings import BouncesSettings

#: All that is fetched of a message, however long it is.
FETCHED_BYTES = 1024 * 1024
#: A server may drop a client that is idle for half an hour (RFC 2177); firewalls sooner.
IDLE_SECONDS = 5 * 60
ANSWER_SECONDS = 30
#: The first pause after a failure; it doubles with each one, up to the longest.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 5 * 60.0

log = structlog.get_logger()


@asynccontextmanager
async def watching(desk: Desk, settings: BouncesSettings) -> AsyncIterator[None]:
    """The mailbox is emptied, and watched, inside the block."""
    # Its own log lines have the mails in them.
    logging.getLogger("aioimaplib").setLevel(logging.CRITICAL)
    task = asyncio.create_task(_watch(desk, settings))
    try:
        yield
    finally:
        # A mail that is cut off here is still in the mailbox.
        task.cancel()
        await asyncio.wait({task})


async def _watch(desk: Desk, settings: BouncesSettings) -> None:
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            async with _opened(settings) as mailbox:
                pause = FIRST_PAUSE_SECONDS
                while True:
                    await mailbox.empty(desk)
                    await mailbox.news()
        except (ServiceError, AioImapException, OSError, TimeoutError) as error:
            # Only our own words: those of the library quote commands, passwords too.
            words = str(error) if isinstance(error, ServiceError) else ""
            log.warning(
                "the mailbox of bounces is away",
                action="bounces",
                error=words or type(error).__name__,
            )
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


@asynccontextmanager
async def _opened(settings: BouncesSettings) -> AsyncIterator["_Mailbox"]:
    lost = asyncio.Event()
    named = {
        "host": settings.imap_host,
        "port": settings.imap_port,
        "timeout": ANSWER_SECONDS,
        "conn_lost_cb": lambda _: lost.set(),
    }
    if settings.imap_tls == "none":
        client = IMAP4(**named)
    else:
        client = IMAP4_SSL(**named, ssl_context=ssl.create_default_context())
    try:
        await client.wait_hello_from_server()
        password = settings.imap_password.get_secret_value()
        _done("LOGIN", await client.login(settings.imap_user, password))
        _done("SELECT", await client.select(f'"{settings.imap_folder}"'))
        yield _Mailbox(client, lost)
    finally:
        for task in tuple(client.tasks):
            task.cancel()
        if client.protocol.transport is not None:
            client.protocol.transport.close()


class _Mailbox:
    """One connection, with the folder selected."""

    def __init__(self, client: IMAP4, lost: asyncio.Event) -> None:
        self._client = client
        self._lost = lost

    async def empty(self, desk: Desk) -> None:
        """Hand in every message and delete it. One that cannot be done stays."""
        found = _done(
            "SEARCH", await self._client.uid_search("UNDELETED", charset=None)
        )
        for uid in found[0].decode().split():
            raw = await self._fetched(uid)
            if raw is None:
                continue
            try:
                await desk.receive(raw)
            except TryLater:
                raise
            except Exception as error:  # noqa: BLE001 - the top of a mail, as of a tick
                fault = type(error).__name__
                log.error("cannot be done", action="bounces", error=fault)
                continue
            deleted = await self._client.uid("store", uid, r"+FLAGS.SILENT (\Deleted)")
            _done("STORE", deleted)
        _done("EXPUNGE", await self._client.expunge())

    async def news(self) -> None:
        """Return when something may have come, and in any case after five minutes."""
        idle = await self._client.idle_start(IDLE_SECONDS)
        push = asyncio.create_task(self._client.wait_server_push(IDLE_SECONDS))
        lost = asyncio.create_task(self._lost.wait())
        try:
            await asyncio.wait(
                {push, lost, idle},
                timeout=IDLE_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            push.cancel()
            lost.cancel()
        if self._lost.is_set():
            raise TryLater("the connection was lost")
        if not idle.done():
            self._client.idle_done()
        _done("IDLE", await asyncio.wait_for(idle, ANSWER_SECONDS))

    async def _fetched(self, uid: str) -> bytes | None:
        """The message, None if another worker was quicker."""
        part = f"(BODY.PEEK[]<0.{FETCHED_BYTES}>)"
        lines = _done("FETCH", await self._client.uid("fetch", uid, part))
        return next(
            (bytes(line) for line in lines if isinstance(line, bytearray)), None
        )


def _done(command: str, response: Response) -> list[bytes | bytearray]:
    """What the server said. Raises TryLater unless it did what it was told."""
    if response.result != "OK":
        raise TryLater(f"the server refuses {command}")
    return list(response.lines)
