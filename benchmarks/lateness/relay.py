"""A relay of a fixed rate: `python -m benchmarks.lateness.relay RATE FILE`.

Prints its port. It answers each message when its turn has come, so many a second over
all connections, and writes down to whom it was and when it was taken.
"""

import asyncio
import re
import sys
from pathlib import Path
from typing import IO

from service.clock import SystemClock

HOST = "127.0.0.1"
ANSWERS = {
    b"EHLO": b"250-relay.example\r\n250 PIPELINING\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 goodbye\r\n",
}
RECIPIENT = re.compile(rb"RCPT TO:<([^>]+)>", re.IGNORECASE)


class Relay:
    """Takes mails, `rate` a second, and keeps a book of them."""

    def __init__(self, rate: float, book: IO[str]) -> None:
        """Begin with a free turn."""
        self._gap = 1 / rate
        self._free_at = 0.0
        self._book = book
        self._clock = SystemClock()

    async def converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection to its end."""
        writer.write(b"220 relay.example ready\r\n")
        recipient, verb = "", b""
        while verb != b"QUIT" and (line := await reader.readline()):
            verb = line[:4].upper()
            if found := RECIPIENT.match(line):
                recipient = found[1].decode()
            writer.write(ANSWERS.get(verb, b"250 ok\r\n"))
            if verb == b"DATA":
                await reader.readuntil(b"\r\n.\r\n")
                await self._turn()
                self._book.write(f"{recipient} {self._clock.now().timestamp()}\n")
                writer.write(b"250 taken\r\n")
        writer.close()

    async def _turn(self) -> None:
        """Wait for a turn: they come at an even pace, whoever asks."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + self._gap
        await asyncio.sleep(self._free_at - now)


async def serve(rate: float, path: Path) -> None:
    """Serve until the process is ended."""
    with path.open("w", buffering=1) as book:
        relay = Relay(rate, book)
        server = await asyncio.start_server(relay.converse, HOST, limit=2**20)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), Path(sys.argv[2])))
