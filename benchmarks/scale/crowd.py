"""Databases of many people who have ten nights behind them and are due tomorrow.

The pasts are those of a few hundred people who were really planned for; each of the
many has one of them, sealed for them. The records of past nights have the right size
and no sense: nothing reads them here.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import asyncpg
from sqlalchemy.engine import make_url

from service.app import Service
from service.content.zones import known_zones
from service.domain.choice import tonight_for
from service.domain.synthetic import Crowd, Newcomer, crowd
from service.domain.tonight import History, remember
from service.flows.seed import seed

AT_ONCE = 5000
NIGHTS = 10
PASTS = 300
A_DAY = timedelta(days=1)
#: What a sealed choice takes; the mean of what planning writes.
RECORD_BYTES = 144
RECORD_NIGHT = """
    INSERT INTO night
    SELECT id, $1::date, decode(repeat('ab', $2), 'hex'), '1', 'past', 'sent', ''
    FROM subscriber
"""
MOVE_ON = "UPDATE schedule SET next_due_at = next_due_at + interval '1 day'"
#: One in so many, wherever their rows lie, is due now.
MAKE_DUE = """
    UPDATE schedule SET next_due_at = next_due_at - interval '1 day'
    WHERE subscriber_id % $1 = $2
"""


async def fill(
    parts: Service, url: str, people: int, *, tell: Callable[[int], object]
) -> None:
    """So many people and their past; `tell` hears how many more are there."""
    now = parts.clock.now()
    here = crowd(known_zones(), parts.library.countries_by_code, now=now)
    pasts = [_past(parts, here, number, now=now) for number in range(PASTS)]

    def invent(number: int) -> Newcomer:
        someone = here.newcomer_due(number, now=now)
        # The nights that are lived through below end tomorrow.
        return replace(someone, next_due_at=someone.next_due_at - (NIGHTS - 1) * A_DAY)

    for first in range(1, people + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, people + 1))
        await seed(parts.store, invent, count=len(numbers), now=now)
        async with parts.store.transaction() as tx:
            await tx.subscribers.save_histories(
                [(number, pasts[number % PASTS]) for number in numbers]
            )
        tell(len(numbers))
    await _live_through(parts, url, now=now)


async def make_due(url: str, *, one_in: int, turn: int) -> int:
    """Let one in so many people be due now, others at each turn; how many."""
    connection = await connected(url)
    done = await connection.execute(MAKE_DUE, one_in, turn)
    await connection.execute("VACUUM ANALYZE schedule")
    await connection.execute("CHECKPOINT")
    await connection.close()
    return int(done.split()[-1])


async def connected(url: str) -> asyncpg.Connection:
    """A connection that waits as long as it takes."""
    address = make_url(url).set(drivername="postgresql")
    return await asyncpg.connect(address.render_as_string(hide_password=False))


def _past(parts: Service, here: Crowd, number: int, *, now: datetime) -> History:
    answers = here.newcomer_due(number, now=now).subscriber.person.answers
    past: History = ()
    for night in _nights(now):
        tonight = tonight_for(
            answers, parts.library.catalogue, past, seed=str(number), night=night
        )
        past = remember(past, tonight.told())
    return past


async def _live_through(parts: Service, url: str, *, now: datetime) -> None:
    """Leave behind what ten nights leave: records, and a schedule often rewritten."""
    connection = await connected(url)
    for night in _nights(now):
        async with parts.store.transaction() as tx:
            await tx.nights.ensure_partitions(around=night)
        await connection.execute(RECORD_NIGHT, night, RECORD_BYTES)
        await connection.execute(MOVE_ON)
        await connection.execute("VACUUM schedule")
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _nights(now: datetime) -> list[date]:
    """The last nights, oldest first."""
    return [(now - n * A_DAY).date() for n in range(NIGHTS, 0, -1)]
