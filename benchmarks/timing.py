"""`python -m benchmarks.timing`: does a stopwatch tell which addresses are subscribers'?

A stranger asks for a mail to 100 addresses of subscribers and to 100 of nobody, 50 times
each, and takes the median time of each address. From half of the addresses they learn the
time that best parts the two; printed is how many of the other half it tells right, of
which chance alone tells half. Once they ask all addresses in turn, and once each 50 times
on end, so that the worker is busy with one kind while they are timed.

Nothing refuses them: they come from a network of the operator's, and the counts by
mailbox, which end after a day, are emptied before each try.
"""

import asyncio
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import count, pairwise
from time import perf_counter
from typing import Annotated
from urllib.parse import urlencode

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.scale.crowd import connected
from benchmarks.stage import HOST, Stage, staged
from service.commands.people import progress
from service.content.zones import known_zones
from service.domain.synthetic import address, crowd
from service.embedded.visitor import ANSWERS
from service.flows.seed import seed

ADDRESSES, TRIES, RUNS = 100, 50, 3
#: The most that may be told right, of all that the runs told.
MOST_RIGHT = 0.6
#: No limit by network: their clinic's own.
SETTINGS = {"EVENTIDE_OPERATOR__NETWORKS": "127.0.0.0/8"}
FORMS = {
    "/signup": {key: value for key, value in ANSWERS.items() if key != "email"},
    "/manage/link": {},
}
HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
FORGET_COUNTS = "DELETE FROM rate_limit"
#: What the attack is good for: how much longer a known address would have to take before
#: it tells so many right.
TELLS, STEP_SECONDS = 0.9, 0.00002

#: The median seconds of an address, and whether it is a subscriber's.
Timed = tuple[float, bool]


def in_turn(addresses: Sequence[str], tries: int) -> Iterator[str]:
    """Each address once, in an order made by chance, then all of them again."""
    for _ in range(tries):
        yield from random.sample(addresses, len(addresses))


def on_end(addresses: Sequence[str], tries: int) -> Iterator[str]:
    """One address so many times, then the next."""
    for each in random.sample(addresses, len(addresses)):
        yield from [each] * tries


class Order(StrEnum):
    """How a stranger goes through the addresses."""

    IN_TURN = "in-turn"
    ON_END = "on-end"


ORDERS = {Order.IN_TURN: in_turn, Order.ON_END: on_end}


def main(
    *,
    addresses: Annotated[int, typer.Option(min=4, help="Of each kind.")] = ADDRESSES,
    tries: Annotated[int, typer.Option(min=1)] = TRIES,
    runs: Annotated[int, typer.Option(min=1)] = RUNS,
    order: Annotated[Order, typer.Option()] = Order.IN_TURN,
) -> None:
    """Print what a stopwatch tells, and end with 1 where it is too much."""
    timed: dict[str, list[list[Timed]]] = {path: [] for path in FORMS}
    with progress() as bar:
        task = bar.add_task("Asking", total=runs * len(FORMS) * 2 * addresses * tries)
        for _ in range(runs):
            attack = _attack(order, addresses, tries, lambda: bar.advance(task))
            for path, medians in asyncio.run(attack).items():
                timed[path].append(medians)
    raise typer.Exit(int(_show(timed) > MOST_RIGHT))


async def _attack(
    order: Order, addresses: int, tries: int, tell: Callable[[], None]
) -> Mapping[str, list[Timed]]:
    """The median times of all addresses by form, of a service that starts for this."""
    async with staged(SETTINGS) as stage:
        known, unknown = await _people(stage, addresses)
        database: asyncpg.Connection = await connected(stage.trial.url)
        await database.execute("SET synchronous_commit = off")
        web, found = HTTPConnection(HOST, stage.port), {}
        for path in FORMS:
            times: dict[str, list[float]] = {each: [] for each in (*known, *unknown)}
            for each in ORDERS[order](tuple(times), tries):
                await database.execute(FORGET_COUNTS)
                # Nothing else runs in this loop, so it may stand still.
                times[each].append(_seconds(web, path, each))
                tell()
            found[path] = [
                (statistics.median(took), who in known) for who, took in times.items()
            ]
        web.close()
        await database.close()
        if not stage.taken(".example"):
            raise SystemExit("no mail was sent: the worker did nothing")
    return found


