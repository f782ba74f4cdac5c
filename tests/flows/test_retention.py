"""How long everything is kept (docs/retention.md): to the last moment, and no longer."""

import json
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.domain.audit import Act
from service.domain.limits import Scope, Source
from service.domain.operators import Account, Role
from service.domain.subscriber import Status
from service.domain.tonight import HISTORY_NIGHTS
from service.flows.upkeep import upkeep
from service.store.nights import NightRecord
from service.store.suppression import Reason
from tests.builders import NOON, TODAY, answers, message, refused, subscriber
from tests.conftest import stop_clock
from tests.store.test_people import pending

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
YEARS = 3000 * DAY


@pytest_asyncio.fixture
async def rows(database_url):
    """How many rows a table has."""
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))

    async def count(table):
        found = await connection.fetch(f"TABLE {table}")
        return len(found)

    yield count
    await connection.close()


@pytest_asyncio.fixture
async def filled(store):
    """A store with a row of NOON in every table that a person or operator fills."""
    await upkeep(store, now=NOON)
    gone = subscriber(2, status=Status.STOPPED, stopped_at=NOON)
    record = NightRecord(
        subscriber_id=1, night=TODAY, choice=json.dumps({}), catalogue_version="v1"
    )
    admin = Account(name="ops", role=Role.ADMIN, password_hash="x", created_at=NOON)
    async with store.transaction() as tx:
        await tx.subscribers.add(subscriber(1), next_due_at=NOON + YEARS, now=NOON)
        await tx.subscribers.add(gone, next_due_at=None, now=NOON)
        await tx.consents.add(2, ("mail",), version="1", now=NOON)
        await tx.signups.add(pending(3, expires_at=NOON + 7 * DAY))
        await tx.outbox.put([message(1)])
        await tx.nights.record([record])
        await tx.feedback.keep(b"words", why="no report", has_token=False, now=NOON)
        await tx.refusals.note(refused(1))
        await tx.suppression.add("cyd@example.org", Reason.ERASED, now=NOON)
        await tx.operators.add(admin)
        await tx.sessions.add("token", "ops", now=NOON)
        await tx.audit.add("ops", Act.SIGNED_IN, now=NOON)
        await tx.subscriber_sessions.begin("session", 1, link="link", now=NOON)
        await tx.changes.add(1, answers(), now=NOON)
    return store


async def kept(store, *, now):
    """What upkeep does when it is so late."""
    await stop_clock(store, now)
    return await upkeep(store, now=now)


@pytest.mark.parametrize(
    ("table", "there_after", "gone_after"),
    [
        ("outbox", 3 * DAY, 4 * DAY),
        # Whole months go: the last one when none of its nights is younger.
        ("night", 396 * DAY, 396 * DAY + 31 * DAY),
        ("signup", 7 * DAY - MINUTE, 7 * DAY),
        ("feedback", 30 * DAY, 30 * DAY + MINUTE),
        ("refusal", 240 * DAY, 241 * DAY),
        ("session", 30 * MINUTE - MINUTE, 30 * MINUTE),
        ("subscriber_session", 24 * HOUR, 24 * HOUR + MINUTE),
        ("answer_change", 14 * DAY, 14 * DAY + MINUTE),
        ("consent", 14 * DAY - MINUTE, 14 * DAY),
    ],
)
async def test_each_thing_is_kept_as_long_as_it_is_said_to_be(
    filled, rows, table, there_after, gone_after
):
    await kept(filled, now=NOON + there_after)
    before = await rows(table)
    await kept(filled, now=NOON + gone_after)

    assert (before, await rows(table)) == (1, 0)


@pytest_asyncio.fixture
async def backup(filled, database_url):  # noqa: ARG001 - what it is about to read
    """A dump at work: it holds on to every table until it is committed."""
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    transaction = connection.transaction()
    await transaction.start()
    tables = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace"
    )
    every = ", ".join(row["relname"] for row in tables)
    await connection.execute(f"LOCK TABLE {every} IN ACCESS SHARE MODE")
    yield transaction
    await connection.close()


async def test_a_backup_that_takes_long_keeps_nothing_but_old_nights(
    filled, rows, backup
):
    later = NOON + 500 * DAY
    during = await kept(filled, now=later)
    left = [await rows(table) for table in ("outbox", "night", "signup", "session")]
    async with filled.transaction() as tx:
        new = await tx.outbox.put([message(1, night=later.date() + 3 * DAY)])
    await backup.commit()
    after = await kept(filled, now=later)

    assert (during.is_put_off, during.expired) == (True, 1)
    assert left == [1, 1, 0, 0]
    assert len(new) == 1
    assert not after.is_put_off
    assert await rows("night") == 0


async def test_whoever_left_is_erased_and_whoever_stays_is_not(filled, rows):
    await kept(filled, now=NOON + 14 * DAY - MINUTE)
    before = await rows("subscriber")
    await kept(filled, now=NOON + 14 * DAY)

    assert (before, await rows("subscriber")) == (2, 1)


@pytest.mark.parametrize("table", ["suppression", "audit", "operator", "subscriber"])
async def test_what_is_kept_for_good_is(filled, rows, table):
    await kept(filled, now=NOON + YEARS)

    assert await rows(table) == 1


async def test_only_the_last_ninety_nights_are_remembered(world):
    who = await world.join()
    for _ in range(3):
        await world.evenings(2)
        await world.passes(44 * DAY)
    await world.evenings(2)

    async with world.store.transaction() as tx:
        (due,) = await tx.subscribers.due(
            limit=1, now=world.clock.now() + timedelta(days=2)
        )
    nights = [told.night for told in due.history]
    assert due.subscriber.id == who
    assert len(nights) > 1
    assert (nights[-1] - nights[0]).days < HISTORY_NIGHTS


async def test_clearing_up_waits_for_nobody_who_asks_for_a_mail(store, rows):
    everybody = Source(scope=Scope.INSTANCE, name="")
    mailbox = Source(scope=Scope.MAILBOX, name="ada@example.org")
    async with store.transaction() as tx:
        await tx.limits.count([everybody, mailbox], now=NOON)
    later = NOON + 2 * DAY
    await stop_clock(store, later)

    async with store.transaction() as tx:
        await tx.limits.count([everybody], now=later)
        await upkeep(store, now=later)

    assert await rows("rate_limit") == 1
