"""What visitors asked for, sealed and all of one length, until a worker takes it up."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.requests import Request, request_from_json, request_to_json
from service.store.sealing import UNREADABLE, KeyMissing, Sealer

ADD = text(
    """
    INSERT INTO request (id, sealed, key_id, asked_at, not_before)
    VALUES (:id, :sealed, :key_id, :now, :now)
    """
)
NEXT = text(
    """
    SELECT id, sealed, key_id, asked_at FROM request WHERE not_before <= :now
    ORDER BY not_before LIMIT 1 FOR UPDATE SKIP LOCKED
    """
)
DROP = text("DELETE FROM request WHERE id = :id")
PUT_OFF = text("UPDATE request SET not_before = :until WHERE id = :id")
DROP_OLD = text("DELETE FROM request WHERE asked_at <= :instant")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request in a worker's hands; `what` is None where its row does not open."""

    id: UUID
    what: Request | None
    at: datetime


class Requests:
    """The requests that no worker has answered yet."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def add(self, asked: Request, *, now: datetime) -> None:
        """Keep a request: one row of one size, whatever it is and whoever it is about."""
        number = uuid4()
        plain = request_to_json(asked).encode()
        sealed, key_id = self._sealer.seal(plain, about=_about(number))
        values = {"id": number, "sealed": sealed, "key_id": key_id, "now": now}
        await self._connection.execute(ADD, values)

    async def next(self, *, now: datetime) -> Asked | None:
        """The request that waits longest; no other worker gets it in this transaction."""
        found = await self._connection.execute(NEXT, {"now": now})
        row = found.one_or_none()
        if row is None:
            return None
        try:
            plain = self._sealer.open(row.sealed, row.key_id, about=_about(row.id))
            what = request_from_json(plain.decode())
        except KeyMissing:
            raise
        except UNREADABLE as error:
            # Without the words of the error: they can hold what somebody answered.
            fault = type(error).__name__
            log.error("request does not open", action="request", error=fault)
            return Asked(id=row.id, what=None, at=row.asked_at)
        return Asked(id=row.id, what=what, at=row.asked_at)

    async def drop(self, number: UUID) -> None:
        """Forget a request that was answered."""
        await self._connection.execute(DROP, {"id": number})

    async def put_off(self, number: UUID, *, until: datetime) -> None:
        """Let the others go first until then."""
        await self._connection.execute(PUT_OFF, {"id": number, "until": until})

    async def drop_asked_by(self, instant: datetime) -> None:
        """Forget what was asked by then and could not be answered."""
        await self._connection.execute(DROP_OLD, {"instant": instant})


def _about(number: UUID) -> str:
    return f"request:{number}"
