"""The one clock, and logs that hold nothing private."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from service.clock import (
    STA_UNSYNC,
    TIME_ERROR,
    SystemClock,
    Timex,
    asked,
    believed,
)
from service.logs import HANDLER, configure


def test_the_clock_tells_utc():
    assert SystemClock().now().tzinfo is UTC


def test_steady_seconds_only_grow():
    clock = SystemClock()

    assert clock.seconds() <= clock.seconds()


@pytest.mark.parametrize(
    ("state", "status", "is_believed"),
    [
        (0, 0, True),
        # A leap second is near: synchronised all the same.
        (1, 0x10, True),
        (TIME_ERROR, 0, False),
        (0, STA_UNSYNC, False),
        (-1, 0, False),
    ],
)
def test_the_kernel_is_believed_where_ntp_keeps_its_clock(state, status, is_believed):
    answer = Timex(status=status, seconds=1_800_000_000)

    found = believed(state, answer)

    assert (found == datetime(2027, 1, 15, 8, tzinfo=UTC)) is is_believed


def test_the_kernel_of_this_machine_is_asked():
    now = SystemClock().now()
    found = SystemClock().synchronised() or now_of_kernel()

    assert abs(found - now) < timedelta(hours=1)


def now_of_kernel():
    """Where no NTP keeps it: what the same call shows otherwise."""
    return datetime.fromtimestamp(asked()[1].seconds, UTC)


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
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_line_break_begins_no_other_line(capsys, form):
    configure(form=form)
    forged = "550 no\r\n2026-11-29T20:00:00Z [info] signed in"

    structlog.get_logger().info("not sent", action="deliver", reason=forged)
    logging.getLogger("asyncio").warning(forged)

    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.usefixtures("_plain_logs")
def test_a_line_says_when_in_utc(capsys):
    configure(form="json")

    structlog.get_logger().info("sent", action="deliver")

    (line,) = lines(capsys)
    assert line["timestamp"].endswith("Z")


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
