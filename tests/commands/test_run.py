"""The roles as processes: they start, serve, stop, and say what is wrong in one line."""

import asyncio
import json
import signal
import socket
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from service.commands.demo import near, staged
from service.commands.run import insist_on_none
from service.domain.errors import Misconfigured
from service.embedded.postgres import throwaway
from service.embedded.visitor import visit
from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import opened
from service.store.nights import NightRecord
from service.store.sealing import Sealer
from service.web.server import bound
from tests.builders import NOON, subscriber
from tests.commands.processes import line_with, outcome, start


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"EVENTIDE_SMTP__PORT": "x"}, "setting EVENTIDE_SMTP__PORT: input should be"),
        ({"EVENTIDE_SMPT__PORT": "25"}, "setting EVENTIDE_SMPT: no such setting"),
        ({"EVENTIDE_SMTP__SENDER": "nobody"}, "EVENTIDE_SMTP__SENDER"),
        (
            {"EVENTIDE_DATABASE__URL": "postgresql://u:secret@127.0.0.1:1/db"},
            "there is no lookup key. Run `eventide keys` once",
        ),
        (
            {
                "EVENTIDE_DATABASE__URL": "postgresql://u:secret@127.0.0.1:1/db",
                "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
            },
            "(127.0.0.1:1/db): the database does not answer",
        ),
        ({"EVENTIDE_CONTENT__CONFIG": "/nowhere"}, "/nowhere"),
    ],
    ids=["odd", "unknown", "sender", "no keys", "no database", "no catalogue"],
)
async def test_a_broken_set_up_stops_the_start_with_one_line(settings, named, words):
    code, _, err = await outcome({**settings, **named}, "worker")

    fault = [line for line in err.splitlines() if line.startswith("eventide: ")]
    assert code == 1
    assert len(fault) == 1
    assert words in fault[0]
    assert "Traceback" not in err
    assert "secret" not in err


@pytest.mark.parametrize("role", ["web", "demo"])
async def test_a_taken_port_is_one_line(settings, role):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ("demo", "--port", port) if role == "demo" else ("web",)
        named = {} if role == "demo" else {"EVENTIDE_WEB__PORT": port}
        code, _, err = await outcome({**settings, **named}, *arguments)

    assert code == 1
    assert err.startswith(f"eventide: 127.0.0.1:{port}: the web server cannot listen")
    assert "Choose another port (EVENTIDE_WEB__PORT, or --port of the demo)" in err


@pytest.mark.parametrize("port", ["-1", "65536"])
async def test_the_demo_refuses_a_port_that_there_is_not(settings, port):
    code, _, err = await outcome(settings, "demo", "--port", port)

    assert code == 2
    assert "--port" in err
    assert "Traceback" not in err


async def test_keys_are_printed_for_the_operator(settings):
    code, out, _ = await outcome(settings, "keys")

    assert code == 0
    assert [line.split("=")[0].split(".")[0] for line in out.split()] == [
        "lookup",
        "seal",
        "link",
    ]


