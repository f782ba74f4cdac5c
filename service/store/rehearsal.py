"""What a rehearsal asks of the database: are all invented, whose is it, how late.

An invented subscriber is told from a real one by their row's look-up key: the keyed
hash of an address that follows from the number. It needs no mark that could be lost
or forged, and no box has to be opened.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.synthetic import address
from service.store.sealing import Sealer

AT_ONCE = 5000
SOMEBODY_SIGNS_UP = text("SELECT EXISTS (SELECT FROM signup)")
EVERYBODY = text("SELECT id, address_key FROM subscriber")
# Addresses are null where the connection is a socket's file.
OWN_PROCESS = text(
    """
    SELECT pg_backend_pid()
    WHERE inet_client_addr() IS NOT DISTINCT FROM inet_server_addr()
    """
)
LATENESS = text(
    """
    SELECT count(*) AS messages, percentile_cont(CAST(:shares AS float8[])) WITHIN GROUP
        (ORDER BY extract(epoch FROM updated_at - CAST(:since AS timestamptz))) AS late
    FROM outbox WHERE state = 'sent' AND updated_at >= :since
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

    async def lateness(
        self, shares: Sequence[float], *, since: datetime
    ) -> tuple[int, tuple[float, ...]]:
        """How many mails were sent since then, and how long after it, by shares.

        A share of 0.5 asks for the median, in seconds; nothing where none was sent.
        """
        values = {"shares": list(shares), "since": since}
        found = (await self._connection.execute(LATENESS, values)).one()
        return found.messages, tuple(found.late or ())
