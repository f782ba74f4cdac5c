"""`eventide check`, as the operator of a service in order sees it."""

import asyncio
import json
import re

import pytest

from service.__main__ import app
from service.clock import SystemClock
from service.commands.doctor.examination import Area, examined
from service.commands.doctor.patient import Patient
from service.domain.errors import TryLater
from service.domain.finding import Grade
from service.settings import HERE, read
from tests.commands.clinic import RUN
from tests.commands.processes import outcome


async def test_a_service_in_order_is_told_to_be(clinic):
    result = await clinic.check("--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 0
    [odd] = [one["finding"] for one in found if one["grade"] != Grade.OK]
    assert re.fullmatch(r"0 of \d+ tips are reviewed by a clinician", odd)
    assert {one["area"] for one in found} == {
        *("settings", "keys", "database", "tonight", "relay", "dns"),
        *("pages", "bounces", "tips"),
    }
    assert all(bool(one["remedy"]) != (one["grade"] == Grade.OK) for one in found)


async def test_nothing_is_sent_and_nobody_is_taken_off_by_looking(clinic):
    await clinic.check()

    said = [command.split()[0] for command in clinic.relay.commands]
    assert said == ["EHLO", "EHLO", "MAIL", "RSET", "QUIT"]
    assert not clinic.relay.envelopes


@pytest.mark.parametrize("columns", ["60", "120"])
async def test_people_get_a_table_that_fits_their_terminal(clinic, columns):
    clinic.settings["COLUMNS"] = columns

    result = await clinic.check()

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert all(len(line) <= int(columns) for line in lines)
    assert "-> Have a clinician read each tip" in result.stdout
    assert re.fullmatch(r"0 faults, 1 warning, \d+ ok", lines[-1])


async def test_the_installed_command_says_nothing_but_its_table(clinic):
    named = ("--nameserver", clinic.names.address)

    code, out, err = await outcome(clinic.settings, "check", *named)

    assert (code, err) == (0, "")
    assert "0 faults" in out


async def test_settings_that_cannot_be_read_are_a_line_like_any_other():
    env = {"EVENTIDE_SMTP__PORT": "many"}

    result = await asyncio.to_thread(
        lambda: RUN.invoke(app, ["check", "--json"], env=env)
    )

    (found,) = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["area"] == "settings"
    assert "EVENTIDE_SMTP__PORT" in found["finding"]
    assert "config/eventide.example.env" in found["remedy"]


async def test_a_look_that_breaks_or_takes_too_long_stops_no_other(clinic):
    async def breaks(_sheet, _patient):
        raise ZeroDivisionError("ann@example.com")

    async def hangs(sheet, _patient):
        sheet.ok("begin", "was well")
        await asyncio.Event().wait()

    async def ends(sheet, _patient):
        sheet.ok("end", "is well")

    async def waits(_sheet, _patient):
        raise TryLater("not now")

    done = []
    found = await examined(
        Patient(settings=read(clinic.settings), clock=SystemClock(), nameserver=""),
        [
            Area(name="one", look=breaks),
            Area(name="two", look=hangs, seconds=0.01),
            Area(name="three", look=ends),
            Area(name="four", look=waits),
        ],
        done=lambda: done.append(1),
    )

    assert [(one.area, one.grade, one.finding) for one in found] == [
        ("one", Grade.FAULT, "the look broke (ZeroDivisionError)"),
        ("two", Grade.OK, "was well"),
        ("two", Grade.WARNING, "not known: it takes longer than 0 seconds"),
        ("three", Grade.OK, "is well"),
        ("four", Grade.FAULT, "not now"),
    ]
    assert len(done) == 4


async def test_the_manual_explains_every_line(clinic):
    result = await clinic.check("--json")

    manual = (HERE / "docs" / "check.md").read_text()
    for one in json.loads(result.stdout):
        name = one["check"].replace(f"localhost:{clinic.relay.port}", "HOST:PORT")
        name = re.sub(r"(SPF|DMARC|MX) of .*", r"\1 of DOMAIN", name)
        name = re.sub(r"PTR of .*", "PTR of ADDRESS", name)
        name = re.sub(r"(age|rows) of (\w+)\..*", r"\1 of \2.NAME", name)
        assert f"\n## {one['area']}\n" in manual
        assert f"`{name}`" in manual, name
