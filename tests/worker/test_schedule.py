"""Ticks go on, whatever one of them meets, and are let finish."""

import asyncio
from typing import cast

import pytest
import structlog

from service.domain.errors import TryLater, VisitorError
from service.store.engine import Store
from service.worker.figures import Figures
from service.worker.health import Health
from service.worker.schedule import Schedule
from service.worker.tick import Tick


@pytest.fixture
def lines():
    with structlog.testing.capture_logs() as found:
        yield found


def tick(work):
    return Tick(name="plan", every_seconds=0.02, work=work)


def schedule(work):
    ticks = [tick(work)]
    seconds = asyncio.get_running_loop().time
    store = cast("Store", None)
    health = Health(ticks, store=store, figures=Figures(), doubt=str, seconds=seconds)
    return Schedule(ticks, asyncio.Event(), health)


async def test_a_tick_works_on_while_more_is_waiting():
    left, done = iter([True, True, False]), asyncio.Event()

    async def work():
        more = next(left, None)
        if more is None:
            done.set()
        return bool(more)

    async with schedule(work).running():
        await asyncio.wait_for(done.wait(), 30)

    assert next(left, None) is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (TryLater("the database is away"), "the database is away"),
        (ValueError("kidney"), "ValueError"),
        (VisitorError({"conditions": "kidney"}), "VisitorError"),
    ],
)
async def test_after_a_tick_that_broke_the_next_one_comes(lines, fault, words):
    calls, again = [], asyncio.Event()

    async def work():
        calls.append(1)
        if len(calls) == 1:
            raise fault
        again.set()
        return False

    async with schedule(work).running():
        await asyncio.wait_for(again.wait(), 30)

    (line,) = lines
    assert (line["event"], line["tick"]) == ("tick failed", "plan")
    assert line["error"] == words


async def test_work_in_hand_is_let_finish_and_nothing_new_begins():
    begun, release, finished = asyncio.Event(), asyncio.Event(), []

    async def work():
        begun.set()
        await release.wait()
        finished.append(1)
        return True

    async with schedule(work).running():
        await asyncio.wait_for(begun.wait(), 30)
        # The block is left first, then the work in hand may go on.
        asyncio.get_running_loop().call_soon(release.set)

    assert finished == [1]
