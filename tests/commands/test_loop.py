"""The loop that web, worker and demo run on."""

import asyncio

import pytest

from service.commands.loop import run


async def loop_in_use() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_what_runs_for_long_runs_on_uvloop_where_there_is_one():
    uvloop = pytest.importorskip("uvloop")
    assert isinstance(run(loop_in_use()), uvloop.Loop)
