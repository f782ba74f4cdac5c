"""Bounces reach the running roles, and the operator can read what could not be used."""

import signal
import socket
import stat
from datetime import timedelta

import httpx

from service.clock import SystemClock
from service.domain.refusals import Verdict
from service.flows.upkeep import upkeep
from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import opened
from service.store.sealing import Sealer
from tests.builders import NOON, subscriber
from tests.commands.processes import called, line_with, outcome, start
from tests.mail.returned import A_PERSON, BOUNCES, WORDS_ONLY
from tests.worker.dialogue import Dialogue

KEY = "a key of the mail server"
AN_HOUR = timedelta(hours=1)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def stopped(process):
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    return process.returncode


async def test_what_web_and_worker_took_and_could_not_use_is_listed(settings, tmp_path):
    web_port, lmtp_port = free_port(), free_port()
    named = {
        **settings,
        "EVENTIDE_BOUNCES__ADDRESS": BOUNCES,
        "EVENTIDE_BOUNCES__HTTP_KEY": KEY,
        "EVENTIDE_BOUNCES__LISTEN": f"127.0.0.1:{lmtp_port}",
        "EVENTIDE_WEB__PORT": str(web_port),
    }
    nothing = await outcome(named, "bounces")

    web = await start(named, "web")
    await line_with(web.stderr, "Serving")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{web_port}") as client:
        posted = await client.post(
            "/bounces", content=A_PERSON, headers={"Authorization": f"Bearer {KEY}"}
        )
    assert await stopped(web) == 0
    worker = await start(named, "worker")
    await line_with(worker.stderr, "At work")
    async with Dialogue(lmtp_port) as server:
        for line in ("LHLO mail", "MAIL FROM:<>", f"RCPT TO:<{BOUNCES}>", "DATA"):
            await server.says(line)
        taken = await server.says(WORDS_ONLY.decode().replace("\n", "\r\n") + ".")
    assert await stopped(worker) == 0

    listed = await outcome(named, "bounces")
    written = await outcome(named, "bounces", "--out", str(tmp_path / "kept"))

    assert nothing[:2] == (0, "Nothing is kept\n")
    assert posted.status_code == 200
    assert taken.startswith("250 ")
    assert listed[:2] == written[:2]
    first, second = listed[1].splitlines()
    assert first.endswith("not a report")
    assert second.endswith("not signed here")
    assert (tmp_path / "kept" / first.split()[2]).read_bytes() == A_PERSON


async def test_whoever_takes_the_messages_out_does_so_for_their_own_eyes_and_is_noted(
    settings, database_url, tmp_path
):
    named = settings | {
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
    }
    found = keys(read(named).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    folder, in_the_way = tmp_path / "kept", tmp_path / "file"
    in_the_way.write_bytes(b"")

    async with opened(database_url, sealer) as store:
        async with store.transaction() as tx:
            await tx.feedback.keep(
                A_PERSON, why="not a report", has_token=False, now=NOON
            )
        listed = await called(named, "bounces")
        async with store.transaction() as tx:
            before = await tx.audit.newest(operator="", before=99, limit=9)
        taken = await called(named, "bounces", "--out", str(folder))
        again = await called(named, "bounces", "--out", str(folder))
        refused = await called(named, "bounces", "--out", str(in_the_way))
        async with store.transaction() as tx:
            acts = await tx.audit.newest(operator="", before=99, limit=9)

    assert listed[:2] == taken[:2] == again[:2]
    assert before == ()
    assert {(act.act, act.details) for act in acts} == {
        ("returned mail read", "messages: 1")
    }
    (file,) = folder.iterdir()
    assert file.read_bytes() == A_PERSON
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (refused[0], "cannot be written" in refused[2]) == (1, True)


async def test_an_undo_changes_nothing_before_it_is_told_to(settings, database_url):
    named = settings | {
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
    }
    found = keys(read(named).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    now = SystemClock().now()
    since, until = (f"{now + step:%Y-%m-%d %H:%M}" for step in (-AN_HOUR, AN_HOUR))
    undo = ("bounces", "undo", "--since", since, "--until", until)

    async with opened(database_url, sealer) as store:
        await upkeep(store, now=now)
        async with store.transaction() as tx:
            await tx.subscribers.add(subscriber(), next_due_at=now, now=now)
            await tx.refusals.end(1, Verdict.DEAD, mailbox="gmail", now=now)
        ahead = await called(named, *undo, "--provider", "GMAIL")
        async with store.transaction() as tx:
            before = await tx.subscribers.next_due_at(1)
        done = await called(named, *undo, "--yes")
        async with store.transaction() as tx:
            after = await tx.subscribers.next_due_at(1)
            (entry,) = await tx.audit.newest(operator="", before=99, limit=9)

    assert ahead[0] == done[0] == 0
    assert ahead[1].splitlines() == [
        "      1  dead  gmail",
        "People to bring back: 1. Nothing was changed: --yes does it.",
    ]
    assert done[1].splitlines()[-1] == "People brought back: 1"
    assert before is None
    assert after is not None
    assert entry.act == "bounces undone"
    assert entry.operator.startswith("cli:")


async def test_an_address_of_bounces_without_room_for_a_token_stops_the_start(settings):
    named = {**settings, "EVENTIDE_BOUNCES__ADDRESS": "b" * 28 + "@example.org"}

    code, _, err = await outcome(named, "worker")

    assert code == 1
    assert "setting EVENTIDE_BOUNCES__ADDRESS: " in err
    assert "has more than 27 letters" in err
