"""The mail server hands bounces over LMTP or SMTP, and keeps them while we cannot."""

import socket
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import cast

import pytest
from structlog.testing import capture_logs

from service.domain.errors import Misconfigured, TryLater
from service.domain.verp import Verp
from service.flows.bounces import Desk
from service.flows.upkeep import upkeep
from service.mail.bounces import LONGEST_BYTES
from service.store.engine import Store
from service.worker.lmtp import listening
from tests.builders import NOON, REFUSALS
from tests.fakes import StoppedClock
from tests.mail.returned import A_PERSON, BOUNCES
from tests.web.visits import FailingStore
from tests.worker.dialogue import Dialogue

ANYWHERE = "127.0.0.1:0"


@pytest.fixture
async def desk(store):
    await upkeep(store, now=NOON)
    verp = Verp(keys=(b"k" * 32,), address=BOUNCES)
    return Desk(store=store, verp=verp, refusals=REFUSALS, clock=StoppedClock(NOON))


@pytest.fixture
def cut_off_desk():
    """A desk whose database is away."""
    failing = cast("Store", FailingStore(TryLater("the database is away")))
    verp = Verp(keys=(b"k" * 32,), address=BOUNCES)
    return Desk(store=failing, verp=verp, refusals=REFUSALS, clock=StoppedClock(NOON))


async def kept(desk):
    async with desk.store.transaction() as tx:
        return [each.raw for each in await tx.feedback.kept()]


@pytest.mark.parametrize("greeting", ["LHLO", "EHLO"])
async def test_a_mail_to_the_address_of_bounces_is_taken_and_done(desk, greeting):
    async with listening(desk, ANYWHERE) as port, Dialogue(port) as server:
        assert "SIZE" in await server.says(f"{greeting} mail.example.org")
        assert await server.says("MAIL FROM:<>") == "250 OK"
        assert (await server.says(f"RCPT TO:<{BOUNCES}>")).startswith("250 ")
        assert (await server.says("DATA")).startswith("354 ")
        raw = A_PERSON.replace(b"\n", b"\r\n")
        assert (await server.says(raw.decode() + ".")).startswith("250 ")

    assert await kept(desk) == [raw]


async def test_only_bounces_are_taken_and_one_at_a_time(desk):
    async with listening(desk, ANYWHERE) as port, Dialogue(port) as server:
        await server.says("LHLO mail.example.org")
        await server.says("MAIL FROM:<>")
        other = await server.says("RCPT TO:<postmaster@bounce.eventide.example>")
        await server.says(f"RCPT TO:<{BOUNCES}>")
        second = await server.says("RCPT TO:<bounce+x@bounce.eventide.example>")

    assert other.startswith("550 5.1.1")
    assert second.startswith("452 4.5.3")


async def test_a_mail_that_is_too_long_is_refused(desk):
    async with listening(desk, ANYWHERE) as port, Dialogue(port) as server:
        await server.says("LHLO mail.example.org")
        too_long = await server.says(f"MAIL FROM:<> SIZE={LONGEST_BYTES + 1}")

    assert too_long.startswith("552 ")


async def test_while_the_database_is_away_the_mail_server_keeps_the_mail(cut_off_desk):
    with capture_logs() as lines:
        async with listening(cut_off_desk, ANYWHERE) as port, Dialogue(port) as server:
            await server.says("LHLO mail.example.org")
            for _ in range(2):
                assert await server.says("MAIL FROM:<>") == "250 OK"
                await server.says(f"RCPT TO:<{BOUNCES}>")
                await server.says("DATA")
                assert (await server.says(".")).startswith("451 ")

    assert lines[0] == {
        "event": "put off",
        "action": "bounces",
        "error": "TryLater",
        "log_level": "warning",
    }


async def test_several_workers_of_a_machine_may_listen_at_one_port(desk):
    async with (
        listening(desk, ANYWHERE) as port,
        listening(desk, f"127.0.0.1:{port}") as same,
    ):
        assert same == port


async def test_a_port_that_another_program_has_is_a_fault_with_a_remedy(desk):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Misconfigured, match="EVENTIDE_BOUNCES__LISTEN"):
            async with listening(desk, place):
                pass  # pragma: no cover - it does not come so far


async def test_without_an_address_of_bounces_there_is_nothing_to_listen_for(desk):
    nowhere = replace(desk, verp=replace(desk.verp, address=""))

    with pytest.raises(Misconfigured, match="Set EVENTIDE_BOUNCES__ADDRESS too"):
        async with listening(nowhere, ANYWHERE):
            pass  # pragma: no cover - it does not come so far


async def test_whoever_still_talks_at_the_end_is_hung_up_on(desk):
    async with AsyncExitStack() as afterwards:
        async with listening(desk, ANYWHERE) as port:
            server = await afterwards.enter_async_context(Dialogue(port))
            await server.says("LHLO mail.example.org")

        assert await server.says("NOOP") == ""
