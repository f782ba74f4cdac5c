"""A worker answers its operators' tools where it is told to, and stops as it did."""

import json
import signal
import socket

import httpx
import pytest

from service.keys import new_keys
from tests.commands.processes import line_with, outcome, start


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def listening(settings, database_url):
    return {
        **settings,
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "EVENTIDE_SMTP__TLS": "none",
        "EVENTIDE_SMTP__PORT": "1",
        "EVENTIDE_WORKER__LISTEN": f"127.0.0.1:{free_port()}",
    }


async def test_a_worker_says_that_it_is_ready_and_what_it_did(listening):
    worker = await start(listening, "worker")
    await line_with(worker.stderr, "At work")
    base = f"http://{listening['EVENTIDE_WORKER__LISTEN']}"
    async with httpx.AsyncClient(base_url=base) as client:
        paths = ("/health/live", "/health/ready", "/metrics", "/")
        answers = {path: await client.get(path) for path in paths}
    worker.send_signal(signal.SIGTERM)
    await worker.communicate()

    assert worker.returncode == 0
    assert {path: answer.status_code for path, answer in answers.items()} == {
        "/health/live": 200, "/health/ready": 200, "/metrics": 200, "/": 404,
    }  # fmt: skip
    assert 'eventide_tick_age_seconds{tick="evening"}' in answers["/metrics"].text


async def test_every_line_of_a_worker_is_json_where_programs_read_it(listening):
    worker = await start({**listening, "EVENTIDE_LOG__FORM": "json"}, "worker")
    line = await line_with(worker.stderr, "At work")
    worker.send_signal(signal.SIGTERM)
    _, rest = await worker.communicate()

    lines = [json.loads(each) for each in [line, *rest.decode().splitlines()]]
    assert lines[0]["action"] == "start"
    assert all({"event", "level", "timestamp"} <= each.keys() for each in lines)


async def test_a_place_that_is_taken_is_one_line_before_any_mail_is_sent(listening):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        named = {**listening, "EVENTIDE_WORKER__LISTEN": where}
        code, _, err = await outcome(named, "worker")

    assert code == 1
    assert err.startswith(f"eventide: {where}: the web server cannot listen")
    assert "Choose another EVENTIDE_WORKER__LISTEN" in err
