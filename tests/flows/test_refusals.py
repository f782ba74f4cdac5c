"""Nights of refusals: who is blamed, whom it ends, and how that is undone."""

from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from service.domain.fence import Fence
from service.domain.outbox import Kind, Settled, State
from service.domain.provider import Provider
from service.domain.refusals import Verdict
from service.domain.subscriber import Status
from service.domain.tokens import Purpose
from service.flows import preferences, refusals
from service.flows.deliver import record
from service.store.refusals import WORDS_KEPT, Ends
from service.store.suppression import Reason
from tests.builders import TODAY, message, refused
from tests.flows.nightly import (
    RELAY,
    active,
    at,
    everybody,
    kept_house,
    sent,
    settle_in,
)
from tests.store import plain_sql

DAY = timedelta(days=1)
#: Twenty at one provider, ten at another, twenty-five at a third.
HOMES = {
    **dict.fromkeys(range(1, 21), "gmail.com"),
    **dict.fromkeys(range(21, 31), "firm.example"),
    **dict.fromkeys(range(31, 56), "web.de"),
}
LONG_AGO = at(TODAY - 30 * DAY, 0)


@pytest_asyncio.fixture
async def town(store):
    """A store with these people."""
    await kept_house(store, now=at(TODAY, 8))
    await settle_in(store, HOMES, TODAY)
    return store


async def night(store, n, dead=(), *, verdict=Verdict.DEAD, has_reply=True):
    """The evening `n` nights on, and the reports of the morning after."""
    day = TODAY + n * DAY
    homes = {number: HOMES[number] for number in await active(store)}
    await sent(store, homes, day)
    await reported(store, n, dead, verdict=verdict, has_reply=has_reply)
    return await judged(store, n)


async def reported(store, n, people, *, verdict=Verdict.DEAD, has_reply=True):
    async with store.transaction() as tx:
        for number in people:
            one = refused(
                number,
                night=TODAY + n * DAY,
                verdict=verdict,
                words=f"no mail for p{number}@gmail.com",
                has_reply=has_reply,
                relay="",
                domain="",
                sent_at=None,
            )
            await tx.refusals.note(one)


async def judged(store, n):
    """What the upkeep of the day after logs."""
    with capture_logs() as lines:
        await kept_house(store, now=at(TODAY + (n + 1) * DAY, 13))
    return [line for line in lines if line["log_level"] == "error"]


async def fences(store, number):
    async with store.transaction() as tx:
        return [one.fence for one in await tx.refusals.of(number)]


async def test_three_nights_without_a_way_out_stop_nobody(town):
    for n in range(3):
        (line,) = await night(
            town, n, HOMES, verdict=Verdict.UNDELIVERED, has_reply=False
        )
        assert (line["event"], line["provider"]) == ("verdicts are held", "all")
        assert (line["relay"], line["known"], line["delivered"]) == (RELAY, 55, 0)

    assert await active(town) == [*HOMES]
    assert await night(town, 3) == []
    assert await fences(town, 1) == [Fence.HELD] * 3


async def test_a_list_hit_in_the_surest_words_suppresses_nobody(town):
    for n in range(3):
        lines = await night(town, n, range(1, 21))
        assert [line["provider"] for line in lines] == ["gmail"]

    assert await active(town) == [*HOMES]


async def test_the_alarm_comes_on_the_first_bad_evening_and_once(town):
    await sent(town, HOMES, TODAY, refused=range(1, 21))

    with capture_logs() as lines:
        for minutes in (30, 60, 100):
            await kept_house(town, now=at(TODAY, 20) + timedelta(minutes=minutes))

    assert [line["event"] for line in lines if line["log_level"] == "error"] == [
        "verdicts are held"
    ]
    assert await fences(town, 1) == [None]
    assert await judged(town, 0) == []
    assert await fences(town, 1) == [Fence.HELD]


