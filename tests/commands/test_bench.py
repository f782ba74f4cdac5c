"""`eventide bench`: real rows, a real relay, and honest figures."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from service.__main__ import app
from service.commands.stopwatch import Stopwatch
from service.domain.errors import ServiceError
from service.keys import new_keys
from tests.commands.processes import outcome
from tests.mail.relay import Relay


async def test_bench_sends_every_mail_and_tells_what_it_cost(settings):
    async with Relay() as relay:
        code, out, err = await outcome(
            settings,
            *("bench", "--messages", "25", "--connections", "3", "--json"),
            *("--relay", f"127.0.0.1:{relay.port}"),
        )

    assert code == 0, err
    found = json.loads(out)
    to = {recipient for mail in relay.envelopes for recipient in mail.rcpt_tos}
    assert len(to) == len(relay.envelopes) == found["messages"] == found["sent"] == 25
    assert relay.at_once <= 3
    assert found["messages_per_second"] > 0
    assert found["worker_cpu_ms_per_message"] > 0
    assert found["database_cpu_ms_per_message"] >= 0
    assert 0 < found["lateness_p50_seconds"] <= found["lateness_p99_seconds"]
    assert found["worker_peak_rss_mb"] > 20


async def test_mails_that_the_relay_refuses_are_not_counted_as_sent(settings):
    async with Relay() as relay:
        relay.script["RCPT"] = ["550 5.1.1 not here"] * 2
        code, out, _ = await outcome(
            settings,
            *("bench", "--messages", "5", "--connections", "1"),
            *("--relay", f"localhost:{relay.port}"),
        )

    assert code == 1
    assert "Delivery, end to end" in out
    assert len(relay.envelopes) == 3


async def test_bench_works_on_a_database_that_is_named(settings, database_url):
    named = {**settings, "EVENTIDE_SECRETS__KEYS": new_keys(name="1")}
    async with Relay() as relay:
        code, out, err = await outcome(
            named,
            *("bench", "--messages", "2", "--json", "--database", database_url),
            *("--relay", f"127.0.0.1:{relay.port}"),
        )

    assert code == 0, err
    assert json.loads(out)["sent"] == 2


@pytest.mark.parametrize(
    ("relay", "words"),
    [
        ("127.0.0.1", "'127.0.0.1' is not HOST:PORT"),
        ("192.0.2.1:25", "192.0.2.1 is another machine"),
        ("nowhere.invalid:25", "there is no host nowhere.invalid"),
        ("127.0.0.1:1", "no connection to the relay 127.0.0.1:1"),
    ],
)
def test_a_relay_that_will_not_do_is_named_before_anything_is_done(relay, words):
    result = CliRunner().invoke(app, ["bench", "--messages", "2", "--relay", relay])

    assert isinstance(result.exception, ServiceError)
    assert words in str(result.exception)


async def test_the_cost_of_a_database_that_is_not_seen_is_not_known():
    watch = Stopwatch(backend=None)

    assert watch.cost().database_cpu_seconds is None


async def test_a_process_that_is_no_database_s_is_not_taken_for_one():
    waiting = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        watch = Stopwatch(backend=waiting.pid)
    finally:
        waiting.kill()
        await waiting.wait()

    assert watch.cost().database_cpu_seconds is None
