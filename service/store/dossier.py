"""What stands about one person besides who they are: dates and mails."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.outbox import Kind, State

#: One person has a few mails on each of the queue's nights.
MOST_MAILS = 100
DATES = text("SELECT confirmed_at, changed_at FROM subscriber WHERE id = :id")
MAILS = text(
    """
    SELECT night, kind, state, reason, attempts, updated_at, provider FROM outbox
    WHERE subscriber_id = :id ORDER BY night DESC, kind LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """When a person confirmed, and when their row changed last."""

    confirmed_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail of the last nights; what it says stays sealed."""

    night: date
    kind: Kind
    state: State
    reason: str | None
    attempts: int
    updated_at: datetime | None
    provider: str | None


class Dossier:
    """The same, by the person's number."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def dates(self, subscriber_id: int) -> Dates | None:
        """When the person confirmed and changed, None if they did not confirm."""
        found = await self._connection.execute(DATES, {"id": subscriber_id})
        row = found.one_or_none()
        if row is None:
            return None
        return Dates(confirmed_at=row.confirmed_at, changed_at=row.changed_at)

    async def mails(self, subscriber_id: int) -> tuple[Mail, ...]:
        """The mails that the queue still has, newest night first."""
        values = {"id": subscriber_id, "limit": MOST_MAILS}
        return tuple(
            Mail(
                night=row.night,
                kind=Kind(row.kind),
                state=State(row.state),
                reason=row.reason,
                attempts=row.attempts,
                updated_at=row.updated_at,
                provider=row.provider,
            )
            for row in await self._connection.execute(MAILS, values)
        )
