import asyncio
from datetime import timedelta

import pytest

from service.domain.errors import TryLater
from service.domain.forecast import Waiting
from service.domain.outbox import Kind, Lane, Settled, State, put_back
from service.store.engine import opened
from service.store.nights import NightRecord
from service.store.outbox import NotSent, Reaped
from service.store.sealing import KeyMissing, Sealer
from tests.builders import NOON, TODAY, message
from tests.conftest import stop_clock
from tests.store.plain_sql import raw

LEASE = timedelta(minutes=5)
#: A lease that has ended when the next transaction begins.
NO_LEASE = timedelta()
LATER = NOON + timedelta(minutes=5)
ME = "worker-1"
OTHER = "worker-2"
DAY = timedelta(days=1)


async def put(store, *messages):
    async with store.transaction() as tx:
        return await tx.outbox.put(messages)


async def claim(
    store, *, lane=Lane.EVENING, limit=50, worker=ME, lease=LEASE, now=NOON
):
    await stop_clock(store, now)
    async with store.transaction() as tx:
        return await tx.outbox.claim(
            lane, limit=limit, worker=worker, lease=lease, now=now
        )


async def begin(store, messages, *, worker=ME, lease=LEASE, now=NOON):
    await stop_clock(store, now)
    async with store.transaction() as tx:
        return await tx.outbox.begin(messages, worker=worker, lease=lease, now=now)


async def keep(store, messages, *, worker=ME, lease=LEASE, now=NOON):
    await stop_clock(store, now)
    async with store.transaction() as tx:
        await tx.outbox.keep(messages, worker=worker, lease=lease, now=now)


async def record(store, *ended, worker=ME, now=NOON):
    async with store.transaction() as tx:
        return await tx.outbox.record(ended, worker=worker, now=now)


async def reap(store, *, now):
    await stop_clock(store, now)
    async with store.transaction() as tx:
        return await tx.outbox.reap(now=now)


async def expire(store, *, why, now):
    await stop_clock(store, now)
    async with store.transaction() as tx:
        return await tx.outbox.expire(why=why, now=now)


async def states(store, id_=1, night=TODAY):
    async with store.transaction() as tx:
        return await tx.outbox.state_of(id_, night)


async def state(store, id_=1, night=TODAY):
    (found,) = await states(store, id_, night)
    return found.state


def ended(done, state, *, reason="250 ok", not_before=NOON):
    return Settled(message=done, state=state, reason=reason, not_before=not_before)


async def test_a_night_has_one_reminder_however_often_it_is_planned(ready):
    first = message(payload="first")

    assert await put(ready, first, message(2), first) == (first, message(2))
    assert await put(ready, message(payload="second"), message(3)) == (message(3),)
    claimed = await claim(ready)
    assert [(m.subscriber_id, m.payload) for m in claimed] == [
        (1, "first"),
        (2, "{}"),
        (3, "{}"),
    ]


async def test_a_night_without_a_partition_gets_one(store):
    far = message(night=TODAY + 400 * DAY)

    assert await put(store, far) == (far,)


async def test_a_message_that_does_not_open_fails_and_stops_no_other(
    ready, database_url
):
    await put(ready, message(1), message(2))
    query = "UPDATE outbox SET sealed = 'altered' WHERE subscriber_id = 1"
    await raw(database_url, query)

    claimed = await claim(ready)

    assert [m.subscriber_id for m in claimed] == [2]
    (broken,) = await states(ready, 1)
    assert (broken.state, broken.reason) == (State.FAILED, "does not open (SealBroken)")


async def test_a_missing_key_stops_the_claim_and_fails_nobody(ready, database_url):
    await put(ready, message(1))
    other = Sealer(lookup=b"l" * 32, keys={"2027-01": b"n" * 32}, current="2027-01")

    async with opened(database_url, other) as later:
        with pytest.raises(KeyMissing):
            await claim(later)

    assert await state(ready) is State.DUE