async def test_a_domain_that_is_gone_is_excused_for_ten_nights_and_then_ends(town):
    gone = range(21, 31)
    said = []
    for n in range(9):
        said += await night(town, n, gone, verdict=Verdict.UNDELIVERED)
    assert [line["event"] for line in said] == ["verdicts are held"] * 9
    assert {line["provider"] for line in said} == {"other"}

    said = await night(town, 9, gone, verdict=Verdict.UNDELIVERED)
    assert [line["event"] for line in said] == ["verdicts count all the same"]
    for n in range(10, 19):
        await night(town, n, gone, verdict=Verdict.UNDELIVERED)
    assert await active(town) == [*HOMES]
    await night(town, 19, gone, verdict=Verdict.UNDELIVERED)

    assert await active(town) == [n for n in HOMES if n not in gone]
    found = await refusals.standing(town, now=at(TODAY + 20 * DAY, 14))
    assert [(one.verdict, one.provider, one.people) for one in found.ends] == [
        (Verdict.UNDELIVERED, "other", 10)
    ]
    assert {row.nights_down for row in found.held} == {19, 20}


async def test_late_reports_hold_the_fence_and_bring_back_whom_it_had_let_go(town):
    early, late = range(1, 6), range(6, 18)
    for n in range(2):
        await night(town, n, early)
    ended = {n for n in HOMES if n not in await active(town)}

    await reported(town, 1, late)
    with capture_logs() as lines:
        await judged(town, 3)
    await kept_house(town, now=at(TODAY + 4 * DAY, 14))

    assert ended == set(early)
    assert await active(town) == [*HOMES]
    async with town.transaction() as tx:
        assert await tx.suppression.reason("p1@gmail.com") is None
    assert lines == []


async def test_a_report_that_comes_while_its_night_is_judged_counts_the_next_time(town):
    await night(town, 0)
    await reported(town, 0, [1])
    async with town.transaction() as tx:
        await tx.refusals.recount(TODAY)
        late = refused(
            2, night=TODAY, verdict=Verdict.DEAD, relay="", domain="", sent_at=None
        )
        await tx.refusals.note(late)
        groups = await tx.refusals.groups(TODAY)
        await tx.refusals.judge(TODAY, dict.fromkeys(groups, Fence.HELD))
    in_between = await fences(town, 2)
    await judged(town, 0)

    assert in_between == [None]
    assert await fences(town, 1) == await fences(town, 2) == [Fence.OPEN]


async def test_who_wants_no_mail_since_is_not_brought_back_by_late_reports(town, links):
    for n in range(2):
        await night(town, n, range(1, 6))
    now = at(TODAY + 2 * DAY, 14)
    token = links.token(Purpose.UNSUBSCRIBE, 1, now=now)
    await preferences.unsubscribe(town, links, token, now=now)

    await reported(town, 1, range(6, 18))
    await judged(town, 3)

    assert await active(town) == [n for n in HOMES if n != 1]


async def test_what_is_no_refusal_of_the_person_is_not_kept(town):
    await sent(town, HOMES, TODAY)
    for verdict in (Verdict.NOTHING, Verdict.COMPLAINT):
        await reported(town, 0, [1], verdict=verdict)

    assert await fences(town, 1) == []


async def test_a_night_that_was_never_counted_blames_nobody(town, database_url):
    await sent(town, HOMES, TODAY)
    await plain_sql.raw(database_url, "TRUNCATE outbox")
    await reported(town, 0, [1])
    await plain_sql.raw(database_url, "DROP TABLE outbox_20261123")
    await judged(town, 0)

    assert await fences(town, 1) == [Fence.HELD]


async def test_a_copy_that_nobody_adopted_judges_nothing(town, database_url):
    await sent(town, HOMES, TODAY, refused=[1])
    await plain_sql.raw(database_url, "UPDATE deployment SET identity = 'another'")
    await judged(town, 0)

    assert await fences(town, 1) == [None]


async def test_nobody_is_brought_back_who_is_there(town):
    now = at(TODAY, 14)
    async with town.transaction() as tx:
        before = await tx.subscribers.next_due_at(1)
        await refusals.bring_back(tx, 1, now=now)
        await refusals.bring_back(tx, 77, now=now)
        assert await tx.subscribers.next_due_at(1) == before


async def test_a_dead_mailbox_ends_as_an_unsubscribe_does(town):
    await night(town, 0, [1])
    await night(town, 1, [1])

    person = (await everybody(town))[1]
    assert person.status is Status.STOPPED
    assert person.stopped_at == at(TODAY + 2 * DAY, 13)
    async with town.transaction() as tx:
        assert await tx.suppression.reason("p1@gmail.com") is Reason.ADDRESS_UNKNOWN
        assert await tx.subscribers.next_due_at(1) is None
    await kept_house(town, now=at(TODAY + 16 * DAY, 14))
    assert 1 not in await everybody(town)


