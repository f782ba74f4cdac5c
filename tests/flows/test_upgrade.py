"""A database of the release before, made by that release, goes on where it was."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.domain.outbox import Kind, Lane, State
from service.domain.subscriber import Status
from service.flows.explain import explain
from service.store import migrate
from service.store.deployment import Standing
from service.store.sealing import Sealer
from tests.builders import NOON
from tests.conftest import administer

RELEASE = Path(__file__).parent.parent / "store" / "release_0003.sql"
EVENING = datetime(2026, 11, 25, 19, 5, tzinfo=UTC)
TONIGHT = date(2026, 11, 25)
PEOPLE = {
    "ada": Status.ACTIVE,
    "bob": Status.ACTIVE,
    "cyd": Status.PAUSED,
    "dan": Status.STOPPED,
    # Taken for dead by one refusal: free to come back.
    "eve": Status.STOPPED,
    "fay": Status.ACTIVE,
}
#: As that release writes what has a column more since.
ITS_STATEMENTS = (
    """
    INSERT INTO consent (subscriber_id, what, given_at, wording_version)
    SELECT 1, what, '2026-11-25 19:00Z', '2026-11' FROM unnest('{mail}'::text[]) what
    ON CONFLICT (subscriber_id, what, given_at) DO NOTHING
    """,
    """
    INSERT INTO outbox (
        subscriber_id, night, kind, state, not_before, expires_at, attempts, sealed,
        key_id
    ) VALUES (
        3, '2026-11-25', 'reminder', 'due', '2026-11-25 19:00Z', '2026-11-25 21:00Z', 0,
        '', '2026-11'
    )
    """,
)
TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind = 'r' AND relname <> 'alembic_version' ORDER BY 1
"""


async def connected(url):
    plain = make_url(url).set(drivername="postgresql")
    return await asyncpg.connect(plain.render_as_string(hide_password=False))


async def rows(url):
    connection = await connected(url)
    names = [row[0] for row in await connection.fetch(TABLES)]
    found = {n: sorted(map(repr, await connection.fetch(f"TABLE {n}"))) for n in names}
    await connection.close()
    return found


@pytest_asyncio.fixture
async def before(empty_database_url):
    """The URL of such a database."""
    connection = await connected(empty_database_url)
    await connection.execute(RELEASE.read_text())
    await connection.close()
    return empty_database_url


@pytest_asyncio.fixture
async def database_url(before):
    """The same, upgraded: what the other fixtures then work on, at an hour of theirs."""
    await migrate.upgrade(before)
    # Where people are, the product shifts no clock.
    await administer(before, "ALTER TABLE shifted_clock DISABLE TRIGGER USER")
    return before


@pytest.fixture
def sealer():
    """The keys that the release before had."""
    return Sealer(lookup=b"l" * 32, keys={"2026-11": b"s" * 32}, current="2026-11")


async def test_its_schema_is_that_of_this_release_and_it_sends(store, database_url):
    await store.check()
    assert await migrate.check(database_url) == ()
    async with store.transaction() as tx:
        assert await tx.deployment.state() is Standing.SENDS


async def test_everybody_and_everything_about_them_is_still_read(store):
    async with store.transaction() as tx:
        people = {
            name: await tx.subscribers.find(f"{name}@example.org") for name in PEOPLE
        }
        due = await tx.subscribers.due(limit=10, now=EVENING + timedelta(days=2))
        gus = await tx.signups.get(7)
        (odd,) = await tx.feedback.kept()
        silenced = await tx.suppression.reason("eve@example.org")

    assert {name: person.status for name, person in people.items()} == PEOPLE
    assert people["ada"].person.answers.causes == ("dehydration", "medicines")
    assert people["bob"].evening.frequency == "tapering"
    assert {one.subscriber.id for one in due} == {1, 2, 6}
    # Bob's evenings were over before anything could be planned for them.
    assert {one.subscriber.id for one in due if one.history} == {1, 6}
    assert gus.person.address == "gus@example.org"
    assert odd.raw == b"something odd"
    assert silenced == "address_unknown"
    for night in (date(2026, 11, 23), date(2026, 11, 24), TONIGHT):
        told = await explain(store, people["ada"].id, night)
        assert told.choice is not None


async def test_whoever_is_due_gets_their_one_mail(world):
    await world.passes(EVENING - NOON)

    mails = await world.run(minutes=0)
    mails = await world.post(Lane.PRIORITY)
    async with world.store.transaction() as tx:
        ada = await tx.outbox.state_of(1, TONIGHT)
        fay = await tx.outbox.state_of(6, TONIGHT)
        bob = await tx.outbox.state_of(2, TONIGHT - timedelta(days=1))

    assert sorted(recipient for mail in mails for recipient in mail.recipients) == [
        "fay@example.org",
        "gus@example.org",
    ]
    # It may have gone out before the worker of that release was killed.
    assert [(one.kind, one.state) for one in ada] == [(Kind.REMINDER, State.UNKNOWN)]
    assert [one.state for one in fay] == [State.SENT]
    assert [one.state for one in bob] == [State.EXPIRED]


async def test_the_next_evening_goes_on_as_ever(world):
    await world.passes(EVENING - NOON)
    await world.run(minutes=0)

    mails = await world.run(days=1)

    to = [recipient for mail in mails for recipient in mail.recipients]
    assert to.count("ada@example.org") == 1
    assert to.count("fay@example.org") == 2


@pytest.mark.parametrize("statement", ITS_STATEMENTS, ids=["consent", "outbox"])
async def test_workers_of_the_release_before_may_finish_their_work(
    database_url, statement
):
    connection = await connected(database_url)
    done = await connection.execute(statement)
    await connection.close()

    assert done == "INSERT 0 1"


async def test_there_is_a_way_back_on_which_nothing_is_lost(before):
    first = await rows(before)
    await migrate.upgrade(before)
    await migrate.downgrade(before, "0003")

    assert await rows(before) == first