async def test_a_confirmation_whose_worker_was_lost_twice_is_not_sent_a_third_time(
    ready,
):
    await put(ready, message(kind=Kind.CONFIRMATION, expires_at=NOON + DAY))
    found = []
    for hours in (0, 1):
        now = NOON + timedelta(hours=hours)
        mine = await claim(ready, lane=Lane.PRIORITY, now=now)
        await begin(ready, mine, lease=NO_LEASE, now=now)
        await reap(ready, now=now)
        found.append(await state(ready))

    assert found == [State.DUE, State.UNKNOWN]


async def test_a_claimed_message_is_the_one_that_was_queued(ready):
    await put(ready, message(payload='{"tips": ["F1"]}'))

    assert await claim(ready) == (message(payload='{"tips": ["F1"]}'),)


async def test_the_longest_waiting_are_claimed_first_and_no_more_than_asked_for(ready):
    waits = [message(n, not_before=NOON - timedelta(minutes=n)) for n in range(1, 6)]
    await put(ready, *waits)

    assert [m.subscriber_id for m in await claim(ready, limit=2)] == [5, 4]
    assert [m.subscriber_id for m in await claim(ready, limit=9)] == [3, 2, 1]
    assert await claim(ready) == ()


async def test_a_message_waits_for_its_hour_and_is_not_claimed_past_its_deadline(ready):
    await put(ready, message())

    assert await claim(ready, now=NOON - timedelta(seconds=1)) == ()
    assert await claim(ready, now=message().expires_at) == ()
    assert len(await claim(ready, now=message().expires_at - timedelta(seconds=1))) == 1


async def test_somebody_who_waits_does_not_wait_behind_the_evening(ready):
    await put(ready, *(message(n) for n in range(1, 20)))
    await put(ready, message(99, kind=Kind.CONFIRMATION))
    await put(ready, message(98, kind=Kind.MANAGE_LINK))

    quick = await claim(ready, lane=Lane.PRIORITY)
    evening = await claim(ready)

    assert {m.kind for m in quick} == {Kind.CONFIRMATION, Kind.MANAGE_LINK}
    assert {m.kind for m in evening} == {Kind.REMINDER}


async def test_two_workers_on_two_connections_never_share_a_message(
    ready, database_url, sealer
):
    await put(ready, *(message(n) for n in range(1, 201)))

    async def work(store, worker):
        taken = []
        while mine := await claim(store, limit=7, worker=worker):
            taken += [m.subscriber_id for m in mine]
        return taken

    async with opened(database_url, sealer) as second:
        shares = await asyncio.gather(
            work(ready, "a"), work(second, "b"), work(ready, "c"), work(second, "d")
        )

    together = [each for share in shares for each in share]
    assert sorted(together) == list(range(1, 201))


async def test_a_claim_passes_over_what_an_open_transaction_holds(
    ready, database_url, sealer
):
    await put(ready, message(1), message(2))

    async with opened(database_url, sealer) as second, ready.transaction() as tx:
        mine = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker=ME, lease=LEASE, now=NOON
        )
        theirs = await claim(second, worker=OTHER)

    assert [m.subscriber_id for m in (*mine, *theirs)] == [1, 2]


async def test_who_was_taken_for_lost_may_still_say_that_it_was_sent(ready):
    await put(ready, message(1), message(2))
    first, second = await begin(ready, await claim(ready), lease=NO_LEASE)
    await reap(ready, now=LATER)

    sent, again = ended(first, State.SENT), ended(second, State.DUE)
    assert await record(ready, sent, worker=OTHER) == 0
    assert await record(ready, sent, again) == 1

    assert await state(ready, 1) is State.SENT
    assert await state(ready, 2) is State.UNKNOWN


async def test_nobody_waits_for_a_machine_that_vanished(ready, database_url, sealer):
    await put(ready, message(1), message(2))
    late = message().expires_at

    async with opened(database_url, sealer) as second, second.transaction() as lost:
        await lost.outbox.claim(
            Lane.EVENING, limit=1, worker=OTHER, lease=LEASE, now=NOON
        )
        assert await expire(ready, why="x", now=late) == 1