async def test_web_serves_until_it_is_asked_to_stop(settings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    named = {**settings, "EVENTIDE_WEB__PORT": str(port)}

    web = await start(named, "web")
    await line_with(web.stderr, "Serving")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        page = await client.get("/")
        ready = await client.get("/health/ready")
    web.send_signal(signal.SIGTERM)
    await web.communicate()

    assert (page.status_code, ready.status_code, web.returncode) == (200, 200, 0)


async def test_a_worker_works_until_it_is_asked_to_stop(settings):
    worker = await start(settings, "worker")
    await line_with(worker.stderr, "At work")
    worker.send_signal(signal.SIGTERM)
    await worker.communicate()

    assert worker.returncode == 0


async def test_migrate_takes_the_schema_to_this_release(settings, empty_database_url):
    own = await outcome(settings, "migrate")
    named = {**settings, "EVENTIDE_DATABASE__URL": empty_database_url}
    theirs = await outcome(named, "migrate")

    assert own[:2] == theirs[:2]
    assert own[0] == 0
    assert own[1].startswith("The schema is at ")


async def test_migrations_and_tables_agree(settings):
    code, out, _ = await outcome(settings, "migrate", "--check")

    assert (code, out) == (0, "Migrations and tables agree\n")


def test_a_table_without_its_migration_is_named():
    with pytest.raises(Misconfigured, match="Write a migration"):
        insist_on_none(("add_column subscriber.colour",))


async def test_explain_says_where_there_was_nothing(settings):
    code, out, _ = await outcome(
        settings, "explain", "--subscriber", "4711", "--night", "2026-12-01"
    )

    assert code == 0
    assert out.endswith("no such subscriber: never confirmed, or erased\n")


async def test_next_evening_brings_a_mail_as_often_as_it_is_pressed():
    keys_of_demo = keys(read({"EVENTIDE_SECRETS__KEYS": new_keys(name="1")}).secrets)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(throwaway())
        listener = bound("127.0.0.1", 0)
        stage = await stack.enter_async_context(
            staged(listener, base_url=near(listener), url=url, keys=keys_of_demo)
        )
        lines: list[str] = []
        with TemporaryDirectory() as out:
            await visit(stage.base_url, stage.catcher, Path(out), tell=lines.append)
        async with httpx.AsyncClient(base_url=stage.base_url, timeout=60) as client:
            presses = [client.post("/inbox/next-evening") for _ in range(5)]
            answers = await asyncio.gather(*presses)

    assert {answer.headers["location"] for answer in answers} == {"/inbox?moved=yes"}
    assert len(stage.catcher.mails) == 2 + 5


@pytest.mark.parametrize(
    ("asked", "line"),
    [({}, []), ({"asks": "med_thinner"}, ["asks med_thinner"]), ({"asks": None}, [])],
)
async def test_explain_tells_what_was_chosen(settings, database_url, asked, line):
    named = {
        **settings,
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
    }
    found = keys(read(named).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    choice = {
        "night": "2026-12-01",
        "tips": [
            {
                "id": "F1",
                "role": "lead",
                "reason": "because you ticked",
                "propensity": 0.5,
            }
        ],
        "rules": [],
        **asked,
    }
    record = NightRecord(
        subscriber_id=7,
        night=date(2026, 12, 1),
        choice=json.dumps(choice),
        catalogue_version="v1",
    )
    async with opened(database_url, sealer) as store, store.transaction() as tx:
        await tx.nights.ensure_partitions(around=record.night)
        await tx.nights.record([record])

    code, out, err = await outcome(
        named, "explain", "--subscriber", "7", "--night", "2026-12-01"
    )

    assert code == 0, err
    async with opened(database_url, sealer) as store, store.transaction() as tx:
        (act,) = await tx.audit.newest(operator="", before=99, limit=9)
    assert (act.act, act.subscriber_id) == ("answers seen", 7)
    assert out.splitlines() == [
        "no such subscriber: never confirmed, or erased",
        "catalogue v1",
        "F1    lead    0.500   because you ticked",
        "rules none",
        *line,
    ]


async def test_the_demo_drives_itself_from_the_form_to_the_reminder(settings, tmp_path):
    code, out, err = await outcome(
        settings, "demo", "--once", "--out", str(tmp_path / "mails")
    )

    assert code == 0, out + err
    mails = sorted(path.name for path in (tmp_path / "mails").iterdir())
    assert mails == ["01-confirmation.eml", "02-reminder.eml"]


async def test_a_demo_whose_people_have_no_movable_time_begins_anew(
    database_url, sealer
):
    async with opened(database_url, sealer) as store, store.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)

    made = keys(read({"EVENTIDE_SECRETS__KEYS": new_keys(name="1")}).secrets)
    with (
        bound("127.0.0.1", 0) as listener,
        pytest.raises(Misconfigured, match="Delete the folder demo"),
    ):
        await staged(
            listener, base_url=near(listener), url=database_url, keys=made
        ).__aenter__()


async def test_the_demo_stops_cleanly_on_ctrl_c_and_keeps_its_people(settings):
    for _ in range(2):
        demo = await start(settings, "demo", "--port", "0")
        line = await line_with(demo.stdout, "Sign up")
        base = line.split()[-1]
        await line_with(demo.stdout, "Console")
        named = await line_with(demo.stdout, "(name demo, password ")
        async with httpx.AsyncClient() as client:
            inbox = await client.get(f"{base}inbox")
            nobody = await client.post(f"{base}inbox/next-evening")
            signed_in = await client.post(
                f"{base}operator/login",
                data={"name": "demo", "password": named.split()[-1].strip(")")},
                headers={"Origin": base.rstrip("/")},
            )
        demo.send_signal(signal.SIGINT)
        out, err = await demo.communicate()

        assert inbox.status_code == 200
        assert nobody.headers["location"] == "/inbox?moved=no"
        assert signed_in.headers["location"] == "/operator"
        assert demo.returncode == 0, err
        assert out.endswith(b"Stopping ...\n")
