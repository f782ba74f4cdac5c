"""Whether this database sends: it may be paused, or be a copy that nobody adopted.

The one row of `deployment` names the database that sends, by its server's number and
its own. A dump that is restored elsewhere finds another number and is fenced: its
claims come back empty, whatever worker asks (see CLAIM in `outbox_sql`). So is one
without the row. A copy of the server's files keeps its number, and is not noticed.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

STANDING = text(
    """
    SELECT is_paused, identity = database_identity() AS is_here FROM deployment
    """
)
PAUSE = text("UPDATE deployment SET is_paused = :is_paused")
# No database has an empty identity.
FENCE = text(
    """
    INSERT INTO deployment (identity, is_paused) VALUES ('', :is_paused)
    ON CONFLICT (is_one) DO UPDATE
    SET identity = excluded.identity, is_paused = excluded.is_paused
    """
)
ADOPT = text(
    """
    INSERT INTO deployment (identity) SELECT database_identity()
    ON CONFLICT (is_one) DO UPDATE SET identity = excluded.identity
    """
)
#: What the migration that makes `deployment` looks for. Run where a dump is loaded, in
#: the same transaction: a restore that dies there leaves no database that sends.
MARK_AS_COPY = "COMMENT ON TABLE public.alembic_version IS 'restored'"
LAST_SENT_AT = text("SELECT max(updated_at) FROM outbox WHERE state = 'sent'")


class Standing(StrEnum):
    """Whether mail goes out from here."""

    SENDS = "sends"
    PAUSED = "paused"
    FENCED = "fenced"


class Deployment:
    """The row that says which database sends, and whether it does."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def state(self) -> Standing:
        """Whether this database sends; one that is paused and fenced is FENCED."""
        row = (await self._connection.execute(STANDING)).one_or_none()
        if row is None or not row.is_here:
            return Standing.FENCED
        return Standing.PAUSED if row.is_paused else Standing.SENDS

    async def pause(self) -> None:
        """Claim nothing from now on; what a worker holds already goes out."""
        await self._connection.execute(PAUSE, {"is_paused": True})

    async def resume(self) -> None:
        """Claim again."""
        await self._connection.execute(PAUSE, {"is_paused": False})

    async def adopt(self) -> None:
        """Make this the database that sends; a pause stays."""
        await self._connection.execute(ADOPT)

    async def fence(self, *, is_paused: bool) -> None:
        """Send nothing before somebody adopts this database."""
        await self._connection.execute(FENCE, {"is_paused": is_paused})

    async def last_sent_at(self) -> datetime | None:
        """When the last mail went out that is still in the queue's last nights."""
        found: datetime | None = await self._connection.scalar(LAST_SENT_AT)
        return found
