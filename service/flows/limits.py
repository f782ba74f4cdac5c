"""Whether a stranger's request for a mail is taken, before anything is looked up."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from service.domain.limits import (
    BUDGETS,
    Admitted,
    Count,
    Refused,
    Scope,
    Source,
    Verdict,
    judge,
)
from service.store.engine import Store
from service.store.limits import Pressure

#: Who is not let in takes nothing from these; what they asked for is noted all the same.
LIMITED = frozenset({Scope.NETWORK, Scope.SITE, Scope.PRIVATE, Scope.MAILBOX})

log = structlog.get_logger()


async def admit(
    store: Store, sources: Sequence[Source], *, is_proven: bool, now: datetime
) -> Verdict:
    """What becomes of one request that is counted by these sources.

    The same work for every address, known or not. A request that is refused counts
    nowhere; one that is asked a question counts in the budgets. Raises TryLater.
    """
    async with store.transaction() as tx:
        counts = await tx.limits.count(sources, now=now)
        verdict = judge(counts, is_proven=is_proven)
        if isinstance(verdict, Refused):
            await tx.limits.take_back(sources)
        elif not isinstance(verdict, Admitted):
            limited = [source for source in sources if source.scope in LIMITED]
            await tx.limits.take_back(limited)
    if not isinstance(verdict, Refused):
        _report(counts)
    return verdict


async def pressure(store: Store, *, now: datetime) -> Pressure:
    """How much is asked for at the moment."""
    async with store.transaction() as tx:
        return await tx.limits.pressure(now=now)


def _report(counts: Sequence[Count]) -> None:
    """One line when a budget is used up, and no name of whose it is."""
    for count in counts:
        budget = BUDGETS.get(count.scope)
        if budget and count.taken == budget.most + 1:
            log.warning(
                "more is asked for than the budget has",
                action="limits",
                scope=count.scope,
                requests=count.taken,
                until=count.ends_at.isoformat(),
            )
