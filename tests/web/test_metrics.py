"""The figures of the evening, for Prometheus."""

from datetime import timedelta

from service.domain.outbox import Lane, State, ended
from service.web.metrics import FRESH
from tests.builders import NOON, TODAY, message, subscriber


async def figures(client) -> dict[str, float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    lines = answer.text.splitlines()
    found = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in found}


async def test_the_forecast_and_what_was_not_sent_can_be_scraped(client, site):
    async with site.store.transaction() as tx:
        await tx.workers.beat("one", per_second=0.5)
        await tx.workers.beat("two", per_second=1.5)
        await tx.outbox.put([message(n) for n in range(1, 4)])
        later = NOON + timedelta(hours=1)
        person = subscriber(await tx.signups.new_id())
        await tx.subscribers.add(person, next_due_at=later, now=NOON)
        (mine,) = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="one", lease=timedelta(minutes=1), now=NOON
        )
        why = "policy: 550 5.7.1"
        failed = ended(mine, State.FAILED, why, NOON)
        await tx.outbox.record([failed], worker="one", now=NOON)

    found = await figures(client)

    assert found == {
        "eventide_workers": 2,
        "eventide_due_messages": 3,
        "eventide_sending_rate": 2,
        "eventide_too_late_messages": 0,
        "eventide_done_timestamp_seconds": (later + timedelta(seconds=0.5)).timestamp(),
        "eventide_deadline_timestamp_seconds": (
            later + timedelta(minutes=150)
        ).timestamp(),
        'eventide_not_sent_messages{reason="policy",state="failed"}': 1,
    }


async def test_a_quiet_night_has_figures_too(client):
    found = await figures(client)

    assert found["eventide_due_messages"] == 0
    assert "eventide_done_timestamp_seconds" not in found


async def test_the_database_is_not_asked_at_every_scrape(client, site, clock):
    before = await figures(client)
    async with site.store.transaction() as tx:
        await tx.outbox.put([message(night=TODAY)])

    assert await figures(client) == before
    clock.move(FRESH)
    assert (await figures(client))["eventide_due_messages"] == 1


async def test_a_database_that_is_away_is_said_so(cut_off):
    answer = await cut_off.get("/metrics")

    assert answer.status_code == 503
