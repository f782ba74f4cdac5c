"""Old keys go: every sealed row gets the current key and its block, and nothing else changes."""

from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from nacl.secret import Aead
from sqlalchemy.engine import make_url

from service.domain.operators import Account, Role
from service.domain.outbox import Lane
from service.domain.requests import OwnLink
from service.domain.subscriber import Person
from service.domain.tonight import Role as Place
from service.domain.tonight import Told, ToldTip
from service.store.engine import opened
from service.store.nights import NightRecord
from service.store.resealing import PAGES_AT_ONCE, Resealed, Stretch
from service.store.sealing import BLOCKS, Sealer
from service.store.signups import Pending
from tests.builders import (
    NOON,
    TODAY,
    answers,
    evening,
    message,
    refused,
    subscriber,
)
from tests.store.plain_sql import raw

DAY = timedelta(days=1)
OLD, NEW = b"s" * 32, b"n" * 32
TOLD = (Told(night=TODAY, tips=(ToldTip(id="F1", role=Place.LEAD),)),)
LINK = OwnLink(address="ann@example.org")
RAW = b"From: odd\r\n\r\nwords\r\n"


def keyed(**keys):
    return Sealer(lookup=b"l" * 32, keys=keys, current=next(iter(keys)))


@pytest.fixture
def sealer():
    return keyed(old=OLD)


@pytest_asyncio.fixture
async def another(database_url):
    """A store on the same database with other keys, the first of which seals."""
    async with AsyncExitStack() as stack:

        async def with_keys(**keys):
            return await stack.enter_async_context(opened(database_url, keyed(**keys)))

        yield with_keys


@pytest_asyncio.fixture
async def full(ready):
    """A row in every table that has sealed ones, under the old key."""
    pending = Pending(
        id=9,
        person=Person(address="ann@example.org", answers=answers()),
        evening=evening(),
        language="en",
        consents=(),
        requested_at=NOON,
        expires_at=NOON + 7 * DAY,
    )
    record = NightRecord(
        subscriber_id=1, night=TODAY, choice='{"tips": []}', catalogue_version="v"
    )
    ada = Account(name="ada", role=Role.ADMIN, created_at=NOON)
    async with ready.transaction() as tx:
        await tx.signups.add(pending)
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
        await tx.subscribers.save_histories([(1, TOLD)])
        await tx.outbox.put([message()])
        await tx.nights.record([record])
        await tx.feedback.keep(RAW, why="not a report", has_token=False, now=NOON)
        for n in reversed(range(5)):
            await tx.refusals.note(refused(night=TODAY - n * DAY))
        await tx.operators.add(ada)
        await tx.operators.save(with_factor(ada))
        await tx.requests.add(LINK, now=NOON)
        await tx.changes.add(subscriber(), now=NOON)
    return ready


def with_factor(account):
    return Account(
        name=account.name,
        role=account.role,
        created_at=account.created_at,
        second_factor="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    )


async def walked(store):
    """What one walk through all tables did."""
    async with store.transaction() as tx:
        stretches = await tx.resealing.stretches()
    done = []
    for stretch in stretches:
        async with store.transaction() as tx:
            done.append(await tx.resealing.reseal(stretch))
    return sum(one.rows for one in done), sum(one.unreadable for one in done)


async def counted(store):
    async with store.transaction() as tx:
        found = await tx.resealing.count()
    return {(one.table, one.key_id): (one.rows, one.bare) for one in found}


async def test_every_sealed_row_gets_the_current_key_and_says_what_it_said(
    full, another
):
    assert set(await counted(full)) == {(table, "old") for table in BLOCKS}

    both = await another(new=NEW, old=OLD)
    assert await walked(both) == (len(BLOCKS), 0)
    assert await walked(both) == (0, 0)

    newer = await another(new=NEW)
    async with newer.transaction() as tx:
        (due,) = await tx.subscribers.due(limit=5, now=NOON)
        signup = await tx.signups.get(9)
        (mail,) = await tx.outbox.claim(
            Lane.EVENING, limit=5, worker="w", lease=DAY, now=NOON
        )
        record = await tx.nights.get(1, TODAY)
        (odd,) = await tx.feedback.kept()
        words = await tx.refusals.words(1)
        ada = await tx.operators.get("ada")
        asked = await tx.requests.next(now=NOON)
        (change,) = await tx.changes.of(1)
    assert set(await counted(newer)) == {(table, "new") for table in BLOCKS}
    assert (due.subscriber, due.history) == (subscriber(), TOLD)
    assert signup.person.address == "ann@example.org"
    assert mail.payload == "{}"
    assert record.choice == '{"tips": []}'
    assert odd.raw == RAW
    assert words == "552 5.2.2 full"
    assert ada.second_factor == "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert asked.what == LINK
    assert change.before.says_the_same(subscriber().person.answers)


async def test_a_row_that_the_release_before_left_unpadded_is_padded(
    full, database_url
):
    box = Aead(OLD).encrypt(b'[["2026-11-23", {"F1": "lead"}]]', b"history:1")
    await raw(database_url, "UPDATE history SET sealed = $1", bytes(box))
    assert (await counted(full))["history", "old"] == (1, 1)

    assert await walked(full) == (1, 0)

    async with full.transaction() as tx:
        (due,) = await tx.subscribers.due(limit=5, now=NOON)
    assert (await counted(full))["history", "old"] == (1, 0)
    assert due.history == TOLD


@pytest.mark.usefixtures("full")
async def test_rows_that_do_not_open_stay_as_they_are_and_stop_no_other(
    another, database_url
):
    await raw(database_url, "UPDATE signup SET sealed = sealed || '\\x00'")
    await raw(database_url, "UPDATE night SET key_id = 'lost'")

    both = await another(new=NEW, old=OLD)
    assert await walked(both) == (len(BLOCKS) - 2, 2)
    left = await counted(both)
    assert (left["signup", "old"], left["night", "lost"]) == ((1, 1), (1, 0))


@pytest.mark.usefixtures("full")
async def test_a_row_in_use_is_left_for_the_next_walk(another, database_url):
    both = await another(new=NEW, old=OLD)
    url = make_url(database_url).set(drivername="postgresql")
    other = await asyncpg.connect(url.render_as_string(hide_password=False))
    async with other.transaction():
        await other.execute("SELECT FROM subscriber FOR UPDATE")

        assert await walked(both) == (len(BLOCKS) - 1, 0)
    await other.close()

    assert await walked(both) == (1, 0)


async def test_a_partition_that_was_dropped_meanwhile_is_passed_over(full):
    gone = Stretch(table="night", name="night_199901", first=0, end=PAGES_AT_ONCE)
    async with full.transaction() as tx:
        assert await tx.resealing.reseal(gone) == Resealed(rows=0, unreadable=0)


async def test_processes_that_seal_with_another_key_are_named(full, another):
    both = await another(new=NEW, old=OLD)
    async with full.transaction() as theirs:
        async with both.transaction() as tx:
            (name,) = await tx.resealing.others()
        assert await theirs.resealing.others() == (name,)
    number, _, machine = name.partition("@")
    assert number.isdigit()
    assert machine


async def test_a_process_of_the_release_before_is_taken_to_seal_with_another_key(
    store, database_url
):
    url = make_url(database_url).set(drivername="postgresql")
    older = await asyncpg.connect(
        url.render_as_string(hide_password=False),
        server_settings={"application_name": "eventide"},
    )
    async with store.transaction() as tx:
        named = await tx.resealing.others()
    await older.close()

    assert named == ("one of the release before",)
