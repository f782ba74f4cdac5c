"""`python -m benchmarks.reseal`: an old key is taken away from 20,000 people with 30 nights.

Web and a worker run all the while, 1 in 20 people is due as it begins, and a visitor a
second signs up. The reseal is killed in the middle and run again; web and worker are
restarted with the new keys once it names them. At the end the old key is gone and every
row is opened.
"""

import asyncio
import json
import subprocess
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Annotated

import asyncpg
import typer

from benchmarks.processes import started
from benchmarks.scale.crowd import connected
from benchmarks.sink import HOST, Sink, sink
from benchmarks.stage import EVENTIDE, answering, browser, free_port
from benchmarks.trial import Trial
from service.app import Service
from service.commands.people import progress
from service.content.zones import known_zones
from service.domain.choice import tonight_for
from service.domain.records import tonight_to_data
from service.domain.synthetic import Crowd, crowd
from service.domain.tonight import History, remember
from service.embedded import postgres
from service.embedded.visitor import ANSWERS
from service.flows.seed import seed
from service.flows.upkeep import upkeep
from service.keys import new_keys
from service.store import migrate
from service.store.nights import NightRecord
from service.store.operator_tables import METADATA
from service.store.sealing import BLOCKS

PEOPLE, NIGHTS = 20_000, 30
AT_ONCE = 1000
#: So many pasts are really lived through; each person has one of them.
PASTS = 200
DUE_ONE_IN = 20
A_DAY = timedelta(days=1)
LOOKUP, SEAL, LINK = range(3)
OLD, NEW = new_keys(name="old").split(), new_keys(name="new").split()
COMMON = (OLD[LOOKUP], OLD[LINK])
CONNECTIONS = 5


def main(
    *,
    people: Annotated[int, typer.Option(min=AT_ONCE)] = PEOPLE,
    nights: Annotated[int, typer.Option(min=1)] = NIGHTS,
) -> None:
    """Print how long it took, and end with 1 where a row is left under the old key."""
    raise typer.Exit(asyncio.run(_measured(people, nights)))


async def _measured(people: int, nights: int) -> int:
    async with postgres.throwaway(is_durable=True, tell=typer.echo) as url:
        await migrate.upgrade(url)
        trial = Trial(url=url, keys=_keys(OLD[SEAL]))
        async with trial.opened() as parts:
            await upkeep(parts.store, now=parts.clock.now())
            await _fill(parts, people, nights, now=parts.clock.now())
        with sink() as relay:
            code = await _resealed(trial, relay)
            typer.echo(f"mails that the worker sent meanwhile: {relay.messages():,}")
        rows = await _by_key(url)
        typer.echo(f"rows by key: {dict(rows)}")
        opened = await _opened(Trial(url=url, keys=_keys(NEW[SEAL])))
        typer.echo(f"without the old key {opened:,} rows open")
        return int(code or set(rows) != {"new"} or opened != rows.total())


def _keys(*seal: str) -> str:
    return "\n".join((*COMMON, *seal))


async def _resealed(trial: Trial, relay: Sink) -> int:
    """The code that the resumed reseal ended with.

    Web and worker run, before with the old key and at the end with the new one.
    """
    both = Trial(url=trial.url, keys=_keys(NEW[SEAL], OLD[SEAL]))
    env, port = both.environment(port=relay.port, connections=CONNECTIONS), free_port()
    with _roles(trial, relay, port) as theirs:
        # Both are at work, however long they take to start.
        await answering(f"http://{HOST}:{port}/health/ready")
        while not relay.messages():  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(1)
        async with _visitors(port) as answers:
            begun = time.monotonic()
            await _killed_halfway(trial.url, env)
            took = time.monotonic() - begun
            typer.echo(f"killed after {took:.1f} s: {dict(await _by_key(trial.url))}")
            resumed = await _started(env)
            waiting = await _line(resumed)
            took = time.monotonic() - begun
            typer.echo(f"walked through after {took:.1f} s. {waiting}")
        typer.echo(f"sign-ups meanwhile, by status: {dict(Counter(answers))}")
        theirs.close()
        with _roles(both, relay, port):
            await answering(f"http://{HOST}:{port}/health/ready")
            out, err = await resumed.communicate()
    said = f"{out.decode().strip()} {err.decode().strip()}"
    typer.echo(f"ended with {resumed.returncode}: {said}")
    return resumed.returncode or 0


async def _killed_halfway(url: str, env: Mapping[str, str]) -> None:
    """A reseal that is killed once half of the rows have the new key."""
    half = (await _by_key(url))["old"] // 2
    process = await _started(env)
    while (await _by_key(url))["new"] < half:  # noqa: ASYNC110 - another process
        await asyncio.sleep(1)
    process.kill()
    await process.communicate()


