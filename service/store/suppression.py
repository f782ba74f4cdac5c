"""The suppression list: addresses that get no mail, as keyed hashes, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.store.sealing import Sealer

ENTRY = text("SELECT reason, since FROM suppression WHERE address_key = :key")
# A complaint outlasts whatever comes later; a wish or a mailbox may change.
ADD = text(
    """
    INSERT INTO suppression (address_key, reason, since) VALUES (:key, :reason, :now)
    ON CONFLICT (address_key) DO UPDATE
    SET reason = excluded.reason, since = excluded.since
    WHERE suppression.reason <> 'complaint'
    AND suppression.reason <> excluded.reason
    """
)
LIFT = text(
    """
    DELETE FROM suppression
    WHERE address_key = :key AND reason <> 'complaint'
    """
)


class Reason(StrEnum):
    """Why an address gets no mail; a fresh double opt-in lifts all but a complaint."""

    COMPLAINT = "complaint"
    ADDRESS_UNKNOWN = "address_unknown"
    UNDELIVERABLE = "undeliverable"
    UNSUBSCRIBED = "unsubscribed"
    ERASED = "erased"

    @property
    def is_for_good(self) -> bool:
        """Whether nothing lifts it."""
        return self is Reason.COMPLAINT

    @property
    def is_refused(self) -> bool:
        """Whether it was the mailbox, not its owner, that wanted no mail."""
        return self in (Reason.ADDRESS_UNKNOWN, Reason.UNDELIVERABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Why and since when an address is on the list."""

    reason: Reason
    since: datetime


class Suppression:
    """The list, by address."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def reason(self, address: str) -> Reason | None:
        """Why the address gets no mail, None if it may have some."""
        found = await self.entry(address)
        return None if found is None else found.reason

    async def entry(self, address: str) -> Entry | None:
        """The same, and since when."""
        values = {"key": self._sealer.address_key(address)}
        row = (await self._connection.execute(ENTRY, values)).one_or_none()
        if row is None:
            return None
        return Entry(reason=Reason(row.reason), since=row.since)

    async def add(self, address: str | bytes, reason: str, *, now: datetime) -> None:
        """Put an address, or the key of one, on the list.

        A complaint stays what it is, whatever is added later.
        """
        if isinstance(address, str):
            address = self._sealer.address_key(address)
        values = {"key": address, "reason": reason, "now": now}
        await self._connection.execute(ADD, values)

    async def lift(self, address: str) -> None:
        """Take an address off the list, unless it complained."""
        values = {"key": self._sealer.address_key(address)}
        await self._connection.execute(LIFT, values)
