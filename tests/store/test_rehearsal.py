"""A rehearsal is told from the real thing, and says how late its mails were."""

from datetime import timedelta

import pytest
import pytest_asyncio

from service.domain.outbox import Lane, Settled, State
from service.domain.synthetic import crowd
from service.store.engine import opened
from service.store.sealing import Sealer
from tests.builders import NOON, message, subscriber
from tests.store.test_people import pending

MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture
async def invented(store):
    """Three invented people, of the numbers that are next, in the database."""
    here = crowd(["Asia/Tokyo"], ["GB"], now=NOON)
    async with store.transaction() as tx:
        numbers = await tx.signups.new_ids(3)
        people = [here.newcomer_due(number, now=NOON) for number in numbers]
        await tx.subscribers.add_all(people, now=NOON)
    return people


async def has_real_people(store):
    async with store.transaction() as tx:
        return await tx.rehearsal.has_real_people()


async def test_invented_people_are_subscribers_like_others(store, invented):
    async with store.transaction() as tx:
        found = await tx.subscribers.due(limit=10, now=NOON)

    assert {d.subscriber.id: d.subscriber for d in found} == {
        new.subscriber.id: new.subscriber for new in invented
    }
    assert {d.next_due_at for d in found} == {new.next_due_at for new in invented}


async def test_nobody_and_invented_people_are_not_real(store, invented):  # noqa: ARG001
    assert not await has_real_people(store)


async def test_an_empty_database_has_nobody_real(store):
    assert not await has_real_people(store)


async def test_one_subscriber_among_the_invented_is_real(store, invented):  # noqa: ARG001
    async with store.transaction() as tx:
        await tx.subscribers.add(subscriber(4711), next_due_at=NOON, now=NOON)

    assert await has_real_people(store)


async def test_whoever_waits_for_a_confirmation_is_real(store, invented):  # noqa: ARG001
    async with store.transaction() as tx:
        await tx.signups.add(pending(4711))

    assert await has_real_people(store)


async def test_people_invented_under_other_keys_could_be_anybody(
    database_url,
    invented,  # noqa: ARG001
):
    sealer = Sealer(lookup=b"x" * 32, keys={"1": b"s" * 32}, current="1")
    async with opened(database_url, sealer) as theirs:
        assert await has_real_people(theirs)


async def test_a_server_on_this_machine_names_the_process_that_serves(store):
    async with store.transaction() as tx:
        process = await tx.rehearsal.process()
        other = await tx.rehearsal.process()

    assert process == other > 1


@pytest.mark.parametrize(
    ("since", "sent", "late"),
    [(NOON, 3, (120, 180)), (NOON + 10 * MINUTE, 0, (None, None))],
    ids=["since the start", "after the end"],
)
async def test_lateness_counts_from_the_start_to_each_acceptance(
    ready, since, sent, late
):
    for number in (1, 2, 3):
        async with ready.transaction() as tx:
            await tx.outbox.put([message(number)])
            held = await tx.outbox.claim(
                Lane.EVENING, limit=1, worker="w", lease=MINUTE, now=NOON
            )
            begun = await tx.outbox.begin(held, worker="w", lease=MINUTE, now=NOON)
            accepted = Settled(
                message=begun[0], state=State.SENT, reason="", not_before=NOON
            )
            await tx.outbox.record([accepted], worker="w", now=NOON + number * MINUTE)

    async with ready.transaction() as tx:
        counted = await tx.rehearsal.sent(since=since)
        measured = await tx.rehearsal.lateness((0.5, 1), since=since)

    assert (counted, measured) == (sent, late)
