"""One side of an SMTP dialogue, spoken by a test."""

import asyncio
from typing import Self


class Dialogue:
    """A connection to a server on loopback, from `async with` to its end."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port
        )
        await self._answer()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def says(self, line: str) -> str:
        """What the server answers to the line."""
        self._writer.write(line.encode() + b"\r\n")
        return await self._answer()

    async def _answer(self) -> str:
        lines = [await self._reader.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(await self._reader.readline())
        return b"".join(lines).decode().strip()
