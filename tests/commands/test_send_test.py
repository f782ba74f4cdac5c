"""`eventide send-test`: one labelled mail, and what each relay answered."""

import json
from email import message_from_bytes, policy
from urllib.parse import parse_qs, urlsplit

import pytest

from service.app import keys
from service.clock import SystemClock
from service.domain.tokens import Links, Purpose
from service.mail.letters import NOBODY
from service.settings import read
from service.store.suppression import Reason
from tests.mail.relay import Mishap

ME = "me@clinic.org"


async def sent(clinic, to=ME):
    return await clinic.run("send-test", "--to", to)


async def test_the_operator_sees_each_stage_up_to_the_queue_id(clinic):
    result = await sent(clinic)

    told = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    (envelope,) = clinic.relay.envelopes
    assert result.exit_code == 0
    assert envelope.rcpt_tos == [ME]
    assert envelope.mail_from == f"bounce+test@bounce.{clinic.domain}"
    assert [stage for stage, _ in told] == [
        *("relay", "connection", "sign-in", "sender", "recipient", "message"),
    ]
    assert "TLSv1.3, certificate valid until" in told[1][1]
    assert told[-1][1] == "accepted: 2.0.0 Taken"


async def test_the_mail_says_what_it_is_and_is_built_as_a_reminder_is(clinic):
    await sent(clinic)

    (envelope,) = clinic.relay.envelopes
    mail = message_from_bytes(envelope.original_content, policy=policy.default)
    assert mail["Subject"] == "Test mail from Eventide"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not mail.defects
    for part in ("plain", "html"):
        body = mail.get_body((part,))
        assert body is not None
        words = body.get_content()
        assert "This is a test, and it has arrived" in words
        assert f"localhost:{clinic.relay.port}" in words
        assert clinic.settings["EVENTIDE_WEB__BASE_URL"] in words
        assert "12 Harbour Road, Whitby" in words


async def test_its_unsubscribe_link_is_nobody_s(clinic):
    await sent(clinic)

    (envelope,) = clinic.relay.envelopes
    mail = message_from_bytes(envelope.original_content)
    url = mail["List-Unsubscribe"].strip("<>")
    token = parse_qs(urlsplit(url).query)["token"][0]
    links = Links(keys=keys(read(clinic.settings)).link, base_url="https://x.example")
    now = SystemClock().now()
    assert links.subject(Purpose.UNSUBSCRIBE, token, now=now) == NOBODY


async def test_two_tests_are_two_mails_to_whoever_drops_what_they_have(clinic):
    await sent(clinic)
    await sent(clinic)

    ids = {
        message_from_bytes(each.original_content)["Message-ID"]
        for each in clinic.relay.envelopes
    }
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("script", "line", "remedy"),
    [
        ({"MAIL": [None, "550 5.1.8 Who?"]}, "sender .*550 5.1.8", "sender address"),
        ({"RCPT": ["550 5.1.1 Unknown"]}, "recipient .*no such addr", "another one"),
        ({"DATA": ["554 5.7.1 Blocked"]}, "data .*policy", "SPF, DKIM and DMARC"),
        ({"MESSAGE": ["451 4.7.1 Slower"]}, "message .*slower", "SMTP__RATE"),
        ({"RCPT": [Mishap.HANG_UP]}, "message .*not handed over", "try again"),
        ({"MESSAGE": [Mishap.HANG_UP]}, "message .*perhaps taken", "relay's log"),
        ({"EHLO": [None, None, "421 Busy"]}, "connection .*relay busy", "try again"),
    ],
)
async def test_a_relay_that_does_not_take_it_is_quoted_and_explained(
    clinic, script, line, remedy
):
    clinic.relay.script.update(script)

    result = await sent(clinic)

    told = " ".join(result.stdout.split())
    assert result.exit_code == 1
    assert line.split(" .*")[0] in told
    assert line.split(".*")[1] in told
    assert remedy in told
    assert not clinic.relay.envelopes


async def test_every_relay_is_tested_by_itself(clinic):
    plain = await clinic.add_relay()
    others = [
        {"host": "127.0.0.1", "port": 1, "tls": "none"},
        {"host": "127.0.0.1", "port": plain.port, "tls": "none"},
        {"host": "127.0.0.1", "port": plain.port, "tls": "starttls"},
    ]
    clinic.settings["EVENTIDE_SMTP__OTHERS"] = json.dumps(others)

    result = await sent(clinic)

    assert result.exit_code == 1
    assert len(clinic.relay.envelopes) == len(plain.envelopes) == 1
    assert result.stdout.count("accepted: 2.0.0 Taken") == 2
    assert "See that the relay runs" in result.stdout
    assert "to 127.0.0.1, not encrypted" in result.stdout
    assert "Choose what the relay offers" in result.stdout


async def test_an_address_that_gets_no_mail_gets_no_test(clinic):
    async with clinic.store.transaction() as tx:
        now = SystemClock().now()
        await tx.suppression.add(ME, Reason.COMPLAINT, now=now)

    result = await sent(clinic)

    assert result.exit_code == 1
    assert "on the suppression list (complaint)" in str(result.exception)
    assert not clinic.relay.commands


async def test_what_is_no_address_is_said_to_be_none(clinic):
    result = await sent(clinic, "nobody")

    assert result.exit_code == 1
    assert "'nobody' is not an address" in str(result.exception)
