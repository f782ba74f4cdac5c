"""A run: failovers under load, one after another, and what became of everybody."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service.clock import SystemClock
from service.domain.outbox import State
from tests.failover.evening import Town, town

#: People whose reminder is due around each failover, and in what time.
PEOPLE, WITHIN = 60, timedelta(seconds=4)
#: As above, where a standby lags: some are due before, some after it is promoted.
MORE_PEOPLE, LONGER = 150, timedelta(seconds=15)
#: A reminder that is due is settled by then, while all is well.
BACKLOG = timedelta(seconds=10)
#: Whoever got no mail may have a reminder in one of these states, and in no other.
UNSENT = {State.UNKNOWN}
CAUGHT_UP = """
    SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many failovers with a synchronous standby, and with one that lags."""

    seed: str
    synchronous: int
    lagging: int
    is_durable: bool = True


@dataclass(kw_only=True)
class Figures:
    """What came of some failovers. `lost`: neither mailed nor held back and named.

    `unreplicated` were mailed in the seconds that were lost: who is not held back is
    mailed again. `misplaced`: held back, though due at another time.
    """

    failovers: int = 0
    people: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    unreplicated: int = 0
    held: int = 0
    held_unmailed: int = 0
    misplaced: list[int] = field(default_factory=list)
    untrue: list[int] = field(default_factory=list)
    unknown: int = 0
    ended: list[int] = field(default_factory=list)

    def faults(self) -> Iterator[str]:
        """A sentence for each promise that was not kept."""
        for fault, found in (
            ("got no mail and was not held back", self.lost),
            ("got two mails", self.doubled),
            ("was held back, though due at another time", self.misplaced),
            ("is recorded otherwise than it was", self.untrue),
        ):
            yield from (f"{each} {fault}" for each in found)
        yield from (f"a worker ended with {code}" for code in self.ended if code)

    async def note(self, here: Town, held: set[int]) -> None:
        """Count everybody."""
        everybody, ends = here.due_at, await here.ends()
        self.unknown += sum(end is State.UNKNOWN for end in ends.values())
        self.untrue += [
            who
            for who, end in ends.items()
            if end not in ({State.SENT, State.UNKNOWN} if here.mails(who) else UNSENT)
        ]
        self.people += len(everybody)
        self.doubled += [who for who in everybody if here.mails(who) > 1]
        self.lost += [who for who in everybody if not (here.mails(who) or who in held)]
        self.held += len(held)
        self.held_unmailed += sum(not here.mails(who) for who in held)


async def synchronous(plan: Plan, *, tell: Callable[[str], None]) -> Figures:
    """Failovers with a standby that every commit waits for: nobody notices them."""
    figures = Figures()
    async with town(
        seed=plan.seed, is_synchronous=True, is_durable=plan.is_durable
    ) as here:
        for number in range(plan.synchronous):
            await here.settle(PEOPLE, within=WITHIN)
            before = here.relay.accepted.total()
            await here.relay.has_taken(before + here.random.randint(1, PEOPLE // 2))
            await here.servers.fail_over()
            figures.failovers += 1
            tell(
                f"{number + 1:4} of {plan.synchronous}: primary killed, standby promoted"
            )
        await here.until_all_is_settled()
        await figures.note(here, set())
        figures.ended = await here.dismiss()
    return figures


async def lagging(plan: Plan, *, tell: Callable[[str], None]) -> Figures:
    """Failovers with a standby that has not heard of the last seconds."""
    figures = Figures()
    async with town(
        seed=plan.seed, is_synchronous=False, is_durable=plan.is_durable
    ) as here:
        held: set[int] = set()
        for number in range(plan.lagging):
            named, since, until = await _lagged(here, figures)
            figures.misplaced += [
                who for who in named if not since - BACKLOG <= here.due_at[who] <= until
            ]
            held |= named
            figures.failovers += 1
            tell(
                f"{number + 1:4} of {plan.lagging}: lagging standby promoted,"
                f" {len(named)} people held back"
            )
        await here.until_all_is_settled()
        await figures.note(here, held)
        figures.ended = await here.dismiss()
    return figures


async def _lagged(here: Town, figures: Figures) -> tuple[set[int], datetime, datetime]:
    """One of them: who was held back, and when the lost seconds began and ended."""
    await here.settle(MORE_PEOPLE, within=LONGER)
    await here.until(CAUGHT_UP, answer=True)
    here.servers.replication.hold()
    since, before = SystemClock().now(), here.relay.accepted.total()
    await here.relay.has_taken(before + here.random.randint(30, MORE_PEOPLE // 3))
    await here.servers.lose_primary()
    figures.unreplicated += here.relay.accepted.total() - before
    await here.servers.promote()
    until = await here.seen_at()
    named = set(await here.adopt())
    await here.servers.follow()
    await here.until_all_is_settled()
    return named, since, until
