"""The mail catcher, spoken to by the standard library's SMTP client over loopback."""

import asyncio
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from service.domain.errors import Misconfigured
from service.embedded.catcher import KEPT, SIZE_LIMIT_BYTES, Catcher

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINE = b"x" * 998 + b"\r\n"


@dataclass(frozen=True)
class StoppedClock:
    def now(self):
        return NOON


@pytest.fixture
async def catcher():
    async with Catcher(clock=StoppedClock()) as open_catcher:
        yield open_catcher


async def speak(catcher, conversation):
    def whole():
        with smtplib.SMTP("127.0.0.1", catcher.port, timeout=10) as client:
            return conversation(client)

    return await asyncio.to_thread(whole)


async def test_a_mail_is_kept_as_it_came_with_its_envelope_and_time(catcher):
    text = b"Subject: tonight\r\n\r\n.dotted\r\n\xc3\xa9 end\r\n"

    def send(client):
        client.sendmail("me@example.org", ["a@example.org", "b@example.org"], text)

    await speak(catcher, send)
    await catcher.wait_for(1, 5)

    (mail,) = catcher.mails
    assert mail.number == 1
    assert mail.sender == "me@example.org"
    assert mail.recipients == ("a@example.org", "b@example.org")
    assert mail.received_at == NOON
    assert mail.data == text


async def test_a_bounce_with_an_empty_sender_is_caught(catcher):
    await speak(catcher, lambda client: client.sendmail("", ["a@b.example"], b"x\r\n"))
    assert catcher.mails[0].sender == ""


async def test_it_announces_what_it_does_and_nothing_else(catcher):
    def features(client):
        client.ehlo()
        return client.esmtp_features

    assert await speak(catcher, features) == {
        "size": str(SIZE_LIMIT_BYTES),
        "8bitmime": "",
        "smtputf8": "",
        "help": "",
    }


async def test_an_address_in_another_script_is_taken_under_smtputf8(catcher):
    def send(client):
        client.ehlo()
        client.mail("jos\u00e9@example.org", ["SMTPUTF8"])
        client.rcpt("\u7528\u6237@example.org")
        client.data(b"Subject: x\r\n\r\n")

    await speak(catcher, send)
    assert catcher.mails[0].recipients == ("\u7528\u6237@example.org",)


async def test_a_mail_that_says_it_is_too_big_is_refused_at_once(catcher):
    def send(client):
        client.ehlo()
        return client.mail("me@example.org", [f"SIZE={SIZE_LIMIT_BYTES + 1}"])

    code, _ = await speak(catcher, send)
    assert code == 552
    assert catcher.mails == ()


async def test_a_mail_that_turns_out_too_big_is_refused_and_not_kept(catcher):
    def send(client):
        client.ehlo()
        client.mail("me@example.org")
        client.rcpt("a@example.org")
        return client.data(LINE * (SIZE_LIMIT_BYTES // len(LINE) + 1))

    code, _ = await speak(catcher, send)
    assert code == 552
    assert catcher.mails == ()


async def test_only_the_newest_mails_are_kept_under_their_own_numbers(catcher):
    def send(client):
        for _ in range(KEPT + 2):
            client.sendmail("me@example.org", ["a@example.org"], b"x\r\n")

    await speak(catcher, send)
    assert len(catcher.mails) == KEPT
    assert [catcher.mails[0].number, catcher.mails[-1].number] == [3, KEPT + 2]
    await catcher.wait_for(KEPT + 2, 1)


async def test_waiting_for_a_mail_that_does_not_come_ends_in_time(catcher):
    with pytest.raises(TimeoutError):
        await catcher.wait_for(1, 0.05)


async def test_waiting_ends_when_the_mail_comes(catcher):
    waiting = asyncio.create_task(catcher.wait_for(1, 10))
    await speak(
        catcher, lambda client: client.sendmail("a@b.example", ["c@d.example"], b"x")
    )
    await waiting
    assert len(catcher.mails) == 1


async def test_leaving_hangs_up_on_whoever_still_talks():
    async with Catcher(clock=StoppedClock()) as catcher:
        reader, writer = await asyncio.open_connection("127.0.0.1", catcher.port)
        assert (await reader.readline()).startswith(b"220 localhost Eventide")
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", catcher.port)


async def test_a_taken_port_is_one_clear_line(catcher):
    with pytest.raises(Misconfigured) as caught:
        async with Catcher(clock=StoppedClock(), port=catcher.port):
            pass  # pragma: no cover - never entered
    assert str(caught.value) == (
        f"127.0.0.1:{catcher.port}: the mail catcher cannot listen there"
        " (address already in use). Choose another port, or end the program that"
        " uses this one"
    )
