"""What stands before the pages in production: it speaks TLS and passes all on."""

import asyncio
import ssl
from typing import Self

HOST = "127.0.0.1"


class Front:
    """Listens with this certificate, and hands every byte to a port behind it."""

    def __init__(self, tls: ssl.SSLContext, behind: int) -> None:
        self._tls = tls
        self._behind = behind
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass, HOST, 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        inside, outside = await asyncio.open_connection(HOST, self._behind)
        ends = {writer, outside}
        self._open |= ends
        await asyncio.gather(_pump(reader, outside), _pump(inside, writer))
        self._open -= ends


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
