"""Sessions of subscribers: what is in the cookie is random, only its digest is kept.

The fresh link that opened a session is kept as a digest too, and only once: whoever
presses it again finds it used.
"""

import hashlib
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.access import SESSION
from service.domain.tokens import LIFETIMES, Purpose

ADD = text(
    """
    INSERT INTO subscriber_session (digest, subscriber_id, link, started_at)
    VALUES (:digest, :id, :link, :now) ON CONFLICT (link) DO NOTHING
    """
)
IS_PRESSED = text("SELECT true FROM subscriber_session WHERE link = :link")
HOLDER = text(
    """
    SELECT subscriber_id FROM subscriber_session
    WHERE digest = :digest AND ended_at IS NULL
        AND started_at > CAST(:now AS timestamptz) - CAST(:longest AS interval)
    """
)
END = text(
    """
    UPDATE subscriber_session SET ended_at = :now
    WHERE digest = :digest AND ended_at IS NULL
    """
)
END_ALL = text(
    """
    UPDATE subscriber_session SET ended_at = :now
    WHERE subscriber_id = :id AND ended_at IS NULL
    """
)
# A link may be pressed for so long, and a row must be there to tell that it was.
DROP_OLD = text(
    """
    DELETE FROM subscriber_session
    WHERE started_at < CAST(:now AS timestamptz) - CAST(:lifetime AS interval)
    """
)


class SubscriberSessions:
    """Which browsers a fresh link has opened the page on."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def begin(
        self, session: str, subscriber_id: int, *, link: str, now: datetime
    ) -> bool:
        """Begin a session; False, and none is, where the link was pressed before."""
        values = {
            "digest": _digest(session),
            "id": subscriber_id,
            "link": _digest(link),
            "now": now,
        }
        return (await self._connection.execute(ADD, values)).rowcount == 1

    async def is_pressed(self, link: str) -> bool:
        """Whether a session was begun by this link."""
        return bool(await self._connection.scalar(IS_PRESSED, {"link": _digest(link)}))

    async def holder(self, session: str, *, now: datetime) -> int | None:
        """Whose session it is; None where it is over, was ended or never was."""
        values = {"digest": _digest(session), "longest": SESSION, "now": now}
        found: int | None = await self._connection.scalar(HOLDER, values)
        return found

    async def end(self, session: str, *, now: datetime) -> None:
        """End one session."""
        await self._connection.execute(END, {"digest": _digest(session), "now": now})

    async def end_all(self, subscriber_id: int, *, now: datetime) -> None:
        """End every session of a person."""
        await self._connection.execute(END_ALL, {"id": subscriber_id, "now": now})

    async def drop_old(self, *, now: datetime) -> None:
        """Forget those whose link is too old to be pressed."""
        values = {"now": now, "lifetime": LIFETIMES[Purpose.FRESH]}
        await self._connection.execute(DROP_OLD, values)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