async def test_a_sent_message_is_never_claimed_again(ready):
    await put(ready, message())
    (mine,) = await begin(ready, await claim(ready))

    assert mine.attempts == 1
    assert await record(ready, ended(mine, State.SENT)) == 1
    assert await claim(ready, now=LATER) == ()
    (found,) = await states(ready)
    assert (found.state, found.reason, found.attempts) == (State.SENT, "250 ok", 1)
    assert found.updated_at == NOON


async def test_a_refused_message_is_due_again_at_the_later_time(ready):
    await put(ready, message())
    (mine,) = await begin(ready, await claim(ready))
    again = NOON + timedelta(minutes=1)

    await record(ready, ended(mine, State.DUE, reason="450", not_before=again))

    assert await claim(ready, now=NOON) == ()
    (second,) = await claim(ready, worker=OTHER, now=again)
    assert (second.attempts, second.not_before) == (1, again)


async def test_a_worker_that_comes_back_late_changes_nothing(ready):
    await put(ready, message())
    claimed = await claim(ready, lease=NO_LEASE)
    await reap(ready, now=LATER)
    theirs = await begin(
        ready, await claim(ready, worker=OTHER, now=LATER), worker=OTHER, now=LATER
    )

    assert await begin(ready, claimed) == ()
    assert await record(ready, ended(claimed[0], State.SENT)) == 0
    assert await state(ready) is State.SENDING
    assert await record(ready, ended(theirs[0], State.FAILED), worker=OTHER) == 1
    assert await state(ready) is State.FAILED


async def test_what_nobody_began_to_send_is_due_again_when_the_lease_ends(ready):
    await put(ready, message())
    claimed = await claim(ready)

    assert await reap(ready, now=NOON) == Reaped(released=0, unknown=0)
    await keep(ready, claimed, lease=NO_LEASE)
    assert await reap(ready, now=NOON) == Reaped(released=1, unknown=0)
    assert await state(ready) is State.DUE


async def test_a_worker_that_gives_signs_of_life_keeps_what_it_holds(ready):
    await put(ready, message(1), message(2))
    first, second = await claim(ready, lease=NO_LEASE)
    await begin(ready, [first], lease=NO_LEASE)

    await keep(ready, [first, second])
    await keep(ready, [first, second], worker=OTHER, lease=NO_LEASE)

    assert await reap(ready, now=LATER) == Reaped(released=0, unknown=0)


async def test_a_lease_is_counted_by_the_database_whatever_a_worker_s_clock_says(ready):
    await put(ready, message())
    await claim(ready)

    a_year_on = NOON + timedelta(days=365)
    assert await reap(ready, now=a_year_on) == Reaped(released=0, unknown=0)


async def test_beginning_is_safe_to_do_twice(ready):
    await put(ready, message())
    claimed = await claim(ready)

    first, second = [await begin(ready, claimed) for _ in range(2)]

    assert first == second
    assert first[0].attempts == 1


async def test_a_reminder_that_may_have_been_sent_is_unknown_and_never_sent_again(
    ready,
):
    await put(ready, message())
    (mine,) = await begin(ready, await claim(ready), lease=NO_LEASE)

    assert await reap(ready, now=LATER) == Reaped(released=0, unknown=1)
    assert await claim(ready, now=LATER) == ()
    assert await record(ready, ended(mine, State.DUE)) == 0
    (found,) = await states(ready)
    assert (found.state, found.reason) == (State.UNKNOWN, "worker lost")


@pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.MANAGE_LINK])
async def test_a_mail_that_somebody_waits_for_is_rather_sent_twice(ready, kind):
    await put(ready, message(kind=kind))
    await begin(ready, await claim(ready, lane=Lane.PRIORITY), lease=NO_LEASE)

    assert await reap(ready, now=LATER) == Reaped(released=1, unknown=0)
    (again,) = await claim(ready, lane=Lane.PRIORITY, worker=OTHER, now=LATER)
    assert again.attempts == 1