@asynccontextmanager
async def _visitors(port: int) -> AsyncIterator[list[int]]:
    """One more signs up each second inside the block; the status of each answer."""
    answers: list[int] = []

    async def come() -> None:
        async with browser(port) as client:
            while True:
                address = f"visitor{port}.{len(answers)}@visitors.example"
                form = {**ANSWERS, "email": address}
                answers.append((await client.post("/signup", data=form)).status_code)
                await asyncio.sleep(1)

    task = asyncio.create_task(come())
    try:
        yield answers
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _started(env: Mapping[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        EVENTIDE, "keys", "reseal", env=env, stdout=PIPE, stderr=PIPE
    )


async def _line(process: Process) -> str:
    """The first line of its log that has words in it."""
    if process.stderr is None:
        return ""
    async for line in process.stderr:
        if line.strip():
            return line.decode().strip()
    return ""


@contextmanager
def _roles(trial: Trial, relay: Sink, port: int) -> Iterator[ExitStack]:
    """Web on that port and a worker inside the block, or until the stack is closed."""
    env: Mapping[str, str] = {
        **trial.environment(port=relay.port, connections=CONNECTIONS),
        "EVENTIDE_WEB__PORT": str(port),
        # All visitors come from here: as many as like.
        "EVENTIDE_OPERATOR__NETWORKS": "127.0.0.0/8",
    }
    with ExitStack() as stack:
        for role in ("web", "worker"):
            command = [EVENTIDE, role]
            stack.enter_context(started(command, env=env, stderr=subprocess.DEVNULL))
        yield stack


async def _fill(parts: Service, people: int, nights: int, *, now: datetime) -> None:
    """So many people and their nights, all sealed as the service seals them."""
    here = crowd(known_zones(), parts.library.countries_by_code, now=now)
    pasts = [_past(parts, here, number, nights, now=now) for number in range(PASTS)]
    with progress() as bar:
        task = bar.add_task("Inventing nights", total=people * nights)
        for first in range(1, people + 1, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, people + 1))
            await seed(
                parts.store,
                lambda n: (
                    here.newcomer(n, now=now)
                    if n % DUE_ONE_IN
                    else here.newcomer_due(n, now=now)
                ),
                count=len(numbers),
                now=now,
            )
            async with parts.store.transaction() as tx:
                await tx.subscribers.save_histories(
                    [(n, pasts[n % PASTS][0]) for n in numbers]
                )
            for ago in range(nights):
                records = _records(pasts, numbers, ago, now=now)
                async with parts.store.transaction() as tx:
                    await tx.nights.record(records)
                bar.advance(task, len(numbers))


def _past(
    parts: Service, here: Crowd, number: int, nights: int, *, now: datetime
) -> tuple[History, tuple[str, ...]]:
    """A history, and the choice of each night, the last one first."""
    answers = here.newcomer_due(number, now=now).subscriber.person.answers
    past: History = ()
    choices = []
    for ago in range(nights, 0, -1):
        night = (now - ago * A_DAY).date()
        tonight = tonight_for(
            answers, parts.library.catalogue, past, seed=str(number), night=night
        )
        past = remember(past, tonight.told())
        choices.append(json.dumps(tonight_to_data(tonight, words=parts.library.reason)))
    return past, tuple(reversed(choices))


def _records(
    pasts: Sequence[tuple[History, tuple[str, ...]]],
    numbers: Sequence[int],
    ago: int,
    *,
    now: datetime,
) -> list[NightRecord]:
    night = (now - (ago + 1) * A_DAY).date()
    return [
        NightRecord(
            subscriber_id=number,
            night=night,
            choice=pasts[number % PASTS][1][ago],
            catalogue_version="1",
        )
        for number in numbers
    ]


async def _by_key(url: str) -> Counter[str]:
    """How many rows each key sealed, in all tables."""
    connection: asyncpg.Connection = await connected(url)
    found: Counter[str] = Counter()
    for table in BLOCKS:
        query = f"SELECT key_id, count(*) FROM {table} GROUP BY key_id"  # noqa: S608 - a name of ours
        for key_id, many in await connection.fetch(query):
            if key_id is not None:
                found[key_id] += many
    await connection.close()
    return found


async def _opened(trial: Trial) -> int:
    """How many rows open with these keys alone; one that does not ends the trial."""
    connection: asyncpg.Connection = await connected(trial.url)
    sealer, opened = trial.sealer(), 0
    for table in BLOCKS:
        key = [column.name for column in METADATA.tables[table].primary_key]
        query = f"SELECT sealed, key_id, {', '.join(key)} FROM {table}"  # noqa: S608 - as above
        async with connection.transaction():
            async for row in connection.cursor(query, prefetch=AT_ONCE):
                parts = (row[name] for name in key)
                named = (p.hex() if isinstance(p, bytes) else str(p) for p in parts)
                sealer.open(
                    row["sealed"], row["key_id"], about=":".join((table, *named))
                )
                opened += 1
    await connection.close()
    return opened


if __name__ == "__main__":
    typer.run(main)
