"""Figures for the operator: nobody's in particular, and none that opens a row.

Each walks a night or the schedule once; whoever shows them keeps them for a while.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.forecast import AHEAD
from service.domain.hours import LATE_AFTER, Coming, Counted, Seen
from service.domain.night import BEDTIME, PATIENCE
from service.domain.outbox import State
from service.domain.reception import Spoken
from service.store import figures_sql as sql
from service.store.suppression import Reason

CHOSEN_AT = {"patience": PATIENCE // timedelta(minutes=1), "bedtime": BEDTIME}
A_WEEK = timedelta(days=7)
A_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """So many reminders that wait for another try, and why the last one failed."""

    reason: str
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """So many addresses that get no mail for this reason, and how many are new."""

    reason: Reason
    addresses: int
    this_month: int
    this_week: int
    newest: datetime


class Figures:
    """Counts over everybody."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def nights(
        self, nights: Sequence[date], *, now: datetime
    ) -> tuple[Seen, ...]:
        """Those of the nights that have reminders, oldest first."""
        values = {"nights": list(nights), "now": now}
        found = await self._connection.execute(sql.SEEN, values)
        return tuple(Seen(night=row.night, is_open=row.is_open) for row in found)

    async def hours(self, night: date) -> tuple[Counted, ...]:
        """The reminders of a night by hour, state and reason."""
        values = {**CHOSEN_AT, "night": night, "late_after": LATE_AFTER}
        return tuple(
            Counted(
                hour=row.hour,
                state=State(row.state),
                reason=row.reason,
                messages=row.messages,
                late=row.late,
            )
            for row in await self._connection.execute(sql.HOURS, values)
        )

    async def coming(self, *, now: datetime) -> tuple[Coming, ...]:
        """The people who become due within the reach of a forecast."""
        found = await self._connection.execute(sql.COMING, {"until": now + AHEAD})
        return tuple(
            Coming(zone=row.zone, hour=row.hour, at=row.at, people=row.people)
            for row in found
        )

    async def spoken(self, *, since: date) -> tuple[Spoken, ...]:
        """What came of the reminders of the nights since then, by provider."""
        values = {**CHOSEN_AT, "since": since}
        return tuple(
            Spoken(
                night=row.night,
                provider=row.provider,
                state=State(row.state),
                reason=row.reason,
                minutes=row.minutes,
                messages=row.messages,
                retried=row.retried,
            )
            for row in await self._connection.execute(sql.PROVIDERS, values)
        )

    async def complaints(self, *, since: datetime) -> Mapping[str, int]:
        """How many people complained since then, by provider.

        Only of those who had mail on the nights that the queue still has.
        """
        found = await self._connection.execute(sql.COMPLAINTS, {"since": since})
        return {row.provider: row.people for row in found}

    async def held(self) -> tuple[Held, ...]:
        """The reminders that wait after a refusal, the commonest reason first."""
        found = await self._connection.execute(sql.HELD)
        return tuple(Held(reason=row.reason, messages=row.messages) for row in found)

    async def suppressed(self, *, now: datetime) -> tuple[Suppressed, ...]:
        """How many addresses get no mail, by reason."""
        values = {"week": now - A_WEEK, "month": now - A_MONTH}
        return tuple(
            Suppressed(
                reason=Reason(row.reason),
                addresses=row.addresses,
                this_month=row.this_month,
                this_week=row.this_week,
                newest=row.newest,
            )
            for row in await self._connection.execute(sql.SUPPRESSED, values)
        )
