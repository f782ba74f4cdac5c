"""Signed-in browsers: what is in a cookie is random, and only its digest is kept."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.operators import Operator, Role
from service.domain.sessions import IDLE, LONGEST, SEEN_EVERY, OpenSession

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
OPEN = text(
    """
    SELECT digest, started_at, seen_at, is_vouched
    FROM session
    WHERE operator = :operator
        AND started_at > CAST(:now AS timestamptz) - CAST(:longest AS interval)
        AND seen_at > CAST(:now AS timestamptz) - CAST(:idle AS interval)
    ORDER BY started_at DESC LIMIT 100
    """
)
RENEW = text("UPDATE session SET digest = :renewed WHERE digest = :digest")
END_ONE = text("DELETE FROM session WHERE operator = :operator AND digest = :digest")
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

    async def of(
        self, operator: str, *, token: str, now: datetime
    ) -> tuple[OpenSession, ...]:
        """The sessions of an operator, newest first; one of them is that of `token`."""
        values = {"operator": operator, "now": now, "longest": LONGEST, "idle": IDLE}
        found = await self._connection.execute(OPEN, values)
        return tuple(
            OpenSession(
                id=row.digest.hex(),
                started_at=row.started_at,
                seen_at=row.seen_at,
                is_vouched=row.is_vouched,
                is_this=row.digest == _digest(token),
            )
            for row in found
        )

    async def renew(self, token: str) -> str:
        """Another token for the session of `token`, which holds it no more."""
        renewed = secrets.token_urlsafe(32)
        values = {"digest": _digest(token), "renewed": _digest(renewed)}
        await self._connection.execute(RENEW, values)
        return renewed

    async def end_one(self, operator: str, session: str) -> None:
        """End the session of this id, if it is this operator's."""
        values = {"operator": operator, "digest": _of(session)}
        await self._connection.execute(END_ONE, values)

    async def end(self, token: str) -> None:
        """End one session."""
        await self._connection.execute(END, {"digest": _digest(token)})

    async def end_all(self, operator: str, *, but: str = "") -> int:
        """End every session of an operator but that of one token; returns how many."""
        values = {"operator": operator, "kept": _digest(but)}
        return (await self._connection.execute(END_ALL, values)).rowcount


def _of(session: str) -> bytes:
    """The digest of a session by its id, that of none for what is no id."""
    try:
        return bytes.fromhex(session)
    except ValueError:
        return b""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
