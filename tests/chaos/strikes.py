"""The ways to die, and how many mails each may leave in doubt."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from random import Random

from tests.chaos.town import CONNECTIONS, Town


class Strike(StrEnum):
    """What is done to the town; the words go into the table."""

    WORKER = "worker killed (`kill -9`)"
    SLEEP = "worker stopped past its lease (`SIGSTOP`)"
    SERVER = "PostgreSQL killed (`kill -9`)"
    STOP = "PostgreSQL stopped (`-m immediate`)"
    BACKEND = "one PostgreSQL process killed (`kill -9`)"
    CLOCK = "clock moved by a minute, forward or back"
    LINES = "all SMTP connections cut at once"


#: Ten strikes, as they are dealt.
DECK = (
    *4 * (Strike.WORKER,),
    Strike.SLEEP,
    Strike.SERVER,
    Strike.STOP,
    Strike.BACKEND,
    Strike.CLOCK,
    Strike.LINES,
)
#: Rows that one worker has in `sending` at most.
IN_DOUBT = 2 * CONNECTIONS
#: A cut connection is counted where it is cut, at one mail each. Leases are counted
#: by the database's clock, so that moving the workers' leaves nothing in doubt.
ALLOWED = {
    Strike.WORKER: IN_DOUBT,
    Strike.SLEEP: IN_DOUBT,
    Strike.SERVER: IN_DOUBT,
    Strike.STOP: IN_DOUBT,
    Strike.BACKEND: IN_DOUBT,
    Strike.CLOCK: 0,
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
        case Strike.SERVER:
            await town.database.restart(signal.SIGKILL)
        case Strike.STOP:
            # What `pg_ctl stop -m immediate` sends.
            await town.database.restart(signal.SIGQUIT)
        case Strike.BACKEND:
            await town.database.crash(town.random)
        case Strike.CLOCK:
            there_or_back = town.random.choice((1, -1))
            town.clock.move(timedelta(minutes=there_or_back))
        case Strike.LINES:
            town.relay.send(signal.SIGUSR1)
