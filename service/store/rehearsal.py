"""What a rehearsal asks of the database: are all invented, whose is it, how late.

An invented subscriber is told from a real one by their row's look-up key: the keyed
hash of an address that follows from the number. It needs no mark that could be lost
or forged, and no box has to be opened.
"""

# ruff: noqa: S608 - only constants of this module are joined; values are bound.

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.synthetic import address
from service.store.sealing import Sealer

AT_ONCE = 5000
SOMEBODY_SIGNS_UP = text(
    "SELECT EXISTS (SELECT FROM signup) OR EXISTS (SELECT FROM request)"
)
EVERYBODY = text("SELECT id, address_key FROM subscriber")
# Addresses are null where the connection is a socket's file.
OWN_PROCESS = text(
    """
    SELECT pg_backend_pid()
    WHERE inet_client_addr() IS NOT DISTINCT FROM inet_server_addr()
    """
)
SENT = "FROM outbox WHERE state = 'sent' AND updated_at >= :since"
COUNT = text(f"SELECT count(*) {SENT}")
LATENESS = text(
    f"""
    SELECT percentile_cont(CAST(:shares AS float8[])) WITHIN GROUP (
        ORDER BY extract(epoch FROM updated_at - :since)
    ) {SENT}
    """
)


class Rehearsal:
    """The database of a rehearsal."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def has_real_people(self) -> bool:
        """Whether anybody here was not invented; reads the key of every subscriber."""
        if await self._connection.scalar(SOMEBODY_SIGNS_UP):
            return True
        options = {"yield_per": AT_ONCE}
        rows = await self._connection.stream(EVERYBODY, execution_options=options)
        async for row in rows:
            if self._sealer.address_key(address(row.id)) != row.address_key:
                return True
        return False

    async def process(self) -> int | None:
        """The server's process that serves us, None if it is on another machine."""
        pid: int | None = await self._connection.scalar(OWN_PROCESS)
        return pid

    async def sent(self, *, since: datetime) -> int:
        """How many mails were sent since then."""
        count: int = await self._connection.scalar(COUNT, {"since": since})
        return count

    async def lateness(
        self, shares: Sequence[float], *, since: datetime
    ) -> tuple[float | None, ...]:
        """How many seconds after it that share of the mails had been sent.

        0.5 asks for the median, and so on; None where nothing was sent.
        """
        values = {"shares": list(shares), "since": since}
        found = await self._connection.scalar(LATENESS, values)
        return tuple(found or [None] * len(shares))
