"""The figures of the evening and of the web role, for Prometheus."""

from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.domain.outbox import Kind, Lane, State, ended, put_back
from service.domain.tokens import Purpose
from service.domain.verp import Verp
from service.flows.bounces import Desk
from service.store import migrate
from service.store.suppression import Reason
from service.web import bounces
from service.web.app import create_app
from service.web.metrics import COUNTED_FRESH, FRESH
from tests.builders import NOON, REFUSALS, TODAY, message, subscriber
from tests.flows.nightly import at, kept_house, sent, settle_in
from tests.mail.returned import BOUNCES, VACATION
from tests.prometheus import samples
from tests.store.plain_sql import raw
from tests.web.visits import answered, browsing

NOTHING: dict[str, str] = {}


async def figures(client):
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return samples(answer.content)


async def test_the_forecast_and_what_was_not_sent_can_be_scraped(client, site):
    later = NOON + timedelta(hours=1)
    async with site.store.transaction() as tx:
        await tx.workers.beat("one", per_second=0.5)
        await tx.workers.beat("two", per_second=1.5)
        await tx.outbox.put([message(n) for n in range(1, 4)])
        person = subscriber(await tx.signups.new_id())
        await tx.subscribers.add(person, next_due_at=later, now=NOON)
        (mine,) = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="one", lease=timedelta(minutes=1), now=NOON
        )
        failed = ended(mine, State.FAILED, "policy: 550 5.7.1", NOON)
        await tx.outbox.record([failed], worker="one", now=NOON)

    found = await figures(client)

    done = later + timedelta(seconds=0.5)
    expected = {
        "workers": 2,
        "due_messages": 3,
        "sending_rate": 2,
        "too_late_messages": 0,
        "done_timestamp_seconds": done.timestamp(),
        "deadline_timestamp_seconds": (later + timedelta(minutes=150)).timestamp(),
        "database_up": 1,
    }
    assert {name: found[f"eventide_{name}", NOTHING] for name in expected} == expected
    why = {"state": "failed", "reason": "policy"}
    assert found["eventide_not_sent_messages", why] == 1


async def test_a_quiet_night_has_figures_too(client):
    found = await figures(client)

    assert found["eventide_due_messages", NOTHING] == 0
    assert found["eventide_oldest_reminder_seconds", NOTHING] == 0
    assert found["eventide_oldest_asked_for_seconds", NOTHING] == 0
    assert found["eventide_standing", {"standing": "sends"}] == 1
    assert "eventide_done_timestamp_seconds" not in found.names


async def test_what_waits_is_told_with_how_long_it_has_waited(client, site):
    async with site.store.transaction() as tx:
        await tx.deployment.pause()
        asked_at = NOON - timedelta(seconds=30)
        asked = message(7, kind=Kind.CONFIRMATION, not_before=asked_at)
        queued = message(8, not_before=NOON - timedelta(minutes=2))
        await tx.outbox.put([asked, queued, message(9)])
        person = subscriber(await tx.signups.new_id())
        due_at = NOON - timedelta(minutes=5)
        await tx.subscribers.add(person, next_due_at=due_at, now=NOON)

    found = await figures(client)

    assert found.by("eventide_backlog_messages", "where") == {
        "unplanned": 1,
        "queued": 2,
    }
    assert found["eventide_oldest_reminder_seconds", NOTHING] == 5 * 60
    assert found["eventide_asked_for_messages", NOTHING] == 1
    assert found["eventide_oldest_asked_for_seconds", NOTHING] == 30
    assert found.by("eventide_standing", "standing") == {"paused": 1}


async def test_one_mailbox_that_puts_us_off_is_no_backlog(client, site, clock):
    async with site.store.transaction() as tx:
        await tx.outbox.put([message(7, kind=Kind.CONFIRMATION)])
        claimed = await tx.outbox.claim(
            Lane.PRIORITY, limit=1, worker="one", lease=timedelta(minutes=1), now=NOON
        )
        (begun,) = await tx.outbox.begin(
            claimed, worker="one", lease=timedelta(minutes=1), now=NOON
        )
        later = put_back(begun, "4.2.2", until=NOON + timedelta(minutes=30))
        await tx.outbox.record([later], worker="one", now=NOON)

    for _ in range(2):
        clock.move(timedelta(minutes=20))
        found = await figures(client)
        assert found["eventide_asked_for_messages", NOTHING] == 1
        assert found["eventide_oldest_asked_for_seconds", NOTHING] == 0


