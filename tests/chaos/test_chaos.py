"""Whoever dies in the middle of an evening takes no mail along, and doubles none."""

import re
from datetime import timedelta

from service.domain.outbox import State
from tests.builders import TODAY
from tests.chaos.__main__ import main
from tests.chaos.strikes import Strike
from tests.chaos.verdict import Record

PAGE = "# Before\n<!-- chaos: begin -->old<!-- chaos: end -->\nafter\n"


async def test_thirty_kills_lose_nothing_and_double_nothing(tmp_path):
    page = tmp_path / "reliability.md"
    page.write_text(PAGE)

    faults = await main(
        [
            *("--seed", "short", "--kills", "30", "--people", "300", "--steps", "60"),
            *("--page", str(page)),
        ]
    )

    assert faults == 0
    before, table, after = re.split(
        r"<!-- chaos: begin -->|<!-- chaos: end -->", page.read_text()
    )
    assert (before, after) == ("# Before\n", "\nafter\n")
    figures = dict(re.findall(r"^\| (.*?) \| \**(\d+)\** \|$", table, re.MULTILINE))
    assert figures["**all**"] == "30"
    assert min(int(figures[kind]) for kind in Strike) > 0
    assert figures["**lost**"] == figures["**doubled**"] == "0"
    assert int(figures["accepted by the relay"]) > 150


def test_every_promise_that_is_broken_is_named():
    sent, unknown, failed, due = (f"{n}@example.org" for n in "abcd")
    record = Record(
        rows={
            (sent, TODAY): State.SENT,
            (unknown, TODAY): State.UNKNOWN,
            (failed, TODAY): State.FAILED,
            (due, TODAY): State.DUE,
            **{(f"{n}@example.net", TODAY): State.UNKNOWN for n in "xyz"},
        },
        forgotten=[(sent, TODAY + timedelta(days=1))],
        orphans=2,
        orphans_allowed=1,
    )

    verdict = record.verdict(
        [
            f"{failed} 2026-11-23 <1@eventide.example>",
            f"{unknown} 2026-11-23 <2@eventide.example>",
            f"{unknown} 2026-11-23 <3@eventide.example>",
            f"{sent} 2026-11-22 <3@eventide.example>",
        ],
        cut_off_allowed=1,
    )

    assert [fault.partition(":")[0] for fault in verdict.faults()] == [
        "said to be sent, but the relay never took it",
        "taken twice",
        "taken twice",
        "taken, but the outbox says otherwise",
        "taken, but the outbox says otherwise",
        "never settled",
        "never planned",
        "unknown by kills",
        "unknown by cuts",
    ]
