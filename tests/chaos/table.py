"""What a run writes into `docs/reliability.md`, between its two marks."""

import os
import platform
from collections import Counter
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version

from service.domain.outbox import State
from service.embedded.programs import MAJOR
from tests.chaos.run import Outcome
from tests.chaos.strikes import Strike
from tests.chaos.town import CONNECTIONS, WORKERS
from tests.chaos.verdict import Verdict

BEGIN, END = "<!-- chaos: begin -->", "<!-- chaos: end -->"


def kept_in(page: str, outcome: Outcome, *, on: date) -> str:
    """The page with the table of this run in place of the last one's."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = "\n".join(_lines(outcome, on=on))
    return f"{before}{BEGIN}\n\n{lines}\n\n{END}{after}"


def _lines(outcome: Outcome, *, on: date) -> Iterator[str]:
    yield (
        f"{on}, Eventide {version('eventide')}, Python {platform.python_version()}, "
        f"PostgreSQL {MAJOR}, {os.cpu_count()} cores ({platform.machine()}), "
        f"{WORKERS} workers with {CONNECTIONS} connections each, "
        f"seed `{outcome.plan.seed}`."
    )
    for head, rows in (
        ("| struck | times |", _struck(outcome)),
        ("| the relay | times |", _relay(outcome.mishaps)),
        ("| came of it | |", _came_of_it(outcome.verdict, outcome.nights)),
    ):
        yield from ("", head, "|---|---|")
        yield from (f"| {what} | {number} |" for what, number in rows)


def _struck(outcome: Outcome) -> Iterator[tuple[str, str]]:
    yield from ((kind, f"{outcome.kills[kind]}") for kind in Strike)
    yield "**all**", f"**{outcome.kills.total()}**"


def _relay(mishaps: Counter[str]) -> Iterator[tuple[str, int]]:
    yield "cut the connection", mishaps["cut"]
    yield "said 421 and hung up", mishaps["421"]
    yield "said 452, its disk was full", mishaps["452"]
    yield "said what is no SMTP", mishaps["garbage"]
    yield "said a line of 70,000 bytes", mishaps["oversized"]
    yield "held its answer past the lease", mishaps["hold"]


def _came_of_it(verdict: Verdict, nights: int) -> Iterator[tuple[str, int | str]]:
    yield "nights", nights
    yield "messages", verdict.messages
    yield "accepted by the relay", verdict.accepted
    for state in (State.SENT, State.FAILED, State.EXPIRED, State.SUPPRESSED):
        yield state, verdict.states[state]
    yield f"unknown by kills (at most {verdict.orphans_allowed})", verdict.orphans
    yield f"unknown by cuts (at most {verdict.cut_off_allowed})", verdict.cut_off
    yield "**lost**", f"**{len(verdict.lost)}**"
    yield "**doubled**", f"**{len(verdict.doubled)}**"
    yield "recorded otherwise than it was", len(verdict.untrue)
    yield "never settled or never planned", len(verdict.unsettled + verdict.forgotten)
