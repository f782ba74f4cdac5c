"""How things stand, counted over everybody: what waits, who there is, who is silenced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.subscriber import Status
from service.store.suppression import Reason

A_DAY = timedelta(days=1)

# Each walks a partial index, or that of what is due. A mail that was tried waits for whom
# it is addressed to, not for us; an invitation is not asked for before its time.
WAITS = text(
    """
    SELECT
        (SELECT count(*) FROM schedule WHERE next_due_at <= :now) AS unplanned,
        (SELECT min(next_due_at) FROM schedule WHERE next_due_at <= :now) AS unplanned_since,
        (
            SELECT min(not_before) FROM outbox
            WHERE state = 'due' AND kind = 'reminder' AND not_before <= :now
            AND expires_at > :now
        ) AS unsent_since,
        (
            SELECT count(*) FROM outbox
            WHERE state = 'due' AND kind <> 'reminder'
            AND (not_before <= :now OR attempts > 0)
        ) AS waited_for,
        (
            SELECT min(not_before) FROM outbox
            WHERE state = 'due' AND kind <> 'reminder'
            AND not_before <= :now AND attempts = 0
        ) AS untried_since
    """
)
PEOPLE = text("SELECT status, count(*) AS people FROM subscriber GROUP BY status")
SUPPRESSED = text(
    """
    SELECT reason, count(*) AS addresses,
        count(*) FILTER (WHERE since > :since) AS lately
    FROM suppression GROUP BY reason
    """
)
UNREAD = text("SELECT count(*) FROM feedback")
PENDING = text(
    """
    SELECT count(*) FROM signup WHERE subscriber_id IS NULL AND replaced_by IS NULL
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What waits for a worker, and how long the first of it has.

    `unplanned` are people who are due and not looked at yet; `waited_for` are mails
    that somebody asked for, and `waited_for_for` is about those not tried yet.
    """

    unplanned: int
    reminder_for: timedelta
    waited_for: int
    waited_for_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """So many addresses that get no mail, and how many of them since a day."""

    addresses: int
    lately: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Everybody, by what they are; zeros included."""

    people: Mapping[Status, int]
    suppressed: Mapping[Reason, Suppressed]
    pending: int
    unread: int


class Census:
    """Counts over all tables."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def waits(self, *, now: datetime) -> Waits:
        """What waits. Quick, whatever there is."""
        row = (await self._connection.execute(WAITS, {"now": now})).one()
        since = (row.unplanned_since, row.unsent_since)
        first = min((each for each in since if each), default=now)
        return Waits(
            unplanned=row.unplanned,
            reminder_for=now - first,
            waited_for=row.waited_for,
            waited_for_for=now - (row.untried_since or now),
        )

    async def count(self, *, now: datetime) -> Count:
        """Everybody. Reads tables from end to end: seconds, where there are millions."""
        people = {
            row.status: row.people for row in await self._connection.execute(PEOPLE)
        }
        found = await self._connection.execute(SUPPRESSED, {"since": now - A_DAY})
        suppressed = {
            row.reason: Suppressed(addresses=row.addresses, lately=row.lately)
            for row in found
        }
        none = Suppressed(addresses=0, lately=0)
        stored = (Status.ACTIVE, Status.PAUSED, Status.STOPPED, Status.SUPPRESSED)
        return Count(
            people={status: people.get(status, 0) for status in stored},
            suppressed={reason: suppressed.get(reason, none) for reason in Reason},
            pending=await self._connection.scalar(PENDING) or 0,
            unread=await self._connection.scalar(UNREAD) or 0,
        )
