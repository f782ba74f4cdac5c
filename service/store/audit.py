"""The audit log: added to in the transaction of the act itself, never changed."""

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.audit import BEGINNING, Act, Entry, Verification, sealed

#: Read at once while the whole log is verified.
AT_ONCE = 5000

# Whoever adds waits for whoever adds: numbers have no gaps, digests one order.
TAKE_TURNS = text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE")
COLUMNS = "number, at, operator, act, subscriber_id, details, digest"
LAST = text("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")
ADD = text(
    """
    INSERT INTO audit (number, at, operator, act, subscriber_id, details, digest)
    VALUES (:number, :at, :operator, :act, :subscriber_id, :details, :digest)
    """
)
AFTER = text(
    f"SELECT {COLUMNS} FROM audit WHERE number > :number ORDER BY number LIMIT :limit"  # noqa: S608 - a constant
)
NEWEST = text(
    f"""
    SELECT {COLUMNS} FROM audit
    WHERE number < :before AND (:operator = '' OR operator = :operator)
    ORDER BY number DESC LIMIT :limit
    """  # noqa: S608 - a constant
)
NAMES = text("SELECT DISTINCT operator FROM audit ORDER BY operator LIMIT 500")

log = structlog.get_logger()


class Audit:
    """Every act of an operator."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._added: list[Entry] = []

    async def add(
        self,
        operator: str,
        act: Act,
        subscriber_id: int | None = None,
        details: str = "",
        *,
        now: datetime,
    ) -> None:
        """Note an act; it is kept if the transaction is. No addresses, no answers."""
        await self._connection.execute(TAKE_TURNS)
        last = (await self._connection.execute(LAST)).one_or_none()
        number, before = (last.number, last.digest) if last else (0, BEGINNING)
        entry = Entry(
            number=number + 1,
            at=now,
            operator=operator,
            act=act,
            subscriber_id=subscriber_id,
            details=details,
            digest=b"",
        )
        entry = replace(entry, digest=sealed(entry, before))
        values = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
        await self._connection.execute(ADD, values)
        self._added.append(entry)

    def announce(self) -> None:
        """Log what was added, once it is kept: an anchor outside the database."""
        for entry in self._added:
            log.info(
                "audit entry",
                action="audit",
                number=entry.number,
                act=str(entry.act),
                digest=entry.digest.hex(),
            )

    async def newest(
        self, *, operator: str, before: int, limit: int
    ) -> tuple[Entry, ...]:
        """Entries with a number below `before`, newest first; `operator` "" for all."""
        values = {"operator": operator, "before": before, "limit": limit}
        found = await self._connection.execute(NEWEST, values)
        return tuple(map(_entry, found))

    async def names(self) -> tuple[str, ...]:
        """Everybody who has done something."""
        return tuple((await self._connection.execute(NAMES)).scalars())

    async def verify(self) -> Verification:
        """Read the whole log and tell where the chain breaks, if it does."""
        head, number = BEGINNING, 0
        while page := await self._after(number):
            for entry in page:
                if entry.number != number + 1 or not entry.is_sealed_to(head):
                    return Verification(entries=number, head=head, broken_at=number + 1)
                head, number = entry.digest, entry.number
        return Verification(entries=number, head=head, broken_at=None)

    async def _after(self, number: int) -> tuple[Entry, ...]:
        values = {"number": number, "limit": AT_ONCE}
        return tuple(map(_entry, await self._connection.execute(AFTER, values)))


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(**row._asdict())
