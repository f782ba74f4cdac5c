"""A run: evenings, one after another, until all strikes were dealt and all is settled."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tests.builders import TODAY
from tests.chaos.relay import DISTURBED
from tests.chaos.strikes import Strike, dealt, strike
from tests.chaos.town import town
from tests.chaos.verdict import Verdict

A_NIGHT = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended."""

    seed: str
    nights: int
    kills: Counter[Strike]
    mishaps: Counter[str]
    exits: tuple[int, ...]
    verdict: Verdict


async def run(
    *,
    seed: str,
    kills: int,
    people: int,
    steps: int,
    tell: Callable[[str], None],
) -> Outcome:
    """Strike so often, each time after up to `steps` steps of the relay."""
    done: Counter[Strike] = Counter()
    night = TODAY
    async with town(seed=seed, people=people) as here:
        hand = dealt(here.random, kills)
        while done.total() < kills:
            here.begin(night)
            await here.somebody_leaves()
            while not await here.is_over():
                await here.moment(here.random.randint(1, steps))
                for kind in (k for k in [next(hand, None)] if k):
                    await strike(here, kind)
                    done[kind] += 1
            await here.note(night)
            night += A_NIGHT
            tell(f"{done.total()} of {kills} kills, {(night - TODAY).days} nights")
        exits = await here.close()
        mishaps = here.relay.words
        here.record.unknown_allowed += sum(mishaps[deed] for deed in DISTURBED)
        ledger = (here.folder / "ledger").read_text().splitlines()
        return Outcome(
            seed=seed,
            nights=(night - TODAY).days,
            kills=done,
            mishaps=mishaps,
            exits=tuple(exits),
            verdict=here.record.verdict(ledger),
        )
