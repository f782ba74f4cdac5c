"""A run: evenings, one after another, until all strikes were dealt and all is settled."""

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.builders import TODAY
from tests.chaos.relay import DISTURBED
from tests.chaos.strikes import Strike, dealt, strike
from tests.chaos.town import Town, town
from tests.chaos.verdict import Verdict

A_NIGHT = timedelta(days=1)
#: One person unsubscribes while so many strikes are dealt, or a few do.
PER_LEAVING = 10


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done: the seed decides all but the machine's own speed.

    Between two strikes the relay does up to `steps` things.
    """

    seed: str
    kills: int
    people: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended."""

    plan: Plan
    nights: int
    kills: Counter[Strike]
    mishaps: Counter[str]
    exits: tuple[int, ...]
    verdict: Verdict

    def faults(self) -> tuple[str, ...]:
        """A sentence for whatever went wrong."""
        ill = [code for code in self.exits if code not in (0, -signal.SIGKILL)]
        return (
            *self.verdict.faults(),
            *(f"a worker ended by itself: {code}" for code in ill),
        )


async def run(plan: Plan, *, tell: Callable[[str], None]) -> Outcome:
    """Carry it out; `tell` hears of each strike and of each night that is over."""
    done: list[Strike] = []
    nights: list[date] = []
    async with town(seed=plan.seed, people=plan.people) as here:
        # Dice of its own: how often others throw theirs is up to the machine.
        dice = Random(plan.seed)  # noqa: S311 - a run can be repeated
        hand = list(dealt(dice, plan.kills))
        while hand:
            night = TODAY + len(nights) * A_NIGHT
            await here.begin(night)
            while not await here.is_over():
                await here.moment(dice.randint(1, plan.steps))
                for kind in hand[:1]:
                    await strike(here, kind)
                    done.append(hand.pop(0))
                    tell(f"{len(done):4} of {plan.kills}: {kind}")
                if len(done) % PER_LEAVING == 1:
                    await here.somebody_leaves()
            await here.note(night)
            nights.append(night)
            tell(f"Night {len(nights)} is over")
        await here.close()
        return Outcome(
            plan=plan,
            nights=len(nights),
            kills=Counter(done),
            mishaps=here.relay.words,
            exits=tuple(here.exits),
            verdict=_verdict(here),
        )


def _verdict(here: Town) -> Verdict:
    ledger = (here.database.folder / "ledger").read_text().splitlines()
    disturbed = sum(here.relay.words[deed] for deed in DISTURBED)
    return here.record.verdict(ledger, cut_off_allowed=disturbed)