async def test_a_draining_worker_puts_back_what_it_did_not_begin(ready):
    await put(ready, message())
    (mine,) = await claim(ready)
    waiting = put_back(mine, "not begun", until=NOON)

    assert await record(ready, waiting, worker=OTHER) == 0
    assert await state(ready) is State.CLAIMED
    assert await record(ready, waiting) == 1

    assert await claim(ready, worker=OTHER) == (mine,)


async def test_how_long_a_sent_message_had_waited_can_still_be_told(
    ready, database_url
):
    await put(ready, message(not_before=NOON))
    (mine,) = await begin(ready, await claim(ready, now=LATER), now=LATER)

    await record(ready, ended(mine, State.SENT, not_before=LATER), now=LATER)

    (row,) = await raw(database_url, "SELECT not_before, updated_at FROM outbox")
    assert tuple(row) == (NOON, LATER)


async def test_nothing_is_sent_past_its_deadline(ready):
    late = message().expires_at
    await put(ready, message(1), message(2))
    claimed = await claim(ready, limit=1)

    assert await begin(ready, claimed, now=late) == ()
    assert await expire(ready, why="x", now=late - timedelta(seconds=1)) == 0
    assert await expire(ready, why="deadline passed", now=late) == 1
    (found,) = await states(ready, 2)
    assert (found.state, found.reason) == (State.EXPIRED, "deadline passed")


async def suppress(store, id_=1, *, now=NOON):
    async with store.transaction() as tx:
        return await tx.outbox.suppress(id_, reason="unsubscribed", now=now)


async def test_whoever_unsubscribes_gets_nothing_that_was_waiting(ready):
    await put(ready, message(), message(night=TODAY + DAY), message(2))
    claimed = await claim(ready, limit=1)

    assert await suppress(ready) == 2
    assert await begin(ready, claimed) == ()
    (found,) = await states(ready, 1)
    assert (found.state, found.reason) == (State.SUPPRESSED, "unsubscribed")
    assert await state(ready, 1, TODAY + DAY) is State.SUPPRESSED
    assert await state(ready, 2) is State.DUE


@pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.MANAGE_LINK])
async def test_a_link_that_somebody_asked_for_goes_out_after_unsubscribing(ready, kind):
    await put(ready, message(1), message(1, kind=kind), message(2, kind=kind))
    sending = await begin(ready, await claim(ready, lane=Lane.PRIORITY, limit=1))

    assert await suppress(ready) == 1
    assert await suppress(ready, 2) == 0
    (waiting,) = await claim(ready, lane=Lane.PRIORITY)
    assert {m.subscriber_id for m in (*sending, waiting)} == {1, 2}
    await record(ready, *(ended(m, State.DUE, reason="450") for m in sending))

    assert len(await claim(ready, lane=Lane.PRIORITY, worker=OTHER)) == 1


async def test_a_mail_on_the_wire_is_not_tried_again_after_unsubscribing(ready):
    await put(ready, message())
    (mine,) = await begin(ready, await claim(ready))

    assert await suppress(ready, now=NOON) == 0
    again = NOON + timedelta(minutes=1)
    await record(ready, ended(mine, State.DUE, reason="later: 441", not_before=again))

    assert await claim(ready, worker=OTHER, now=again) == ()
    assert await expire(ready, why="x", now=again) == 1
    (found,) = await states(ready)
    assert (found.state, found.reason) == (State.EXPIRED, "later: 441")


async def test_the_operator_sees_how_many_messages_of_a_night_are_in_each_state(ready):
    await put(ready, message(1), message(2), message(3), message(4, night=TODAY + DAY))
    await begin(ready, await claim(ready, limit=1))

    async with ready.transaction() as tx:
        counts = await tx.outbox.counts(TODAY)

    assert set(counts) == set(State)
    assert {s: n for s, n in counts.items() if n} == {State.DUE: 2, State.SENDING: 1}


