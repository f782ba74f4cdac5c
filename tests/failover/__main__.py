"""`make failover`: failovers under load, and their table."""

# ruff: noqa: T201 - it tells who waits how far it is.

import argparse
import asyncio
from pathlib import Path

from service.clock import SystemClock
from tests.failover.run import Plan, lagging, synchronous
from tests.failover.table import kept_in


async def main(arguments: list[str] | None = None) -> int:
    """Run, rewrite the page, print what went wrong; how much did."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.failover", description=__doc__
    )
    parser.add_argument("--seed", default="eventide")
    parser.add_argument("--synchronous", type=int, default=50)
    parser.add_argument("--lagging", type=int, default=10)
    parser.add_argument("--careless", action="store_true", help="Wait for no disk.")
    parser.add_argument("--page", type=Path, default=Path("docs/reliability.md"))
    given = parser.parse_args(arguments)
    plan = Plan(
        seed=given.seed,
        synchronous=given.synchronous,
        lagging=given.lagging,
        is_durable=not given.careless,
    )
    today, page = SystemClock().now().date(), given.page.read_text()
    waited = await synchronous(plan, tell=print)
    lagged = await lagging(plan, tell=print)
    table = kept_in(page, plan, waited, lagged, on=today)
    given.page.write_text(table)
    faults = (*waited.faults(), *lagged.faults())
    print(*faults, "That is all.", sep="\n")
    return len(faults)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
