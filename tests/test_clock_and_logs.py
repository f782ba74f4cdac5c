"""The one clock, and logs that hold nothing private."""

import json
import logging
from datetime import UTC, timedelta

import pytest
import structlog

from service.clock import DemoClock, SystemClock
from service.logs import HANDLER, configure


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
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if each.name != HANDLER]


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("_plain_logs")
def test_private_fields_are_taken_out_of_log_lines(capsys):
    configure(form="json")

    structlog.get_logger().info("sent", action="deliver", subscriber=7, address="a@b.c")

    (line,) = lines(capsys)
    assert line["address"] == "(redacted)"
    assert (line["event"], line["action"], line["subscriber"]) == ("sent", "deliver", 7)


@pytest.mark.usefixtures("_plain_logs")
def test_people_get_readable_lines(capsys):
    configure(form="console")

    structlog.get_logger().warning("late", action="plan")

    assert "late" in capsys.readouterr().err


@pytest.mark.usefixtures("_plain_logs")
@pytest.mark.parametrize(
    "name", ["uvicorn.error", "sqlalchemy.pool", "asyncio", "httpx"]
)
def test_what_libraries_log_has_the_same_form_and_names_nobody(capsys, name):
    configure(form="json")
    configure(form="json")
    library = logging.getLogger(name)

    library.info("GET https://eventide.example/manage?token=c2VjcmV0 200")
    library.warning(
        "%s <ada@example.org> from /manage?token=c2VjcmV0 and %s", "mail", "a" * 50
    )

    (line,) = lines(capsys)
    line.pop("timestamp")
    assert line == {
        "event": "mail <(redacted)> from /manage?(redacted) and (redacted)",
        "level": "warning",
        "logger": name,
        "action": "library",
    }


@pytest.mark.usefixtures("_plain_logs")
def test_of_an_error_in_a_library_only_its_kind_and_place_are_told(capsys):
    configure(form="json")

    try:
        int("ada@example.org has kidney trouble")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("failed", stack_info=True)
    logging.getLogger("asyncio").error("broke", exc_info=ValueError("kidney"))

    told = capsys.readouterr().err
    first, second = (json.loads(line) for line in told.splitlines())
    assert (first["error"], second["error"]) == ("ValueError", "ValueError")
    assert "test_clock_and_logs.py:" in first["where"]
    assert second["where"] == ""
    assert "kidney" not in told
