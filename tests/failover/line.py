"""A TCP address that leads to one server at a time, and may be held or cut."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"
PIECE = 65536
#: A socket that nobody listens at.
NOWHERE = Path("/nonexistent/socket")


class Line:
    """What clients are told of a pair of servers: one address, in place of two.

    `end` is the socket of the server that it leads to, None while it leads nowhere.
    """

    def __init__(self) -> None:
        self.port = 0
        self._end: Path | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[StreamWriter] = set()

    def lead_to(self, end: Path | None) -> None:
        """Cut what is connected; who comes from now on reaches that server."""
        self._end = end
        for writer in self._open:
            writer.transport.abort()
        # What was held back is lost.
        self._flows.set()

    def hold(self) -> None:
        """Let nothing through, as a network does that is lost for a while."""
        self._flows.clear()

    async def take(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One client, to its end."""
        ends = {writer}
        # That nobody is there, or goes, is nothing to tell.
        with suppress(OSError):
            there, back = await asyncio.open_unix_connection(self._end or NOWHERE)
            ends.add(back)
            self._open |= ends
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, back))
                both.create_task(self._carry(there, writer))
        self._open -= ends
        for each in ends:
            each.close()

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    """A line that leads nowhere yet, on a port of its own."""
    made = Line()
    server = await asyncio.start_server(made.take, HOST, 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.lead_to(None)
