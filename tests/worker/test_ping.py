"""The dead man's ping is sent while all is well, and its silence is the alarm."""

import asyncio
from contextlib import asynccontextmanager
from typing import cast

import pytest
from structlog.testing import capture_logs

from service.worker.figures import Figures
from service.worker.health import Health
from service.worker.ping import Ping
from service.worker.shift import Shift
from tests.prometheus import samples

SECRET = "0b6e-long-name"


class Listener:
    """The page that is asked; it can be told to answer something else."""

    def __init__(self):
        self.asked = []
        self.answer = "200 OK"

    @asynccontextmanager
    async def up(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            yield f"http://127.0.0.1:{port}/{SECRET}"

    async def _serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.split()[1].decode())
        answer = (
            f"HTTP/1.1 {self.answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        writer.write(answer.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


class Mood:
    """What speaks against a ping: of the worker, or of the evening."""

    def __init__(self, why=""):
        self.why = why
        self.figures = Figures()

    async def trouble(self):
        return self.why


@pytest.fixture
def worker():
    return Mood()


@pytest.fixture
def evening():
    return Mood()


@pytest.fixture
async def listener():
    return Listener()


def ping_to(url, worker, evening):
    return Ping(url, cast("Health", worker), cast("Shift", evening))


def counted(evening):
    found = samples(evening.figures.exposition())
    results = ("sent", "held back", "not heard")
    return [found["eventide_pings_total", {"result": result}] for result in results]


async def test_all_is_well_is_said_every_minute(worker, evening, listener):
    async with listener.up() as url:
        tick = ping_to(url, worker, evening).tick()
        with capture_logs() as lines:
            more = [await tick.work(), await tick.work()]

    assert (tick.every_seconds, more) == (60, [False, False])
    assert listener.asked == [f"/{SECRET}"] * 2
    assert counted(evening) == [2, 0, 0]
    assert lines == []


@pytest.mark.parametrize("whose", ["worker", "evening"])
async def test_no_ping_is_sent_while_the_worker_or_the_evening_is_in_trouble(
    worker, evening, listener, whose
):
    {"worker": worker, "evening": evening}[whose].why = "no relay takes mail"
    async with listener.up() as url:
        ping = ping_to(url, worker, evening)
        with capture_logs() as lines:
            await ping.ping()
            await ping.ping()
            worker.why = evening.why = ""
            await ping.ping()

    assert listener.asked == [f"/{SECRET}"]
    assert counted(evening) == [1, 2, 0]
    # Once when it changes, not once a minute.
    assert [(line["result"], line["reason"]) for line in lines] == [
        ("held back", "no relay takes mail"),
        ("sent", ""),
    ]
    assert [line["log_level"] for line in lines] == ["warning", "info"]


async def test_whoever_does_not_hear_the_ping_stops_nothing(worker, evening, listener):
    async with listener.up() as url:
        ping = ping_to(url, worker, evening)
        listener.answer = "404 Not Found"
        with capture_logs() as refused:
            await ping.ping()
    with capture_logs() as away:
        await ping.ping()

    assert counted(evening) == [0, 0, 2]
    assert [line["reason"] for line in refused] == ["HTTP 404"]
    # That it is now away makes no difference to anybody.
    assert away == []
    assert SECRET not in str(refused)
