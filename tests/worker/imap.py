"""A mailbox on loopback that speaks as much IMAP as a reader of bounces needs."""

import asyncio
import re
from collections import Counter
from contextlib import suppress
from typing import Self

HOST = "127.0.0.1"
USER, PASSWORD, FOLDER = "bounce", "correct horse", "Bounces of mail"


class Postbox:
    """Listens from `async with` to its end, and keeps mails until they are expunged.

    It refuses each command as often as `refused` says, and has lost the mails `gone`.
    """

    def __init__(self, *mails: bytes, port: int = 0) -> None:
        self.port = port
        self.mails = dict(enumerate(mails, 1))
        self.deleted: set[str] = set()
        self.heard: list[str] = []
        self.refused: Counter[str] = Counter()
        self.gone: set[str] = set()
        self._arrived = len(mails)
        self._news = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._ended = asyncio.Event()
        self._idle_tag = b""
        self._visits = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.hang_up()
        while self._writers:
            self._ended.clear()
            await self._ended.wait()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """Close every connection without a word."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def deliver(self, mail: bytes) -> None:
        """A mail arrives; whoever is idle is told."""
        self._arrived += 1
        self.mails[self._arrived] = mail
        for writer in self._writers:
            writer.write(b"* %d EXISTS\r\n" % len(self.mails))

    async def is_left(self, mails: int) -> None:
        """Return once so many mails are left, and the reader waits for more."""
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(
                lambda: len(self.mails) == mails and self.heard[-1:] == ["IDLE"]
            )

    async def is_left_alone(self, times: int) -> None:
        """Return once so many visitors are gone again."""
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: self._visits >= times)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._writers.add(writer)
        writer.write(b"* OK ready\r\n")
        with suppress(ConnectionError):
            while (line := await reader.readline()).endswith(b"\n"):
                self._answer(line.decode().strip(), writer)
                await self._note(line.decode().strip())
        self._writers.discard(writer)
        self._ended.set()
        writer.close()
        async with self._news:
            self._visits += 1
            self._news.notify_all()

    async def _note(self, line: str) -> None:
        async with self._news:
            self.heard.append(_command(line))
            self._news.notify_all()

    def _answer(self, line: str, writer: asyncio.StreamWriter) -> None:
        if line == "DONE":
            writer.write(self._idle_tag + b" OK done\r\n")
            return
        tag, command = line.partition(" ")[0].encode(), _command(line)
        if self.refused[command]:
            self.refused[command] -= 1
            writer.write(tag + b" NO not today\r\n")
        elif command == "IDLE":
            self._idle_tag = tag
            writer.write(b"+ idling\r\n")
        else:
            writer.write(self._said(command, line) + tag + b" OK done\r\n")

    def _said(self, command: str, line: str) -> bytes:
        number = "".join(re.findall(r"UID \w+ (\d+)", line))
        match command:
            case "CAPABILITY":
                return b"* CAPABILITY IMAP4rev1 IDLE UIDPLUS\r\n"
            case "UID SEARCH":
                found = (str(n) for n in self.mails if str(n) not in self.deleted)
                return f"* SEARCH {' '.join(found)}\r\n".encode()
            case "UID FETCH" if number not in self.gone:
                mail = self.mails[int(number)]
                head = f"* 1 FETCH (UID {number} BODY[]<0> {{{len(mail)}}}\r\n"
                return head.encode() + mail + b")\r\n"
            case "UID STORE":
                self.deleted.add(number)
            case "EXPUNGE":
                for number in self.deleted:
                    self.mails.pop(int(number), None)
            case _:
                pass
        return b""


def _command(line: str) -> str:
    """The command of a line, without its tag and what it is about."""
    words = line.split()
    return (
        words[-1] if len(words) == 1 else " ".join(words[1 : 2 + (words[1] == "UID")])
    )