async def test_an_invitation_is_not_asked_for_before_its_time(client, site, clock):
    mail_at = NOON + timedelta(hours=30)
    async with site.store.transaction() as tx:
        await tx.outbox.put([message(7, kind=Kind.CONFIRMATION, not_before=mail_at)])
    before = await figures(client)
    clock.move(timedelta(hours=30, seconds=10))
    after = await figures(client)

    assert before["eventide_asked_for_messages", NOTHING] == 0
    assert before["eventide_oldest_asked_for_seconds", NOTHING] == 0
    assert after["eventide_asked_for_messages", NOTHING] == 1
    assert after["eventide_oldest_asked_for_seconds", NOTHING] == 10


async def test_everybody_is_counted_by_what_they_are(client, visitor, site, clock):
    await visitor.join()
    await visitor.sign_up(email="bob@example.org")
    await answered(site)
    async with site.store.transaction() as tx:
        long_ago = NOON - timedelta(days=2)
        await tx.suppression.add("c@example.org", Reason.COMPLAINT, now=long_ago)
        await tx.suppression.add("d@example.org", Reason.COMPLAINT, now=NOON)
        await tx.feedback.keep(
            b"hello", why="not signed here", has_token=False, now=NOON
        )
    before = await figures(client)
    async with site.store.transaction() as tx:
        await tx.suppression.add("e@example.org", Reason.ERASED, now=NOON)
    clock.move(FRESH)
    soon = await figures(client)
    clock.move(COUNTED_FRESH)
    later = await figures(client)

    def silenced(found):
        return found.by("eventide_suppressed_addresses", "reason")

    assert before.by("eventide_subscribers", "status") == {"active": 1}
    assert silenced(before) == silenced(soon) == {"complaint": 2}
    assert silenced(later) == {"complaint": 2, "erased": 1}
    lately = before.by("eventide_suppressed_lately_addresses", "reason")
    assert lately == {"complaint": 1}
    assert before["eventide_pending_signups", NOTHING] == 1
    assert before["eventide_unread_feedback", NOTHING] == 1
    assert before["eventide_suppressed_addresses", {"reason": "unsubscribed"}] == 0


async def test_refusals_of_a_night_on_which_most_were_refused_are_told(client, site):
    homes = dict.fromkeys(range(1, 21), "gmail.com")
    await kept_house(site.store, now=at(TODAY, 8))
    await settle_in(site.store, homes, TODAY)
    await sent(site.store, homes, TODAY, refused=homes)
    await kept_house(site.store, now=at(TODAY, 21))

    found = await figures(client)

    def held(provider, is_counted):
        labels = {"provider": provider, "is_counted": is_counted}
        return found["eventide_held_refusals", labels]

    assert held("gmail", "no") == held("all", "no") == 20
    assert held("gmail", "yes") == held("yahoo", "no") == 0


@pytest_asyncio.fixture
async def slow_to_count(
    site,  # noqa: ARG001 - made before nobody can look any more
    database_url,
):
    """A transaction that keeps everybody from being counted, and nothing else."""
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE subscriber IN ACCESS EXCLUSIVE MODE")
    yield transaction
    await connection.close()


