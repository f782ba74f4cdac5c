"""Bounces from an IMAP mailbox: each is read, done, and deleted when that is committed.

Any number of workers may watch the same mailbox: doing a bounce twice is safe.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from aioimaplib import IMAP4, Response

from service.domain.errors import ServiceError, TryLater
from service.flows.bounces import Desk
from service.mail.bounces import LONGEST_BYTES
from service.settings import BouncesSettings

#: News may be missed that came just before; and firewalls drop who is idle for long.
IDLE_SECONDS = 60
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


async def probe(settings: BouncesSettings) -> None:
    """Return if the mailbox lets us in and has the folder. Raises TryLater."""
    logging.getLogger("aioimaplib").setLevel(logging.CRITICAL)
    async with asyncio.timeout(ANSWER_SECONDS), _opened(settings):
        pass


async def _watch(desk: Desk, settings: BouncesSettings) -> None:
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            async with _opened(settings) as mailbox:
                while True:
                    # What comes meanwhile is told now, not again while we are idle.
                    while await mailbox.empty(desk):
                        pass
                    await mailbox.news()
                    pause = FIRST_PAUSE_SECONDS
        except Exception as error:  # noqa: BLE001 - it is watched for as long as we run
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
    """The folder, selected. Raises TryLater, at once when the connection is lost."""
    try:
        async with asyncio.timeout(None) as connected:
            client = _client(settings, lambda _: connected.reschedule(0))
            try:
                await client.wait_hello_from_server()
                password = settings.imap_password.get_secret_value()
                _done("LOGIN", await client.login(settings.imap_user, password))
                _done("SELECT", await client.select(f'"{settings.imap_folder}"'))
                yield _Mailbox(client)
            finally:
                _close(client)
    except TimeoutError as error:
        raise TryLater("the server is silent, or gone") from error


def _client(
    settings: BouncesSettings, is_lost: Callable[[Exception | None], None]
) -> IMAP4:
    tls = None if settings.imap_tls == "none" else ssl.create_default_context()
    return IMAP4(
        settings.imap_host,
        settings.imap_port,
        timeout=ANSWER_SECONDS,
        conn_lost_cb=is_lost,
        ssl_context=tls,
    )


def _close(client: IMAP4) -> None:
    client.protocol.conn_lost_cb = None
    for task in tuple(client.tasks):
        task.cancel()
    if client.protocol.transport is not None:
        client.protocol.transport.close()


class _Mailbox:
    """One connection, with the folder selected."""

    def __init__(self, client: IMAP4) -> None:
        self._client = client

    async def empty(self, desk: Desk) -> bool:
        """Hand in every message and delete it; whether there was one.

        One that cannot be done stays.
        """
        found = _done(
            "SEARCH", await self._client.uid_search("UNDELETED", charset=None)
        )
        done = [uid for uid in found[0].decode().split() if await self._do(desk, uid)]
        if done:
            _done("EXPUNGE", await self._client.expunge())
        return bool(done)

    async def _do(self, desk: Desk, uid: str) -> bool:
        raw = await self._fetched(uid)
        if raw is None:
            return False
        try:
            await desk.receive(raw)
        except TryLater:
            raise
        except Exception as error:  # noqa: BLE001 - the top of a mail, as of a tick
            fault = type(error).__name__
            log.error("cannot be done", action="bounces", error=fault)
            return False
        deleted = await self._client.uid("store", uid, r"+FLAGS.SILENT (\Deleted)")
        _done("STORE", deleted)
        return True

    async def news(self) -> None:
        """Return when something may have come, and in any case after a minute."""
        idle = await self._client.idle_start(IDLE_SECONDS)
        await self._client.wait_server_push(ANSWER_SECONDS + IDLE_SECONDS)
        self._client.idle_done()
        _done("IDLE", await asyncio.wait_for(idle, ANSWER_SECONDS))

    async def _fetched(self, uid: str) -> bytes | None:
        """The message, None if another worker was quicker."""
        part = f"(BODY.PEEK[]<0.{LONGEST_BYTES}>)"
        lines = _done("FETCH", await self._client.uid("fetch", uid, part))
        return next(
            (bytes(line) for line in lines if isinstance(line, bytearray)), None
        )


def _done(command: str, response: Response) -> list[bytes | bytearray]:
    """What the server said. Raises TryLater unless it did what it was told."""
    if response.result != "OK":
        raise TryLater(f"the server refuses {command}")
    return list(response.lines)