async def _people(stage: Stage, many: int) -> tuple[set[str], set[str]]:
    """The addresses of so many subscribers, and as many like them that are nobody's."""
    async with stage.trial.opened() as parts:
        now = parts.clock.now()
        here = crowd(known_zones(), parts.library.countries_by_code, now=now)
        everybody = random.sample(range(1000, 10_000), 2 * many)
        known = everybody[:many]
        await seed(
            parts.store,
            lambda number: here.newcomer(known[number - 1], now=now),
            count=many,
            now=now,
        )
    named = [address(number) for number in everybody]
    return set(named[:many]), set(named[many:])


def _seconds(web: HTTPConnection, path: str, to: str) -> float:
    """How long web takes to answer a form that asks for a mail to this address."""
    body = urlencode({**FORMS[path], "email": to}, doseq=True)
    begun = perf_counter()
    web.request("POST", path, body, HEADERS)
    answer = web.getresponse()
    page = answer.read()
    took = perf_counter() - begun
    if answer.status != HTTPStatus.OK or b"Check your inbox" not in page:
        raise SystemExit(f"{path} answered {answer.status}, and did not take the form")
    return took


def told_right(timed: Sequence[Timed], *, slower_by: float = 0) -> float:
    """How many of one half are told right by the threshold that is best for the other.

    `slower_by`: seconds that are added to each known address, to see what that would tell.
    """
    # The same halves each time, made by chance, with as many known ones in both.
    dice = random.Random(len(timed))  # noqa: S311 - no secrets
    learned: list[Timed] = []
    scored: list[Timed] = []
    for is_known in (True, False):
        kind = [
            (took + slower_by * known, known)
            for took, known in timed
            if known is is_known
        ]
        dice.shuffle(kind)
        learned += kind[::2]
        scored += kind[1::2]
    # Midway between neighbours, so that what parts the two leaves room on both sides.
    times = sorted(took for took, _ in learned)
    thresholds = [
        ((took + following) / 2, is_above)
        for took, following in pairwise(times)
        for is_above in (True, False)
    ]
    best = max(thresholds, key=lambda one: _right(learned, *one))
    return _right(scored, *best)


def _right(timed: Sequence[Timed], threshold: float, is_above: bool) -> float:  # noqa: FBT001 - which side is known
    right = sum(known is ((took >= threshold) is is_above) for took, known in timed)
    return right / len(timed)


def _needed(timed: Sequence[Timed]) -> float:
    """By how many seconds known addresses would have to be slower, to be told."""
    return next(
        number * STEP_SECONDS
        for number in count(1)
        if told_right(timed, slower_by=number * STEP_SECONDS) >= TELLS
    )


def _show(timed: Mapping[str, Sequence[Sequence[Timed]]]) -> float:
    """Print what each attack told; returns the most that one told right."""
    columns = ("form", "told right", "mean", "median ms", "seen from ms")
    table = Table(*columns, title="Subscribers told from others by a stopwatch")
    worst = 0.0
    for path, runs in timed.items():
        right = [told_right(each) for each in runs]
        mean = statistics.mean(right)
        worst = max(worst, mean)
        took = statistics.median(took for each in runs for took, _ in each)
        table.add_row(
            path,
            ", ".join(f"{share:.0%}" for share in right),
            f"{mean:.1%}",
            f"{took * 1000:.1f}",
            f"{max(map(_needed, runs)) * 1000:.2f}",
        )
    Console(width=110).print(table)
    return worst


if __name__ == "__main__":
    typer.run(main)
