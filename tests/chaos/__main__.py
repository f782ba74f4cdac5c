"""`make chaos`: the long run, and its table."""

# ruff: noqa: T201 - it tells who waits how far it is.

import argparse
import asyncio
from pathlib import Path

from service.clock import SystemClock
from tests.chaos.run import Plan, run
from tests.chaos.table import kept_in


async def main(arguments: list[str] | None = None) -> int:
    """Run, rewrite the page, print what went wrong; how much did."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", default="eventide")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--people", type=int, default=1500)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--page", type=Path, default=Path("docs/reliability.md"))
    given = parser.parse_args(arguments)
    plan = Plan(
        seed=given.seed, kills=given.kills, people=given.people, steps=given.steps
    )
    today, page = SystemClock().now().date(), given.page.read_text()
    outcome = await run(plan, tell=print)
    given.page.write_text(kept_in(page, outcome, on=today))
    print(*outcome.faults(), "That is all.", sep="\n")
    return len(outcome.faults())


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
