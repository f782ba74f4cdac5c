"""The queries of every tick must walk an index, however many people there are."""

import re
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import make_url

from service.domain.outbox import Lane
from service.store import (
    census,
    consents,
    dossier,
    feedback,
    figures_sql,
    nights,
    outbox_sql,
    refusals_sql,
    signups,
    subscribers_sql,
    suppression,
)
from tests.builders import NOON, TODAY

CROWD = """
    INSERT INTO subscriber
    SELECT n, n::text::bytea, repeat('x', 400)::bytea, 'k', 'UTC', 1140, 'every', 'en',
        'active', DATE '2026-11-01', now(), now(), NULL, NULL
    FROM generate_series(1, 20000) AS n;
    INSERT INTO schedule
    SELECT n, TIMESTAMPTZ '2026-11-23 12:00Z' + (n - 500) * INTERVAL '1 second'
    FROM generate_series(1, 20000) AS n;
    INSERT INTO history
    SELECT n, repeat('x', 200)::bytea, 'k' FROM generate_series(1, 20000) AS n;
    INSERT INTO outbox
    SELECT n, DATE '2026-11-23', CASE WHEN n % 50 = 0 THEN 'confirmation'
            ELSE 'reminder' END,
        CASE WHEN n % 10 = 0 THEN 'due' WHEN n % 999 = 0 THEN 'sending' ELSE 'sent' END,
        TIMESTAMPTZ '2026-11-23 12:00Z' + (n - 500) * INTERVAL '1 second',
        TIMESTAMPTZ '2026-11-23 23:00Z', TIMESTAMPTZ '2026-11-23 12:05Z', 'w', 0,
        repeat('x', 400)::bytea, 'k', NULL, NULL
    FROM generate_series(1, 20000) AS n;
    INSERT INTO refusal
    SELECT n, DATE '2026-11-23' - n % 90, 'dead', 'relay:25', 'm' || n % 99, true,
        now(), 'open', n % 500 <> 0, NULL, NULL
    FROM generate_series(1, 20000) AS n;
    INSERT INTO fence
    SELECT DATE '2026-11-23' - n / 500, 'relay:25', 'm' || n % 500, 9, 1, true, false, 0,
        now()
    FROM generate_series(0, 14999) AS n;
"""
BOUND = {
    "now": NOON,
    "until": NOON + timedelta(minutes=5),
    "limit": 100,
    "lease": timedelta(minutes=1),
    "since": TODAY,
    "step": timedelta(minutes=5),
    "worker": "w",
    "night": TODAY,
    "subscriber_id": 7,
    "reason": "unsubscribed",
    "is_first_try": False,
    "is_promised": False,
    "id": 7,
    "ids": [1, 2, 3],
    "nights": [TODAY] * 3,
    "kinds": ["reminder"] * 3,
    "states": ["sent"] * 3,
    "reasons": [""] * 3,
    "not_befores": [NOON] * 3,
    "providers": ["gmail"] * 3,
    "times": [NOON] * 3,
    "key": b"7",
    "digest": b"7",
    "address_key": b"7",
    "status": "suppressed",
    "relays": ["relay:25"] * 3,
    "mailboxes": ["gmail"] * 3,
    "verdict": "dead",
    "relay": "relay:25",
    "mailbox": "gmail",
    "has_reply": True,
    "sent_at": NOON,
    "sealed": b"x",
    "key_id": "k",
    "shown": 3,
    "longest": timedelta(hours=2),
}
WALKS_AN_INDEX = {
    "due": subscribers_sql.DUE,
    "reschedule": subscribers_sql.RESCHEDULE,
    "first_due_at": subscribers_sql.FIRST_DUE_AT,
    "claim evening": outbox_sql.CLAIM[Lane.EVENING],
    "claim priority": outbox_sql.CLAIM[Lane.PRIORITY],
    "waiting": outbox_sql.WAITING_NOW,
    "waits": census.WAITS,
    "not sent": outbox_sql.NOT_SENT,
    "keep": outbox_sql.KEEP,
    "arrivals": subscribers_sql.ARRIVALS,
    "begin": outbox_sql.BEGIN,
    "record": outbox_sql.RECORD,
    "reap": outbox_sql.REAP,
    "suppress": outbox_sql.SUPPRESS,
    "state_of": outbox_sql.STATE_OF,
    "address key": feedback.ADDRESS_KEY,
    "note a refusal": refusals_sql.NOTE,
    "forget words": refusals_sql.FORGET_OLDER_WORDS,
    "open refusals": refusals_sql.OPEN,
    "refusals by which relay": refusals_sql.FILL,
    "fences": refusals_sql.TALLIES,
    "groups": refusals_sql.GROUPS,
    "whom to weigh": refusals_sql.UNWEIGHED,
    "sends of people": refusals_sql.SENDS,
    "end": refusals_sql.END,
    "refusals of a person": refusals_sql.OF,
    "words about a person": refusals_sql.WORDS,
    "forget signups": feedback.FORGET_SIGNUPS,
    "lock schedule": feedback.LOCK_SCHEDULE,
    "stop": feedback.STOP,
    "unschedule": feedback.UNSCHEDULE,
    "hold back": outbox_sql.HOLD_BACK,
    "not again": outbox_sql.NOT_AGAIN,
    "one that was kept": feedback.ONE,
    "held": figures_sql.HELD,
    "nights of a person": nights.LAST,
    "mails of a person": dossier.MAILS,
    "dates of a person": dossier.DATES,
    "consents of a person": consents.OF,
    "sign-ups of an address": signups.OF,
    "suppression of an address": suppression.ENTRY,
}


# Whether the database sends, and believes its clock, is said by tables of a single row.
ONE_ROW = re.compile("Seq Scan on (deployment|timekeeping)")


@pytest_asyncio.fixture
async def crowd(ready, database_url):  # noqa: ARG001 - the nights it makes are filled
    """A connection to a database of 20,000 people, 500 of them due."""
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    await connection.execute(CROWD)
    yield connection
    await connection.close()


async def plan(connection, statement) -> str:
    compiled = statement.compile(dialect=dialect())
    values = [BOUND[name] for name in compiled.positiontup]
    rows = await connection.fetch(f"EXPLAIN (COSTS OFF) {compiled.string}", *values)
    return "\n".join(row[0] for row in rows)


# A night that was just filled has no statistics until autovacuum comes by.
@pytest.mark.parametrize("analysed", ["", ", outbox_20261123"])
async def test_no_query_of_a_tick_reads_a_table_from_end_to_end(crowd, analysed):
    await crowd.execute(
        f"ANALYZE subscriber, schedule, history, refusal, fence{analysed}"
    )

    for name, statement in WALKS_AN_INDEX.items():
        found = await plan(crowd, statement)
        found = ONE_ROW.sub("", found)
        assert "Seq Scan" not in found, f"{name}\n{found}"
