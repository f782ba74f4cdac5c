"""All that stands about one person, read back."""

from datetime import timedelta

from service.domain.outbox import Kind, State
from service.store.nights import NightRecord
from tests.builders import NOON, TODAY, message, subscriber
from tests.store.test_feedback import ADDRESS, sign_up

DAY = timedelta(days=1)


async def test_the_mails_of_a_person_come_newest_night_first(ready):
    async with ready.transaction() as tx:
        await tx.outbox.put(
            [
                message(1, night=TODAY - DAY),
                message(1, kind=Kind.MANAGE_LINK, payload="a@example.org"),
                message(1),
                message(2),
            ]
        )
        found = await tx.dossier.mails(1)

    assert [(mail.night, mail.kind) for mail in found] == [
        (TODAY, Kind.MANAGE_LINK),
        (TODAY, Kind.REMINDER),
        (TODAY - DAY, Kind.REMINDER),
    ]
    assert {mail.state for mail in found} == {State.DUE}


async def test_dates_of_a_person(ready):
    async with ready.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
        await tx.subscribers.save(subscriber(), next_due_at=NOON, now=NOON + DAY)
        dates = await tx.dossier.dates(1)
        assert dates is not None
        assert (dates.confirmed_at, dates.changed_at) == (NOON, NOON + DAY)
        assert await tx.dossier.dates(2) is None


async def test_consents_are_read_back_with_their_end(ready):
    async with ready.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)
        await tx.consents.add(1, ["health", "mail"], version="v1", now=NOON)
        await tx.consents.withdraw(1, now=NOON + DAY)

        found = await tx.consents.of(1)

    assert [(one.what, one.wording_version) for one in found] == [
        ("health", "v1"),
        ("mail", "v1"),
    ]
    assert {(one.given_at, one.withdrawn_at) for one in found} == {(NOON, NOON + DAY)}
    assert {one.evidence for one in found} == {None}


async def test_the_last_nights_of_a_person_come_newest_first(ready):
    records = [
        NightRecord(
            subscriber_id=1,
            night=TODAY - back * DAY,
            choice=f'{{"back": {back}}}',
            catalogue_version="1",
        )
        for back in range(40)
    ]
    async with ready.transaction() as tx:
        await tx.nights.record(records)

        found = await tx.nights.last(1, since=TODAY - 30 * DAY, limit=100)
        few = await tx.nights.last(1, since=TODAY - 30 * DAY, limit=2)

    assert [record.night for record in found] == [TODAY - n * DAY for n in range(31)]
    assert [record.choice for record in few] == ['{"back": 0}', '{"back": 1}']


async def test_the_sign_ups_of_an_address_are_listed(ready):
    await sign_up(ready, 2)
    await sign_up(ready, 3)
    await sign_up(ready, 4, address="other@example.org")

    async with ready.transaction() as tx:
        assert [one.id for one in await tx.signups.of(ADDRESS.upper())] == [2, 3]


async def test_a_kept_message_is_listed_unopened_read_and_deleted(ready):
    async with ready.transaction() as tx:
        await tx.feedback.keep(
            b"first", why="not signed here", has_token=False, now=NOON
        )
        await tx.feedback.keep(
            b"second", why="no token", has_token=False, now=NOON + DAY
        )

        newest, oldest = await tx.feedback.listed(limit=10)
        read = await tx.feedback.one(oldest.digest)
        await tx.feedback.drop(oldest.digest)

        assert (newest.why, oldest.why) == ("no token", "not signed here")
        assert read is not None
        assert (read.raw, read.received_at) == (b"first", NOON)
        assert await tx.feedback.one(oldest.digest) is None
        assert await tx.feedback.listed(limit=1) == (newest,)