async def test_a_count_that_takes_long_neither_looks_like_an_outage_nor_is_lost(
    client, clock, slow_to_count, database_url
):
    first = await figures(client)
    clock.move(COUNTED_FRESH)
    second = await figures(client)
    (counting,) = await raw(
        database_url,
        "SELECT count(*) AS times FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    await slow_to_count.rollback()
    clock.move(FRESH)
    third = await figures(client)

    for found in (first, second):
        assert found["eventide_database_up", NOTHING] == 1
        assert found["eventide_due_messages", NOTHING] == 0
        assert "eventide_subscribers" not in found.names
    assert counting["times"] == 1
    assert third["eventide_pending_signups", NOTHING] == 0


async def test_a_count_that_fails_is_told_no_more(client, clock, database_url):
    before = await figures(client)
    await raw(database_url, "ALTER TABLE feedback RENAME TO elsewhere")
    clock.move(COUNTED_FRESH)
    after = await figures(client)

    assert "eventide_subscribers" in before.names
    assert "eventide_subscribers" not in after.names
    assert after["eventide_database_up", NOTHING] == 1


async def test_every_step_of_joining_and_leaving_is_counted(client, visitor, cut_off):
    await client.get("/")
    await visitor.sign_up(red_flags=["chest"])
    await visitor.sign_up(adult="no")
    await visitor.sign_up(email="nonsense")
    await visitor.sign_up(country="JP", zone="UTC")
    await visitor.sign_up(website="buy")
    await client.post("/confirm", data={"token": "x"})
    await client.get("/confirm", params={"token": "x"})
    subscriber_id = await visitor.join()
    confirm = visitor.token(Purpose.CONFIRM, subscriber_id)
    await client.get("/confirm", params={"token": confirm})
    token = visitor.token(Purpose.UNSUBSCRIBE, subscriber_id)
    one_click = {"List-Unsubscribe": "One-Click", "token": token}
    await client.post("/unsubscribe", data={"token": token})
    await client.post("/unsubscribe", data=one_click)
    await client.post("/unsubscribe", data={**one_click, "token": "x"})

    found = (await figures(client)).by("eventide_signups_total", "step")
    visitor_cut_off = replace(visitor, client=cut_off)
    await visitor_cut_off.sign_up()
    away = (await figures(cut_off)).by("eventide_signups_total", "step")

    assert found == {
        "form shown": 1,
        "sent to care": 1,
        "under age": 1,
        "invalid": 1,
        "clock asked": 1,
        "trapped": 1,
        "asked to confirm": 1,
        "link bad": 2,
        "link opened": 1,
        "confirmed": 1,
        "unsubscribed": 1,
        "unsubscribed by one click": 1,
        "one click with a bad link": 1,
    }
    # The two sites are one process.
    assert away == {**found, "put off": 1}


async def test_answers_are_counted_by_page_and_never_by_who_or_what(client):
    for path in ("/", "/confirm?token=secret", "/static/eventide.css", "/x/ada@b.org"):
        await client.get(path)
    answer = await client.get("/metrics")
    found = samples(answer.content)

    def answers(route, status):
        named = {"route": route, "status": status}
        return found["eventide_http_requests_total", named]

    assert answers("home", "2xx") == 1
    assert answers("confirm", "4xx") == 1
    assert answers("static", "2xx") == 1
    assert answers("other", "4xx") == 1
    assert answers("signup", "2xx") == 0
    assert found["eventide_http_request_seconds_count", {"route": "home"}] == 1
    assert "secret" not in answer.text
    assert "ada" not in answer.text


async def test_mail_that_comes_back_over_http_is_counted(site):
    verp = Verp(keys=site.links.keys, address=BOUNCES)
    desk = Desk(store=site.store, verp=verp, refusals=REFUSALS, clock=site.clock)
    routes = bounces.routes(desk, "key", site.figures)
    async with browsing(create_app(site, routes)) as client:
        with_key = {"Authorization": "Bearer key"}
        await client.post("/bounces", content=VACATION, headers=with_key)

        found = await figures(client)

    assert found.by("eventide_feedback_total", "verdict") == {"ignored": 1}


async def test_the_reviews_of_the_catalogue_are_told(client, site):
    (first, *_) = site.library.catalogue.tips.values()
    reviewed = replace(first, reviewed_by="Dr A.", expires_on=TODAY + timedelta(days=3))
    later = replace(reviewed, id="X", expires_on=date(2099, 1, 1))
    catalogue = replace(
        site.library.catalogue, tips={first.id: reviewed, later.id: later}
    )
    summary = replace(site.library.review_summary, tips=5, reviewed=3, expired=("Z",))
    library = replace(site.library, catalogue=catalogue, review_summary=summary)
    async with browsing(create_app(replace(site, library=library))) as other:
        told = await figures(other)
    untold = await figures(client)

    left = timedelta(days=2, hours=12).total_seconds()
    assert told["eventide_catalogue_review_left_seconds", NOTHING] == left
    assert told.by("eventide_catalogue_tips", "review") == {
        "running": 2,
        "expired": 1,
        "none": 2,
    }
    # Nobody has reviewed the catalogue yet, so nothing runs out.
    assert "eventide_catalogue_review_left_seconds" not in untold.names


async def test_the_database_is_not_asked_at_every_scrape(client, site, clock):
    await figures(client)
    async with site.store.transaction() as tx:
        await tx.outbox.put([message(night=TODAY)])

    assert (await figures(client))["eventide_due_messages", NOTHING] == 0
    clock.move(FRESH)
    assert (await figures(client))["eventide_due_messages", NOTHING] == 1


async def test_a_database_that_is_away_is_said_so_beside_what_is_known(cut_off):
    found = await figures(cut_off)

    assert found["eventide_database_up", NOTHING] == 0
    assert found["eventide_signups_total", {"step": "confirmed"}] == 0
    assert "eventide_due_messages" not in found.names


@pytest.mark.parametrize("role", ["web", "cut off"])
async def test_the_release_that_runs_is_told(client, cut_off, role):
    answer = await {"web": client, "cut off": cut_off}[role].get("/metrics")

    schema = f'schema="{migrate.head()}"'
    assert f'eventide_build_info{{role="web",{schema},version="' in answer.text
