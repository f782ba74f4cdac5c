"""The one clock, and logs that hold nothing private."""

import json
from datetime import UTC, timedelta

import pytest
import structlog

from service.clock import DemoClock, SystemClock
from service.logs import configure


def test_the_clock_tells_utc():
    assert SystemClock().now().tzinfo is UTC


def test_the_demos_clock_can_be_moved_ahead_but_never_back():
    clock = DemoClock()
    evening = clock.now() + timedelta(hours=7)

    clock.move_to(evening)
    clock.move_to(evening - timedelta(hours=2))

    assert evening <= clock.now() < evening + timedelta(minutes=5)


@pytest.fixture
def _plain_logs():
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("_plain_logs")
def test_private_fields_are_taken_out_of_log_lines(capsys):
    configure(form="json")

    structlog.get_logger().info("sent", action="deliver", subscriber=7, address="a@b.c")

    line = json.loads(capsys.readouterr().err)
    assert line["address"] == "(redacted)"
    assert (line["event"], line["action"], line["subscriber"]) == ("sent", "deliver", 7)


@pytest.mark.usefixtures("_plain_logs")
def test_people_get_readable_lines(capsys):
    configure(form="console")

    structlog.get_logger().warning("late", action="plan")

    assert "late" in capsys.readouterr().err
