"""The conversation with a relay: what is told, what is kept, what is never sent twice."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr

from service.domain.errors import Misconfigured, TryLater
from service.domain.outbox import Accepted, Deferred, Outcome, Rejected, Unknown
from service.mail.smtp import Mailer, Patience
from service.settings import SmtpSettings
from tests.mail.relay import HOST, Mishap, Relay

DATA = b"From: a@example.org\r\nSubject: x\r\n\r\n.one dot\r\n..\r\nend\r\n"
SOON = Patience(command=0.2, final_dot=0.2, goodbye=0.2)


def settings(port: int, **change) -> SmtpSettings:
    """A plain relay on loopback, one connection."""
    values = {
        "host": HOST,
        "port": port,
        "tls": "none",
        "connections": 1,
        "hostname": "eventide.example",
    }
    return SmtpSettings.model_validate(values | change)


async def send(mailer: Mailer, recipient: str = "ann@example.com") -> Outcome:
    """One message from the usual sender."""
    return await mailer.send(sender="tips@example.org", recipient=recipient, data=DATA)


async def test_an_accepted_message_arrives_byte_for_byte():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        assert await send(mailer) == Accepted(reply="2.0.0 Taken")
    (envelope,) = relay.envelopes
    assert envelope.original_content == DATA
    assert envelope.mail_from == "tips@example.org"
    assert envelope.rcpt_tos == ["ann@example.com"]
    assert relay.commands[0] == "EHLO eventide.example"
    assert relay.commands[-1] == "QUIT"


async def test_without_a_setting_ehlo_says_the_name_of_this_machine():
    async with Relay() as relay, Mailer(settings(relay.port, hostname=None)) as mailer:
        assert isinstance(await send(mailer), Accepted)
    assert relay.commands[0].startswith("EHLO ")


async def test_one_connection_serves_message_after_message():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        for _ in range(5):
            assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 1
    assert len(relay.envelopes) == 5
    assert "RSET" not in relay.commands


async def test_no_more_connections_are_open_than_the_setting_allows():
    async with Relay() as relay, Mailer(settings(relay.port, connections=3)) as mailer:
        outcomes = await asyncio.gather(*(send(mailer) for _ in range(20)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(relay.envelopes) == 20
    assert relay.at_once == relay.connections == 3


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "MESSAGE"])
async def test_a_refusal_for_now_defers_the_message_and_keeps_the_connection(stage):
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script[stage] = ["450 4.2.1 Too busy"]
        assert await send(mailer) == Deferred(code=450, reply="4.2.1 Too busy")
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 1
    assert relay.commands.count("RSET") == 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "MESSAGE"])
async def test_a_refusal_for_good_rejects_the_message_and_keeps_the_connection(stage):
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script[stage] = ["550 5.1.1 No such person"]
        assert await send(mailer) == Rejected(
            code=550, enhanced="5.1.1", reply="5.1.1 No such person"
        )
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 1


async def test_a_refusal_without_an_enhanced_code_has_none():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script["RCPT"] = ["554-Go\r\n554 away\x01"]
        outcome = await send(mailer)
    assert outcome == Rejected(code=554, enhanced="", reply="Go away?")


async def test_too_many_recipients_is_a_refusal_for_now():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script["RCPT"] = ["552 5.5.3 Too many"]
        assert await send(mailer) == Deferred(code=552, reply="5.5.3 Too many")
        relay.script["MESSAGE"] = ["552 5.3.4 Too big"]
        outcome = await send(mailer)
    assert outcome == Rejected(code=552, enhanced="5.3.4", reply="5.3.4 Too big")


async def test_being_told_to_sign_in_is_not_the_messages_fault():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script["MAIL"] = ["530 5.7.0 Sign in first"]
        outcome = await send(mailer)
    assert outcome == Deferred(code=530, reply="5.7.0 Sign in first")


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "MESSAGE"])
async def test_a_relay_that_closes_down_defers_the_message(stage):
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script[stage] = ["421 4.3.2 Closing"]
        assert await send(mailer) == Deferred(code=421, reply="4.3.2 Closing")
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 2


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("mishap", list(Mishap))
async def test_a_connection_lost_before_the_message_defers_it(stage, mishap):
    async with (
        Relay() as relay,
        Mailer(settings(relay.port), patience=SOON) as mailer,
    ):
        relay.script[stage] = [mishap]
        outcome = await send(mailer)
        assert isinstance(outcome, Deferred)
        assert outcome.code == 0
        assert outcome.reply
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 2


@pytest.mark.parametrize("mishap", list(Mishap))
async def test_a_connection_lost_after_the_message_leaves_its_fate_unknown(mishap):
    async with (
        Relay() as relay,
        Mailer(settings(relay.port), patience=SOON) as mailer,
    ):
        relay.script["MESSAGE"] = [mishap]
        outcome = await send(mailer)
        assert isinstance(outcome, Unknown)
        assert outcome.reason.startswith("after the message: ")
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 2


@pytest.mark.parametrize(
    ("stage", "line", "expected"),
    [
        ("MAIL", "199 what", Deferred(code=199, reply="what")),
        ("DATA", "250 fine", Deferred(code=250, reply="fine")),
        (
            "RCPT",
            "hello",
            Deferred(code=0, reply="Malformed SMTP response line: hello"),
        ),
        ("MESSAGE", "354 more", Unknown(reason="after the message: more")),
        ("MESSAGE", "hello", Unknown),
    ],
)
async def test_after_an_odd_answer_the_connection_is_not_used_again(
    stage, line, expected
):
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script[stage] = [line]
        outcome = await send(mailer)
        assert outcome == expected or type(outcome) is expected
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 2


@pytest.mark.parametrize("reply", ["502 What?", Mishap.HANG_UP])
async def test_a_connection_that_cannot_be_reset_is_not_used_again(reply):
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script["RCPT"] = ["550 5.1.1 No such person"]
        relay.script["RSET"] = [reply]
        assert isinstance(await send(mailer), Rejected)
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 2


async def test_a_connection_that_the_relay_closed_meanwhile_is_opened_again():
    async with (
        Relay() as relay,
        Mailer(settings(relay.port), patience=Patience(idle=0)) as mailer,
    ):
        assert isinstance(await send(mailer), Accepted)
        relay.hang_up()
        assert isinstance(await send(mailer), Accepted)
        relay.hang_up()
        await relay.is_silent()
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 3


@pytest.mark.parametrize(
    ("answer", "connections"), [(None, 1), ("421 4.4.2 Too long", 2)]
)
async def test_a_connection_long_idle_is_asked_whether_it_lives(answer, connections):
    async with (
        Relay() as relay,
        Mailer(settings(relay.port), patience=Patience(idle=0)) as mailer,
    ):
        assert isinstance(await send(mailer), Accepted)
        relay.script["NOOP"] = [answer]
        assert isinstance(await send(mailer), Accepted)
    assert "NOOP" in relay.commands
    assert relay.connections == connections


async def test_a_relay_that_does_not_say_goodbye_does_not_hold_us_up():
    async with (
        Relay() as relay,
        Mailer(settings(relay.port), patience=SOON) as mailer,
    ):
        assert isinstance(await send(mailer), Accepted)
        relay.script["QUIT"] = [Mishap.SAY_NOTHING]
    assert len(relay.envelopes) == 1


async def test_a_message_given_up_half_way_takes_its_connection_along():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script["RCPT"] = [Mishap.SAY_NOTHING]
        task = asyncio.create_task(send(mailer))
        await relay.heard("RCPT")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 2


async def test_a_domain_of_other_letters_goes_as_a_labels():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        assert isinstance(await send(mailer, "ann@BÜCHER.example"), Accepted)
    assert relay.envelopes[0].rcpt_tos == ["ann@xn--bcher-kva.example"]


async def test_a_local_part_of_other_letters_needs_a_relay_that_takes_them():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        outcome = await send(mailer, "rené@example.com")
        assert isinstance(outcome, Rejected)
        assert (outcome.code, outcome.enhanced) == (553, "5.6.7")
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 1
    async with (
        Relay(enable_SMTPUTF8=True) as relay,
        Mailer(settings(relay.port)) as mailer,
    ):
        assert isinstance(await send(mailer, "rené@example.com"), Accepted)
    assert relay.envelopes[0].rcpt_tos == ["rené@example.com"]


async def test_what_is_no_address_never_reaches_the_wire():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        outcome = await send(mailer, "ann@example.com>\r\nRCPT TO:<bo@example.com")
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.enhanced) == (553, "5.1.3")
    assert relay.connections == 0


async def test_a_relay_that_is_away_defers_the_message():
    async with Relay() as relay:
        port = relay.port
    async with Mailer(settings(port)) as mailer:
        outcome = await send(mailer)
        assert isinstance(outcome, Deferred)
        assert outcome.code == 0
        assert f"no connection to the relay {HOST}:{port}" in outcome.reply
        with pytest.raises(TryLater, match="no connection"):
            await mailer.probe()


@pytest.mark.parametrize(
    ("greeting", "code"),
    [("554 No service for you", 554), ("421 Busy", 421), ("hello", 0), ("", 0)],
)
async def test_a_relay_that_does_not_greet_us_defers_the_message(greeting, code):
    async def greet(_reader, writer):
        if greeting:
            writer.write(f"{greeting}\r\n".encode())
        writer.close()

    server = await asyncio.start_server(greet, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Mailer(settings(port)) as mailer:
        outcome = await send(mailer)
    assert isinstance(outcome, Deferred)
    assert outcome.code == code


async def test_a_relay_that_refuses_our_name_defers_the_message():
    async with Relay() as relay, Mailer(settings(relay.port)) as mailer:
        relay.script["EHLO"] = ["550 5.7.1 Who?"]
        outcome = await send(mailer)
    assert outcome == Deferred(
        code=550, reply=f"no connection to the relay {HOST}:{relay.port}: 5.7.1 Who?"
    )


async def test_tls_is_required_unless_told_otherwise():
    async with Relay() as relay, Mailer(settings(relay.port, tls="starttls")) as mailer:
        outcome = await send(mailer)
        assert isinstance(outcome, Deferred)
        assert "STARTTLS extension not supported" in outcome.reply
        with pytest.raises(Misconfigured, match="EVENTIDE_SMTP__TLS"):
            await mailer.probe()
    assert not relay.envelopes


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for "localhost" that signs itself, and a server that has it."""
    openssl = shutil.which("openssl")
    if openssl is None:  # pragma: no cover - most machines have it
        pytest.skip("there is no openssl program to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    make = (
        f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {key} -out {certificate}"
    )
    subprocess.run(make.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


@pytest.fixture
def trusted(certificate, monkeypatch) -> ssl.SSLContext:
    """That server's side, while OpenSSL on our side is told to trust it."""
    path, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return context


async def test_starttls_encrypts_before_anything_is_said(trusted):
    async with (
        Relay(tls_context=trusted, require_starttls=True) as relay,
        Mailer(settings(relay.port, host="localhost", tls="starttls")) as mailer,
    ):
        await mailer.probe()
        assert isinstance(await send(mailer), Accepted)
    assert len(relay.envelopes) == 1


async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(certificate):
    _, context = certificate
    async with (
        Relay(tls_context=context, require_starttls=True) as relay,
        Mailer(settings(relay.port, host="localhost", tls="starttls")) as mailer,
    ):
        outcome = await send(mailer)
        with pytest.raises(Misconfigured, match="EVENTIDE_SMTP__TLS"):
            await mailer.probe()
    assert not relay.envelopes
    assert isinstance(outcome, Deferred)
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.reply


async def test_implicit_tls_encrypts_from_the_first_byte(trusted):
    async with (
        Relay(listen_tls=trusted) as relay,
        Mailer(settings(relay.port, host="localhost", tls="implicit")) as mailer,
    ):
        assert isinstance(await send(mailer), Accepted)
    assert len(relay.envelopes) == 1


def only_ann(_server, _session, _envelope, _mechanism, given: LoginPassword):
    """Let in whoever knows the password."""
    is_known = given.login == b"ann" and given.password == b"right"
    return AuthResult(success=is_known, handled=False)


@pytest.mark.parametrize("password", ["right", "wrong"])
async def test_the_relay_lets_in_who_knows_the_password(password):
    async with (
        Relay(authenticator=only_ann, auth_require_tls=False) as relay,
        Mailer(
            settings(relay.port, username="ann", password=SecretStr(password))
        ) as mailer,
    ):
        outcome = await send(mailer)
        if password == "right":
            assert isinstance(outcome, Accepted)
            await mailer.probe()
        else:
            assert isinstance(outcome, Deferred)
            assert outcome.code == 535
            with pytest.raises(Misconfigured, match="EVENTIDE_SMTP__PASSWORD"):
                await mailer.probe()


async def test_no_password_reaches_a_log_or_a_reply():
    async with (
        Relay(authenticator=only_ann, auth_require_tls=False) as relay,
        Mailer(
            settings(relay.port, username="ann", password=SecretStr("hunter2"))
        ) as mailer,
    ):
        outcome = await send(mailer)
    assert "hunter2" not in repr(outcome)