async def test_the_operator_sees_what_was_not_sent_and_why(ready):
    await put(ready, *(message(n) for n in range(1, 5)))
    ended_so = {
        1: (State.FAILED, "policy: 550 5.7.1"),
        2: (State.FAILED, "policy: 554 5.7.0"),
        3: (State.UNKNOWN, "hung up"),
        4: (State.SENT, "accepted"),
    }
    mine = await begin(ready, await claim(ready))
    await record(
        ready,
        *(
            ended(m, s, reason=why)
            for m in mine
            for s, why in [ended_so[m.subscriber_id]]
        ),
    )

    async with ready.transaction() as tx:
        found = await tx.outbox.not_sent(since=TODAY)
        assert await tx.outbox.not_sent(since=TODAY + DAY) == ()

    assert found == (
        NotSent(state=State.FAILED, reason="policy", messages=2),
        NotSent(state=State.UNKNOWN, reason="hung up", messages=1),
    )


async def test_reminders_that_wait_are_counted_until_their_deadline(ready):
    await put(ready, message(1), message(2), message(3, kind=Kind.CONFIRMATION))
    await claim(ready, limit=1)
    soon, soon_after = NOON + timedelta(minutes=6), NOON + timedelta(minutes=9)
    await put(ready, message(4, expires_at=soon_after), message(5, expires_at=soon))

    async with ready.transaction() as tx:
        now = await tx.outbox.waiting(now=NOON)
        in_the_end = await tx.outbox.waiting(now=message().expires_at)

    last = Waiting(expires_at=message().expires_at, reminders=1)
    assert now == (Waiting(expires_at=soon, reminders=2), last)
    assert in_the_end == ()


async def test_nights_are_made_ahead_once_whoever_does_it(store, database_url, sealer):
    async def prepare(store):
        async with store.transaction() as tx:
            await tx.outbox.ensure_partitions(around=TODAY)

    async with opened(database_url, sealer) as second:
        await asyncio.gather(*(prepare(s) for s in (store, second, store, second)))
    await prepare(store)

    nights = [TODAY + step * DAY for step in range(-1, 4)]
    assert len(await put(store, *(message(night=night) for night in nights))) == 5


async def test_old_nights_are_dropped_and_their_outcomes_kept(ready):
    async def choose(id_, night):
        record = NightRecord(
            subscriber_id=id_, night=night, choice="[]", catalogue_version="v1"
        )
        async with ready.transaction() as tx:
            await tx.nights.record([record])

    await choose(1, TODAY)
    await choose(2, TODAY + DAY)
    await put(ready, message(1), message(2, night=TODAY + DAY))
    await put(ready, message(1, kind=Kind.MANAGE_LINK))
    (mine,) = await begin(ready, await claim(ready, limit=1))
    await record(ready, ended(mine, State.SENT))

    for _ in range(2):
        async with ready.transaction() as tx:
            await tx.outbox.drop_old(before=TODAY + DAY)

    async with ready.transaction() as tx:
        gone = await tx.nights.get(1, TODAY)
        kept = await tx.nights.get(2, TODAY + DAY)
    assert (gone.outcome, gone.reason) == ("sent", "250 ok")
    assert kept.outcome is None
    assert await states(ready, 1) == ()
    assert await state(ready, 2, TODAY + DAY) is State.DUE


async def test_dropping_a_busy_night_is_put_off_and_not_waited_for(
    ready, database_url, sealer
):
    await put(ready, message())

    async def drop(store):
        async with store.transaction() as tx:
            await tx.outbox.drop_old(before=TODAY + DAY)

    async with opened(database_url, sealer) as second, ready.transaction() as tx:
        await tx.outbox.state_of(1, TODAY)
        with pytest.raises(TryLater):
            await drop(second)

    await drop(ready)
    assert await states(ready) == ()