async def test_what_is_said_at_once_and_what_is_reported_count_the_same(town):
    homes = {1: HOMES[1], **{n: HOMES[n] for n in range(2, 9)}}
    await sent(town, homes, TODAY, refused=[1])
    await judged(town, 0)

    await night(town, 1, [1])

    assert 1 not in await active(town)


async def test_whoever_takes_a_break_is_not_ended(town):
    await night(town, 0, [1])
    async with town.transaction() as tx:
        found = await tx.subscribers.lock(1)
        paused = replace(found, status=Status.PAUSED)
        await tx.subscribers.save(paused, next_due_at=None, now=at(TODAY + DAY, 14))
    await sent(town, HOMES, TODAY + DAY)
    await reported(town, 1, [1])
    await judged(town, 1)

    assert (await everybody(town))[1].status is Status.PAUSED


async def test_confirmations_count_on_neither_side(town):
    mail = message(77, kind=Kind.CONFIRMATION, night=TODAY)
    settled = Settled(
        message=mail,
        state=State.FAILED,
        reason="no such address: 550",
        not_before=at(TODAY, 20),
        verdict=Verdict.DEAD,
        relay=RELAY,
        domain="gmail.com",
    )
    async with town.transaction() as tx:
        await record(tx, [settled], worker="w", now=at(TODAY, 20))
    await sent(town, HOMES, TODAY)
    await judged(town, 0)

    async with town.transaction() as tx:
        rows = await tx.refusals.tallies(TODAY)
    assert {(row.mailbox, row.tally.known, row.tally.refused) for row in rows} >= {
        ("gmail", 20, 0),
        ("", 55, 0),
    }


async def test_only_one_worker_judges_at_a_time(town):
    await sent(town, HOMES, TODAY, refused=[1])
    later = at(TODAY + DAY, 13)

    async with town.transaction() as tx:
        assert await tx.refusals.turn(now=later) is not None
        assert await refusals.judge(town, now=later) == refusals.Weighed()

    await refusals.judge(town, now=later)
    assert await fences(town, 1) == [Fence.OPEN]


async def two_ended(store):
    """The first two have gone; it is the afternoon of the third day."""
    for n in range(2):
        await night(store, n, [1, 2])
    return at(TODAY + 2 * DAY, 14)


async def undone(store, *, now, since=LONG_AGO, until=None, where=""):
    return await refusals.undo(
        store, since=since, until=until or now, at=where, by="ops", now=now
    )


async def test_ends_are_undone_and_the_next_evening_is_theirs(town):
    now = await two_ended(town)
    ahead = await refusals.undoable(town, since=LONG_AGO, until=now, at="", now=now)
    assert ahead.ends == (
        Ends(verdict=Verdict.DEAD, provider=Provider.GMAIL, people=2),
    )
    assert 1 not in await active(town)

    done = await undone(town, now=now)

    assert done == ahead
    assert await active(town) == [*HOMES]
    async with town.transaction() as tx:
        assert await tx.subscribers.next_due_at(1) > now
        assert await tx.suppression.reason("p1@gmail.com") is None
        (entry,) = await tx.audit.newest(before=10**9, operator="", limit=9)
    assert (entry.act, entry.operator) == ("bounces undone", "ops")
    assert entry.details.startswith("people: 2; ended ")
    assert (await undone(town, now=now)).people == 0


async def test_one_row_that_does_not_open_keeps_nobody_else_from_coming_back(
    town, database_url
):
    now = await two_ended(town)
    await plain_sql.raw(
        database_url,
        "UPDATE subscriber SET sealed = (SELECT sealed FROM subscriber WHERE id = 2) "
        "WHERE id = 1",
    )

    with capture_logs() as lines:
        done = await undone(town, now=now)

    assert done.people == 1
    (line,) = (line for line in lines if line["action"] == "open")
    assert line["subscriber"] == 1
    async with town.transaction() as tx:
        assert await tx.subscribers.next_due_at(1) is None
        assert await tx.subscribers.next_due_at(2) > now


