"""Bounces reach the running roles, and the operator can read what could not be used."""

import signal
import socket

import httpx

from tests.commands.processes import line_with, outcome, start
from tests.mail.returned import A_PERSON, BOUNCES, WORDS_ONLY
from tests.worker.dialogue import Dialogue

KEY = "a key of the mail server"


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
    assert second.endswith("a report in words only")
    assert (tmp_path / "kept" / first.split()[2]).read_bytes() == A_PERSON


async def test_an_address_of_bounces_without_room_for_a_token_stops_the_start(settings):
    named = {**settings, "EVENTIDE_BOUNCES__ADDRESS": "b" * 28 + "@example.org"}

    code, _, err = await outcome(named, "worker")

    assert code == 1
    assert "setting EVENTIDE_BOUNCES__ADDRESS: " in err
    assert "has more than 27 letters" in err
