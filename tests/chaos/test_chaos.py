"""Whoever dies in the middle of an evening takes no mail along, and doubles none."""

from datetime import timedelta

from service.domain.outbox import State
from tests.builders import TODAY
from tests.chaos.run import Plan, run
from tests.chaos.strikes import Strike
from tests.chaos.table import kept_in
from tests.chaos.verdict import Record

PLAN = Plan(seed="short", kills=30, people=300, steps=60)


async def test_thirty_kills_lose_nothing_and_double_nothing():
    told: list[str] = []

    outcome = await run(PLAN, tell=told.append)

    assert list(outcome.verdict.faults()) == []
    assert set(outcome.kills) == set(Strike)
    assert outcome.kills.total() == 30
    assert set(outcome.exits) == {0}
    assert outcome.verdict.accepted > PLAN.people / 2
    page = kept_in(
        "# Before\n<!-- chaos: begin -->old<!-- chaos: end -->\nafter\n",
        outcome,
        on=TODAY,
    )
    assert page.startswith("# Before\n<!-- chaos: begin -->\n\n2026-11-23, Eventide")
    assert "| **lost** | **0** |" in page
    assert page.endswith("<!-- chaos: end -->\nafter\n")


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
