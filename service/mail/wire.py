"""One connection's bytes: commands out, replies in, and a limit to every wait."""

import asyncio
from collections import deque

from service.domain.errors import TryLater
from service.mail.replies import Garbage, Replies, Reply

#: A message is written in blocks of this size, each when the relay has room for it.
BLOCK = 65_536


class Lost(TryLater):
    """The connection is of no more use; the words say why."""


class Wire(asyncio.Protocol):
    """Takes over a connection on which no answer is outstanding.

    Only one task may use it. Waiting has a limit, kept by one timer for the whole
    connection: a timer for each answer would cost as much as the answer. Whatever
    ends a wait badly ends the connection, so that no late answer is ever taken for
    the answer to something else. `is_silent` says that it ended for want of one.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        """Become the protocol of the transport."""
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parser = Replies()
        self._replies: deque[Reply] = deque()
        self._lost = "the connection is closed" if transport.is_closing() else ""
        self.is_silent = False
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        transport.set_protocol(self)

    @property
    def is_quiet(self) -> bool:
        """Whether the connection stands and the relay has said nothing unasked."""
        return not self._lost and not self._replies

    def write(self, data: bytes) -> None:
        """Send bytes. Raises Lost if there is nobody to send them to."""
        if self._lost:
            raise Lost(self._lost)
        self._transport.write(data)

    async def room(self, seconds: float) -> None:
        """Return when the relay takes in more, or answers instead. Raises Lost."""
        deadline = self._loop.time() + seconds
        while self._is_paused and not self._replies:
            await self._news(deadline)

    async def reply(self, seconds: float) -> Reply:
        """The next reply, waited for no longer than that. Raises Lost."""
        deadline = self._loop.time() + seconds
        while not self._replies:
            await self._news(deadline)
        return self._replies.popleft()

    def close(self, reason: str = "the connection is closed") -> None:
        """Drop the connection at once; replies that have come can still be read."""
        self._lost = self._lost or reason
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport.abort()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Keep the replies that are complete now."""
        try:
            for reply in self._parser.read(data):
                self._replies.append(reply)
        except Garbage as garbage:
            self.close(str(garbage))
        if self._replies:
            self._wake()

    def eof_received(self) -> None:
        """Take it as the end: no answer comes any more."""
        self.close("the relay closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self.close(f"the connection was lost ({exc or 'closed'})")

    def pause_writing(self) -> None:
        """Hold back: the relay does not read as fast as we write."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """Go on writing."""
        self._is_paused = False
        self._wake()

    async def _news(self, deadline: float) -> None:
        """Return when something has happened. Raises Lost when nothing more can."""
        if self._lost:
            raise Lost(self._lost)
        self._deadline = deadline
        if self._timer is None or deadline < self._timer.when():
            self._set_timer()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.close("we broke off")
            raise
        finally:
            self._waiter = None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._set_timer()
        else:
            self.is_silent = True
            self.close("no answer in time")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
