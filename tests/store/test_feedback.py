"""What a complaint does to a person, in one transaction and however often it is told."""

import asyncio
from datetime import timedelta

import pytest

from service.domain.outbox import Kind, Lane, State
from service.domain.subscriber import Person, Status
from service.store.engine import opened
from service.store.feedback import KEPT_BYTES, KEPT_FOR, MOST_KEPT
from service.store.signups import Pending
from service.store.suppression import Reason
from tests.builders import NOON, TODAY, answers, evening, message, subscriber
from tests.store.plain_sql import blocked, raw

ADDRESS = "person1@example.org"


@pytest.fixture
async def person(ready):
    """An active subscriber with a reminder that is due."""
    async with ready.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
        await tx.outbox.put([message()])
    return 1


async def sign_up(store, id_=2, address=ADDRESS):
    pending = Pending(
        id=id_,
        person=Person(address=address, answers=answers()),
        evening=evening(),
        language="en",
        consents=(),
        requested_at=NOON,
        expires_at=NOON + timedelta(days=7),
    )
    async with store.transaction() as tx:
        await tx.signups.add(pending)
        await tx.outbox.put([message(id_, kind=Kind.CONFIRMATION, payload=address)])


async def complained(store, *, person=1, now=NOON):
    async with store.transaction() as tx:
        await tx.feedback.complained(person, now=now)


async def standing(store, id_=1, address=ADDRESS):
    async with store.transaction() as tx:
        found = await tx.subscribers.get(id_)
        due = await tx.subscribers.next_due_at(id_)
        reason = await tx.suppression.reason(address)
    return found and found.status, due, reason


async def states(store, id_=1):
    async with store.transaction() as tx:
        return [row.state for row in await tx.outbox.state_of(id_, TODAY)]


@pytest.mark.usefixtures("person")
async def test_who_complained_gets_no_mail_any_more_not_even_the_one_that_waits(ready):
    await complained(ready)
    await complained(ready, now=NOON + timedelta(days=1))

    assert await standing(ready) == (Status.SUPPRESSED, None, Reason.COMPLAINT)
    assert await states(ready) == [State.SUPPRESSED]
    async with ready.transaction() as tx:
        assert await tx.subscribers.stopped_before(NOON) == (1,)


@pytest.mark.usefixtures("person")
async def test_a_reminder_that_a_worker_holds_is_not_sent_either(ready):
    async with ready.transaction() as tx:
        mine = await tx.outbox.claim(
            Lane.EVENING, limit=9, worker="w", lease=timedelta(minutes=1), now=NOON
        )

    await complained(ready)

    async with ready.transaction() as tx:
        assert not await tx.outbox.begin(
            mine, worker="w", lease=timedelta(minutes=1), now=NOON
        )


async def test_a_complaint_about_a_confirmation_drops_every_sign_up_of_the_address(
    ready,
):
    await sign_up(ready, 2)
    await sign_up(ready, 3)

    await complained(ready, person=2)

    assert await standing(ready) == (None, None, Reason.COMPLAINT)
    async with ready.transaction() as tx:
        assert await tx.signups.get(2) is None
        assert await tx.signups.get(3) is None
    assert await states(ready, 2) == await states(ready, 3) == [State.SUPPRESSED]


async def test_nobody_by_that_number_changes_nothing(ready):
    await complained(ready, person=77)

    async with ready.transaction() as tx:
        assert await tx.feedback.theirs(77, (ADDRESS,)) is None


@pytest.mark.usefixtures("person")
async def test_only_a_person_s_own_address_is_theirs(ready):
    named = ("PERSON1@example.ORG", "person2@example.org", "not an address")
    await sign_up(ready, 2, "person2@example.org")

    async with ready.transaction() as tx:
        assert await tx.feedback.theirs(1, named) == {"PERSON1@example.ORG"}
        assert await tx.feedback.theirs(2, named) == {"person2@example.org"}


async def test_who_confirms_while_they_complain_gets_no_mail_all_the_same(
    ready, database_url, sealer
):
    await sign_up(ready, 2)

    async with opened(database_url, sealer) as second:
        async with ready.transaction() as tx:
            pending = await tx.signups.take(2)
            telling = asyncio.create_task(complained(second, person=2))
            await blocked(database_url)
            new = subscriber(2, person=pending.person)
            await tx.subscribers.add(new, next_due_at=NOON, now=NOON)
            await tx.signups.forget(ADDRESS)
        await telling

    assert await standing(ready, 2) == (Status.SUPPRESSED, None, Reason.COMPLAINT)


async def keep(store, raw, *, now=NOON):
    async with store.transaction() as tx:
        await tx.feedback.keep(raw, why="not a report", has_token=False, now=now)


async def kept(store):
    async with store.transaction() as tx:
        return await tx.feedback.kept()


async def test_what_could_not_be_used_is_kept_once_and_for_thirty_days(ready):
    await keep(ready, b"hello")
    await keep(ready, b"hello", now=NOON + timedelta(days=1))

    (only,) = await kept(ready)
    assert (only.raw, only.why, only.received_at) == (b"hello", "not a report", NOON)

    async with ready.transaction() as tx:
        await tx.feedback.drop_old(now=NOON + KEPT_FOR)
    assert len(await kept(ready)) == 1
    async with ready.transaction() as tx:
        await tx.feedback.drop_old(now=NOON + KEPT_FOR + timedelta(seconds=1))
    assert await kept(ready) == ()


async def test_a_flood_of_forged_ones_fills_no_disk(ready):
    await keep(ready, b"x" * 10 * KEPT_BYTES)
    (only,) = await kept(ready)
    assert len(only.raw) == KEPT_BYTES

    async with ready.transaction() as tx:
        for n in range(MOST_KEPT + 1):
            await tx.feedback.keep(
                b"%d" % n, why="not a report", has_token=False, now=NOON
            )

    assert len(await kept(ready)) == MOST_KEPT


FILLED = """
    INSERT INTO feedback (digest, sealed, key_id, received_at, why, has_token)
    SELECT int4send(n), '', '', $1::timestamptz + n * interval '1 second', 'odd', n < $2
    FROM generate_series(0, $3 - 1) AS n
"""


async def test_where_too_many_are_kept_those_of_strangers_go_first_then_the_oldest(
    ready, database_url
):
    tokens = MOST_KEPT - 5

    async def came(*numbers, has_token):
        async with ready.transaction() as tx:
            for n in numbers:
                now = NOON + timedelta(seconds=n)
                await tx.feedback.keep(
                    b"%d" % n, why="odd", has_token=has_token, now=now
                )

    async def there():
        found = await raw(database_url, "SELECT received_at FROM feedback ORDER BY 1")
        return [round((row[0] - NOON).total_seconds()) for row in found]

    await raw(database_url, FILLED, NOON, tokens, MOST_KEPT)
    await came(5000, 5001, has_token=False)
    flooded = await there()
    await came(*range(6000, 6007), has_token=True)
    full = await there()
    await came(7000, has_token=False)

    assert flooded == [*range(tokens), *range(tokens + 2, MOST_KEPT), 5000, 5001]
    # Two of the oldest are gone, and every stranger's.
    assert full == [*range(2, tokens), *range(6000, 6007)]
    assert await there() == full
