"""The SMTP that we listen for: mail that comes back, and the demo's inbox."""

import asyncio

from aiosmtpd.smtp import SMTP


class Conversation(SMTP):
    """One connection, listed while it is open so that whoever listens can end it."""

    def __init__(
        self,
        receiver: object,
        listed: set["Conversation"],
        *,
        size_limit: int,
        ident: str,
    ) -> None:
        """Talk for `receiver`, whose `handle_*` methods answer; `size_limit` in bytes."""
        super().__init__(
            receiver,
            data_size_limit=size_limit,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident=ident,
            loop=asyncio.get_running_loop(),
        )
        self._listed = listed

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be on the list."""
        self._listed.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Be on the list no more."""
        super().connection_lost(error)
        self._listed.discard(self)

    async def hang_up(self) -> None:
        """Close without an answer to what is half said."""
        if self.transport and self._handler_coroutine:  # pragma: no branch - set
            self.transport.close()
            await asyncio.gather(self._handler_coroutine, return_exceptions=True)
