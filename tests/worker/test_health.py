"""A worker knows whether it keeps up, and says so."""

from typing import cast

import pytest

from service.store.engine import Store
from service.worker.figures import Figures
from service.worker.health import Health
from service.worker.tick import Tick
from tests.prometheus import samples


class Database:
    """A store that is there, until it says why not."""

    def __init__(self):
        self.why = ""

    async def trouble(self):
        return self.why


class Ward:
    """Two ticks and a hand on the clock: one that rests, and one that works all evening."""

    def __init__(self):
        self.seconds = 1000.0
        self.noted_at = 0.0
        self.doubt = ""
        self.database = Database()
        self.beat = Tick(name="beat", every_seconds=20, work=self.done)
        self.evening = Tick(
            name="evening",
            every_seconds=5,
            work=self.done,
            longest_seconds=10,
            noted_at=lambda: self.noted_at,
        )
        self.health = Health(
            [self.beat, self.evening],
            store=cast("Store", self.database),
            figures=Figures(),
            doubt=lambda: self.doubt,
            seconds=lambda: self.seconds,
        )

    async def done(self):
        return False

    async def run(self, tick):
        with self.health.watched(tick):
            await tick.work()


@pytest.fixture
def ward():
    return Ward()


async def test_a_worker_is_ready_until_a_tick_is_too_late(ward):
    await ward.run(ward.beat)
    ward.seconds += 40
    assert await ward.health.trouble() == ""

    ward.seconds += 1
    assert await ward.health.trouble() == (
        "the evening tick has done nothing for 41 seconds"
    )

    await ward.run(ward.evening)
    assert await ward.health.trouble() == ""
    ward.seconds += 20
    assert await ward.health.trouble() == (
        "the beat tick has done nothing for 61 seconds"
    )


async def test_work_that_takes_all_evening_is_not_late_while_it_gets_somewhere(ward):
    for _ in range(10):
        ward.seconds += 30
        ward.noted_at = ward.seconds
        await ward.run(ward.beat)
        assert await ward.health.trouble() == ""


async def test_a_tick_that_breaks_off_has_done_nothing(ward):
    for _ in range(5):
        ward.seconds += 10
        await ward.run(ward.beat)
        with pytest.raises(ZeroDivisionError), ward.health.watched(ward.evening):
            1 / 0  # noqa: B018

    assert await ward.health.trouble() == (
        "the evening tick has done nothing for 50 seconds"
    )
    found = samples(ward.health.figures())
    evening = {"tick": "evening"}
    assert found["eventide_tick_failures_total", evening] == 5
    assert found["eventide_tick_seconds_count", {"tick": "beat"}] == 5
    assert found["eventide_tick_age_seconds", evening] == 50
    assert found["eventide_tick_patience_seconds", evening] == 40


async def test_a_worker_whose_database_is_gone_is_not_ready(ward):
    ward.database.why = "the database does not answer"

    assert await ward.health.trouble() == "the database does not answer"


async def test_a_worker_that_may_send_nothing_is_not_ready(ward):
    ward.doubt = "no reminder is sent"

    assert await ward.health.trouble() == "no reminder is sent"


async def test_every_figure_is_there_before_anything_happened(ward):
    found = samples(ward.health.figures())

    sent = {"kind": "reminder", "outcome": "sent", "reason": "accepted"}
    at_gmail = {"provider": "gmail", "outcome": "deferred"}
    assert found["eventide_messages_total", sent] == 0
    assert found["eventide_provider_messages_total", at_gmail] == 0
    assert found["eventide_tick_failures_total", {"tick": "evening"}] == 0
    assert found["eventide_lateness_seconds_count", {"hour": "22"}] == 0
    assert found["eventide_feedback_total", {"verdict": "complaint"}] == 0