async def test_more_people_than_are_brought_back_at_once_are_all_brought_back(store):
    people = range(1, refusals.AT_ONCE + 2)
    await settle_in(store, dict.fromkeys(people, "gmail.com"), TODAY)
    now = at(TODAY, 8)
    async with store.transaction() as tx:
        for number in people:
            await tx.refusals.end(number, Verdict.DEAD, mailbox="gmail", now=now)

    assert (await undone(store, now=now + DAY)).people == len(people)
    assert await active(store) == [*people]


async def test_who_was_brought_back_starts_with_a_count_of_nothing(town):
    now = await two_ended(town)
    await undone(town, now=now)

    await night(town, 2, [1])
    assert 1 in await active(town)
    await night(town, 3, [1])
    assert 1 not in await active(town)


@pytest.mark.parametrize(
    ("span", "people"),
    [
        ({"where": "gmail"}, 2),
        ({"where": "GMAIL.com"}, 2),
        ({"where": "other"}, 0),
        ({"where": "firm.example"}, 0),
        ({"since": at(TODAY + 2 * DAY, 13)}, 2),
        ({"since": at(TODAY + 2 * DAY, 14)}, 0),
        ({"until": at(TODAY + 2 * DAY, 13)}, 0),
    ],
)
async def test_only_what_was_ended_then_and_there_is_undone(town, span, people):
    now = await two_ended(town)

    assert (await undone(town, now=now, **span)).people == people


async def test_who_complained_stopped_or_was_erased_since_is_not_brought_back(
    town, links
):
    for n in range(2):
        await night(town, n, [1, 2, 3, 4])
    now = at(TODAY + 2 * DAY, 14)
    token = links.token(Purpose.UNSUBSCRIBE, 2, now=now)
    await preferences.unsubscribe(town, links, token, now=now)
    async with town.transaction() as tx:
        await tx.feedback.complained(1, now=now)
        await tx.subscribers.erase(3)

    assert (await undone(town, now=now)).people == 1
    people = await everybody(town)
    assert [people[n].status for n in (1, 2, 4)] == [
        Status.SUPPRESSED,
        Status.STOPPED,
        Status.ACTIVE,
    ]


async def test_after_two_weeks_nothing_can_be_undone(town):
    now = await two_ended(town)

    assert (await undone(town, now=now + 14 * DAY)).people == 0


async def test_whom_three_sends_did_not_reach_is_shown_with_the_last_words(town):
    for n in range(3):
        await night(town, n, [1, 21], verdict=Verdict.OURS)
        await reported(town, n, [2], verdict=Verdict.OURS)
    await night(town, 3, [21], verdict=Verdict.OURS)
    now = at(TODAY + 3 * DAY, 21)

    found = await refusals.missed(town, now=now)

    assert [(one.subscriber_id, len(one.sends)) for one in found] == [
        (21, 4),
        (1, 3),
        (2, 3),
    ]
    assert (found[0].since, found[0].verdict) == (TODAY, Verdict.OURS)
    async with town.transaction() as tx:
        assert await tx.refusals.words(21) == "no mail for p21@gmail.com"
        assert await tx.refusals.words(5) == ""
    # The fourth night's mail to these two was never reported: they are reached.
    week = at(TODAY + 9 * DAY, 13)
    assert [one.subscriber_id for one in await refusals.missed(town, now=week)] == [21]


async def test_words_are_kept_of_the_newest_refusal_alone_and_for_two_weeks(
    town, database_url
):
    for n in range(5):
        await night(town, n, [1], verdict=Verdict.OURS)
    count = "SELECT count(*) FROM refusal WHERE sealed IS NOT NULL"

    assert await plain_sql.raw(database_url, count) == [(1,)]
    later = at(TODAY + 4 * DAY, 13) + WORDS_KEPT
    await kept_house(town, now=later)
    assert await plain_sql.raw(database_url, count) == [(1,)]
    await kept_house(town, now=later + DAY)
    assert await plain_sql.raw(database_url, count) == [(0,)]


async def test_a_domain_of_one_s_own_stands_nowhere_but_as_a_keyed_hash(
    town, database_url, sealer
):
    await sent(town, {1: "lone.example"}, TODAY, refused=[1])
    await judged(town, 0)

    (mailbox,) = await plain_sql.raw(database_url, "SELECT mailbox FROM outbox")
    assert tuple(mailbox) == (sealer.domain_key("Lone.example"),)
    counted = await plain_sql.raw(database_url, "SELECT mailbox FROM fence")
    assert {tuple(row) for row in counted} == {("",)}
