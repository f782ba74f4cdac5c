"""Why mail was not sent and who gets none, as the operator is told."""

from datetime import timedelta

from service.domain.audit import Act
from service.domain.outbox import State
from service.flows import deliverability, silence
from service.store.suppression import Reason
from tests.builders import NOON, TODAY, message, subscriber
from tests.store.plain_sql import raw


async def acts(store):
    async with store.transaction() as tx:
        found = await tx.audit.newest(operator="op", before=100, limit=10)
    return [(entry.act, entry.details) for entry in reversed(found)]


async def test_what_was_not_sent_and_who_gets_no_mail(world):
    async with world.store.transaction() as tx:
        await tx.outbox.put([message(1), message(2)])
    await world.passes(timedelta(hours=3))
    async with world.store.transaction() as tx:
        await tx.outbox.expire(why="deadline passed", now=world.clock.now())
        await tx.suppression.add("a@example.org", Reason.ERASED, now=NOON)

    found = await silence.silence(world.store, now=NOON)

    (late,) = found.not_sent
    assert (late.state, late.reason, late.messages) == (
        State.EXPIRED,
        "deadline passed",
        2,
    )
    (erased,) = found.suppressed
    assert (erased.reason, erased.addresses) == (Reason.ERASED, 1)
    assert found.since == TODAY - timedelta(days=3)


async def test_the_list_is_asked_about_an_address_and_the_question_noted(world):
    async with world.store.transaction() as tx:
        await tx.suppression.add("a@example.org", Reason.COMPLAINT, now=NOON)

    entry = await silence.look_up(world.store, "A@example.org", by="op", now=NOON)
    none = await silence.look_up(world.store, "b@example.org", by="op", now=NOON)

    assert entry is not None
    assert (entry.reason, none) == (Reason.COMPLAINT, None)
    assert await acts(world.store) == [(Act.PERSON_LOOKED_UP, "suppression list")] * 2


async def test_a_kept_message_is_read_and_deleted_with_a_note_each(world):
    async with world.store.transaction() as tx:
        await tx.feedback.keep(b"raw", why="not signed here", has_token=False, now=NOON)
    (listed,) = await silence.kept(world.store)
    name = listed.digest.hex()[:12]

    read = await silence.read(world.store, listed.digest, by="op", now=NOON)
    await silence.forget(world.store, listed.digest, by="op", now=NOON)
    gone = await silence.read(world.store, listed.digest, by="op", now=NOON)

    assert read is not None
    assert (read.raw, gone) == (b"raw", None)
    assert await silence.kept(world.store) == ()
    assert await acts(world.store) == [
        (Act.RETURNED_MAIL_READ, name),
        (Act.RETURNED_MAIL_DELETED, name),
    ]


async def test_each_provider_has_its_nights_and_all_of_them_together(
    world, database_url
):
    yesterday = TODAY - timedelta(days=1)
    async with world.store.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
        await tx.outbox.put([message(1), message(1, night=yesterday)])
        await tx.workers.beat("one", per_second=2)
    sent = "UPDATE outbox SET state = 'sent', updated_at = not_before, attempts = 1,"
    await raw(database_url, f"{sent} provider = 'gmail'")
    async with world.store.transaction() as tx:
        await tx.feedback.complained(1, now=NOON)

    found = await deliverability.deliverability(world.store, now=NOON)

    (gmail,) = found.together
    assert (gmail.provider, gmail.sent, gmail.complaints) == ("gmail", 2, 1)
    assert [(night, rows[0].sent) for night, rows in found.nights] == [
        (TODAY, 1),
        (yesterday, 1),
    ]
    assert found.held == ()
    assert [worker.name for worker in found.workers] == ["one"]
