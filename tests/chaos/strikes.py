"""The ways to die, and how many mails each may leave in doubt."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from random import Random

from tests.chaos.town import CONNECTIONS, WORKERS, WRONG_SECONDS, Town


class Strike(StrEnum):
    """What is done to the town; the words go into the table."""

    WORKER = "worker killed (`kill -9`)"
    SLEEP = "worker stopped past its lease (`SIGSTOP`)"
    SERVER = "PostgreSQL killed (`kill -9`)"
    STOP = "PostgreSQL stopped (`-m immediate`)"
    BACKEND = "one PostgreSQL process killed (`kill -9`)"
    FAILOVER = "PostgreSQL killed (`kill -9`) and its standby promoted"
    CLOCK = "the database's clock set 8 hours ahead or one back, and right again"
    OWN_CLOCK = "the clock of one worker's machine set likewise"
    LINES = "all SMTP connections cut at once"


#: Ten strikes, as they are dealt.
DECK = (
    *2 * (Strike.WORKER,),
    Strike.SLEEP,
    Strike.SERVER,
    Strike.STOP,
    Strike.BACKEND,
    Strike.FAILOVER,
    Strike.CLOCK,
    Strike.OWN_CLOCK,
    Strike.LINES,
)
#: Rows that one worker has in `sending` at most.
IN_DOUBT = 2 * CONNECTIONS
#: The second is what `pg_ctl stop -m immediate` sends.
ENDS = {Strike.SERVER: signal.SIGKILL, Strike.STOP: signal.SIGQUIT}
#: Ahead: everything would be too late. Back: everything would be too early.
STEPS = (timedelta(hours=8), timedelta(hours=-1))
#: Over before a heartbeat notices it, or not.
FOR_SECONDS = (0.5, WRONG_SECONDS)
#: A cut connection is counted where it is cut, at one mail each. No lease is given,
#: renewed or ended by a clock that steps, so that nothing is in doubt afterwards.
ALLOWED = {
    Strike.WORKER: IN_DOUBT,
    Strike.SLEEP: IN_DOUBT,
    Strike.SERVER: IN_DOUBT,
    Strike.STOP: IN_DOUBT,
    Strike.BACKEND: IN_DOUBT,
    # It takes longer than a lease, for every worker.
    Strike.FAILOVER: WORKERS * IN_DOUBT,
    Strike.CLOCK: 0,
    Strike.OWN_CLOCK: 0,
    Strike.LINES: 0,
}


def dealt(random: Random, kills: int) -> Iterator[Strike]:
    """So many strikes: each deck of ten in an order of its own."""
    hand: list[Strike] = []
    for _ in range(kills):
        hand = hand or random.sample(DECK, len(DECK))
        yield hand.pop()


async def strike(town: Town, kind: Strike) -> None:
    """Do it now, to whoever the dice say."""
    victim = await town.one_at_work()
    town.record.orphans_allowed += ALLOWED[kind]
    match kind:
        case Strike.WORKER:
            await victim.speaker.end(signal.SIGKILL)
        case Strike.SLEEP:
            victim.sleep()
        case Strike.SERVER | Strike.STOP | Strike.BACKEND | Strike.FAILOVER:
            await _strike_database(town, kind)
        case Strike.CLOCK:
            for_seconds = town.random.choice(FOR_SECONDS)
            await town.clock.step(town.random.choice(STEPS), for_seconds=for_seconds)
        case Strike.OWN_CLOCK:
            victim.misread(town.random.choice(STEPS))
        case Strike.LINES:
            town.relay.send(signal.SIGUSR1)


async def _strike_database(town: Town, kind: Strike) -> None:
    if kind is Strike.FAILOVER:
        await town.database.fail_over()
    elif kind is Strike.BACKEND:
        await town.database.crash(town.random)
    else:
        await town.database.restart(ENDS[kind])
