"""Signed-in browsers: what is in a cookie is random, and only its digest is kept."""

import hashlib
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.operators import Operator, Role
from service.domain.sessions import IDLE, LONGEST, SEEN_EVERY

ADD = text(
    """
    INSERT INTO session (digest, operator, started_at, seen_at, is_vouched)
    VALUES (:digest, :operator, :now, :now, :is_vouched)
    """
)
FIND = text(
    """
    SELECT o.name, o.role, s.seen_at,
        -- Whoever has no password was vouched for, whatever the release before noted.
        s.is_vouched OR o.password_hash IS NULL OR o.last_step IS NOT NULL AS is_proven
    FROM session AS s
    JOIN operator AS o ON o.name = s.operator
    WHERE s.digest = :digest AND o.disabled_at IS NULL
        AND s.started_at > CAST(:now AS timestamptz) - CAST(:longest AS interval)
        AND s.seen_at > CAST(:now AS timestamptz) - CAST(:idle AS interval)
    """
)
SEEN = text("UPDATE session SET seen_at = :now WHERE digest = :digest")
END = text("DELETE FROM session WHERE digest = :digest")
END_ALL = text("DELETE FROM session WHERE operator = :operator AND digest <> :kept")
DROP_OLD = text(
    """
    DELETE FROM session
    WHERE started_at <= CAST(:now AS timestamptz) - CAST(:longest AS interval)
        OR seen_at <= CAST(:now AS timestamptz) - CAST(:idle AS interval)
    """
)


class Sessions:
    """Who is signed in, by what their browser holds."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def add(
        self, token: str, operator: str, *, is_vouched: bool = False, now: datetime
    ) -> None:
        """Begin a session; those that are over are forgotten.

        `is_vouched`: by the word of an identity provider.
        """
        await self.drop_old(now=now)
        values = {
            "digest": _digest(token),
            "operator": operator,
            "is_vouched": is_vouched,
            "now": now,
        }
        await self._connection.execute(ADD, values)

    async def drop_old(self, *, now: datetime) -> None:
        """Forget the sessions that are over."""
        limits = {"now": now, "longest": LONGEST, "idle": IDLE}
        await self._connection.execute(DROP_OLD, limits)

    async def find(self, token: str, *, now: datetime) -> Operator | None:
        """Who holds this token; None where the session is over or never was."""
        values = {
            "digest": _digest(token),
            "now": now,
            "longest": LONGEST,
            "idle": IDLE,
        }
        row = (await self._connection.execute(FIND, values)).one_or_none()
        if row is None:
            return None
        if now - row.seen_at >= SEEN_EVERY:
            seen = {"digest": _digest(token), "now": now}
            await self._connection.execute(SEEN, seen)
        return Operator(name=row.name, role=Role(row.role), is_proven=row.is_proven)

    async def end(self, token: str) -> None:
        """End one session."""
        await self._connection.execute(END, {"digest": _digest(token)})

    async def end_all(self, operator: str, *, but: str = "") -> int:
        """End every session of an operator but that of one token; returns how many."""
        values = {"operator": operator, "kept": _digest(but)}
        return (await self._connection.execute(END_ALL, values)).rowcount


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
