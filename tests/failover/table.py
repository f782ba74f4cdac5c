"""What a run writes into `docs/reliability.md`, between its two marks."""

import os
import platform
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version

from service.embedded.programs import MAJOR
from tests.failover.evening import CONNECTIONS, WORKERS
from tests.failover.run import Figures, Plan

BEGIN, END = "<!-- failover: begin -->", "<!-- failover: end -->"


def kept_in(
    page: str, plan: Plan, waited: Figures, lagged: Figures, *, on: date
) -> str:
    """The page with the table of this run in place of the last one's."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = "\n".join(_lines(plan, waited, lagged, on=on))
    return f"{before}{BEGIN}\n\n{lines}\n\n{END}{after}"


def _lines(plan: Plan, waited: Figures, lagged: Figures, *, on: date) -> Iterator[str]:
    yield (
        f"{on}, Eventide {version('eventide')}, Python {platform.python_version()}, "
        f"PostgreSQL {MAJOR}, {os.cpu_count()} cores ({platform.machine()}), "
        f"{WORKERS} workers with {CONNECTIONS} connections each, seed `{plan.seed}`."
    )
    yield ""
    yield "| | synchronous standby | lagging standby |"
    yield "|---|---|---|"
    for what, name in (
        ("failovers", "failovers"),
        ("people whose reminder was due", "people"),
        ("mailed, and not known to the promoted server", "unreplicated"),
        ("held back and named by `eventide adopt`", "held"),
        ("of these not mailed", "held_unmailed"),
        ("recorded as unknown", "unknown"),
    ):
        yield f"| {what} | {getattr(waited, name)} | {getattr(lagged, name)} |"
    for what, name in (
        ("**lost** (neither mailed nor held back)", "lost"),
        ("**doubled**", "doubled"),
        ("held back, though due at another time", "misplaced"),
        ("recorded otherwise than it was", "untrue"),
    ):
        first, second = len(getattr(waited, name)), len(getattr(lagged, name))
        yield f"| {what} | **{first}** | **{second}** |"
