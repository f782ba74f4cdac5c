"""Who asked how often, by the keyed hash of who it was, and for a day at most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.limits import BUDGETS, WINDOWS, Count, Scope, Source
from service.store.sealing import Sealer

# Sorted, so that two requests wait for each other's rows in one order. What ended is
# begun anew.
COUNT = text(
    """
    INSERT INTO rate_limit AS r (scope, source, taken, ends_at)
    SELECT scope, source, 1, ends_at
    FROM unnest(
        CAST(:scopes AS text[]), CAST(:sources AS bytea[]),
        CAST(:ends AS timestamptz[])
    ) AS new (scope, source, ends_at)
    ORDER BY scope, source
    ON CONFLICT (scope, source) DO UPDATE SET
        taken = CASE WHEN r.ends_at <= :now THEN 1 ELSE r.taken + 1 END,
        ends_at = CASE WHEN r.ends_at <= :now THEN excluded.ends_at ELSE r.ends_at END
    RETURNING scope, taken, ends_at
    """
)
TAKE_BACK = text(
    """
    UPDATE rate_limit AS r SET taken = r.taken - 1
    FROM unnest(CAST(:scopes AS text[]), CAST(:sources AS bytea[]))
        AS old (scope, source)
    WHERE r.scope = old.scope AND r.source = old.source
    """
)
PRESSURE = text(
    """
    SELECT
        COALESCE(max(taken) FILTER (WHERE scope = 'instance'), 0) AS instance,
        count(*) FILTER (WHERE scope = 'domain' AND taken > :domain) AS domains,
        COALESCE(max(taken) FILTER (WHERE scope = 'public'), 0) AS public,
        count(*) FILTER (WHERE scope = 'private') AS privates,
        COALESCE(max(taken) FILTER (WHERE scope = 'private'), 0) AS from_private
    FROM rate_limit WHERE ends_at > :now
    """
)
#: A day's requests from one private address, before a proxy is thought of.
ENOUGH = 5
# One that is counted at this moment is begun anew by that.
DROP_OLD = text(
    """
    DELETE FROM rate_limit WHERE (scope, source) IN (
        SELECT scope, source FROM rate_limit WHERE ends_at <= :now
        FOR UPDATE SKIP LOCKED
    )
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How much is asked for at the moment.

    `instance`: requests of this hour; `domains`: recipient domains over their budget;
    `public`: today's requests from the internet; `privates`: so many addresses asked
    from inside, the busiest of them `from_private` times.
    """

    instance: int
    domains: int
    public: int
    privates: int
    from_private: int

    @property
    def is_instance_over(self) -> bool:
        """Whether more is asked for than the budget of the instance has."""
        return self.instance > BUDGETS[Scope.INSTANCE].most

    @property
    def is_proxy_unknown(self) -> bool:
        """Whether all visitors seem to be one: a proxy whose word is not taken."""
        return not self.public and self.privates == 1 and self.from_private >= ENOUGH


class Limits:
    """The counts."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def count(
        self, sources: Sequence[Source], *, now: datetime
    ) -> tuple[Count, ...]:
        """Count one request of each source, and say how many that makes.

        Whoever counts one of them meanwhile waits until this transaction ends.
        """
        values = {
            **self._keys(sources),
            "ends": [now + WINDOWS[source.scope] for source in sources],
            "now": now,
        }
        return tuple(
            Count(scope=Scope(row.scope), taken=row.taken, ends_at=row.ends_at)
            for row in await self._connection.execute(COUNT, values)
        )

    async def take_back(self, sources: Sequence[Source]) -> None:
        """Count one request less, of sources that were counted."""
        await self._connection.execute(TAKE_BACK, self._keys(sources))

    async def pressure(self, *, now: datetime) -> Pressure:
        """How much is asked for. Walks the counts of a day at most."""
        values = {"domain": BUDGETS[Scope.DOMAIN].most, "now": now}
        row = (await self._connection.execute(PRESSURE, values)).one()
        return Pressure(**row._asdict())

    async def drop_old(self, *, now: datetime) -> None:
        """Forget those whose window is over; waits for nobody who counts one."""
        await self._connection.execute(DROP_OLD, {"now": now})

    def _keys(self, sources: Sequence[Source]) -> dict[str, object]:
        return {
            "scopes": [source.scope for source in sources],
            "sources": [self._sealer.source_key(source.name) for source in sources],
        }
