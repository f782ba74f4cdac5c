"""The way to a relay: connections, TLS, signing in, and what is kept between messages."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import uvloop
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr

from service.domain.errors import Misconfigured, TryLater
from service.domain.outbox import Accepted, Refused, Unknown, Unsent
from service.domain.refusals import Stage
from service.mail.session import Patience
from tests.builders import relay_refused
from tests.mail.raw import Raw, Trick
from tests.mail.relay import HOST, Mishap, Relay
from tests.mail.sending import BIG, DATA, SOON, envelope, mailing, send, send_all


async def test_an_accepted_message_arrives_byte_for_byte():
    async with Relay() as relay, mailing(relay.port) as mailer:
        assert await send(mailer) == Accepted(reply="2.0.0 Taken")
    (envelope,) = relay.envelopes
    assert envelope.original_content == DATA
    assert envelope.mail_from == "tips@example.org"
    assert envelope.rcpt_tos == ["ann@example.com"]
    assert relay.commands[0] == "EHLO eventide.example"
    assert relay.commands[-1] == "QUIT"


async def test_without_a_setting_ehlo_says_the_name_of_this_machine():
    async with Relay() as relay, mailing(relay.port, hostname=None) as mailer:
        assert isinstance(await send(mailer), Accepted)
    assert relay.commands[0].startswith("EHLO ")


async def test_one_connection_serves_message_after_message():
    async with Relay() as relay, mailing(relay.port) as mailer:
        for _ in range(5):
            assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 1
    assert len(relay.envelopes) == 5
    assert "RSET" not in relay.commands


async def test_no_more_connections_are_open_than_the_setting_allows():
    async with Relay() as relay, mailing(relay.port, connections=3) as mailer:
        outcomes = await asyncio.gather(*(send(mailer) for _ in range(20)))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(relay.envelopes) == 20
    assert relay.at_once == relay.connections == 3


async def test_a_connection_that_the_relay_closed_meanwhile_is_opened_again():
    async with (
        Relay() as relay,
        mailing(relay.port, patience=Patience(idle=0)) as mailer,
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
        mailing(relay.port, patience=Patience(idle=0)) as mailer,
    ):
        assert isinstance(await send(mailer), Accepted)
        relay.script["NOOP"] = [answer]
        assert isinstance(await send(mailer), Accepted)
    assert "NOOP" in relay.commands
    assert relay.connections == connections


async def test_a_relay_that_does_not_say_goodbye_does_not_hold_us_up():
    async with (
        Relay() as relay,
        mailing(relay.port, patience=SOON) as mailer,
    ):
        assert isinstance(await send(mailer), Accepted)
        relay.script["QUIT"] = [Mishap.SAY_NOTHING]
    assert len(relay.envelopes) == 1


@pytest.mark.parametrize(
    ("stage", "answer", "kind"),
    [
        ("DATA", Mishap.HANG_UP, Unsent),
        ("DATA", Mishap.SAY_NOTHING, Unsent),
        ("MESSAGE", Mishap.HANG_UP, Unknown),
        ("MESSAGE", Mishap.SAY_NOTHING, Unknown),
        ("MESSAGE", "452 4.3.1 Full", Refused),
        ("RCPT", "550 5.1.1 Nobody", Refused),
    ],
)
async def test_a_message_that_went_wrong_leaves_the_next_one_alone(stage, answer, kind):
    async with (
        Relay() as relay,
        mailing(relay.port, patience=SOON) as mailer,
    ):
        relay.script[stage] = [answer]
        sent = asyncio.create_task(send(mailer))
        await relay.heard(stage)
        assert isinstance(await sent, kind)
        assert isinstance(await send(mailer), Accepted)
    assert len(relay.envelopes) == 1


async def test_a_domain_of_other_letters_goes_as_a_labels():
    async with Relay() as relay, mailing(relay.port) as mailer:
        assert isinstance(await send(mailer, "ann@BÜCHER.example"), Accepted)
    assert relay.envelopes[0].rcpt_tos == ["ann@xn--bcher-kva.example"]


async def test_a_local_part_of_other_letters_needs_a_relay_that_takes_them():
    async with Relay() as relay, mailing(relay.port) as mailer:
        outcome = await send(mailer, "rené@example.com")
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.enhanced) == (553, "5.6.7")
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 1
    async with (
        Relay(enable_SMTPUTF8=True) as relay,
        mailing(relay.port) as mailer,
    ):
        assert isinstance(await send(mailer, "rené@example.com"), Accepted)
    assert relay.envelopes[0].rcpt_tos == ["rené@example.com"]


async def test_what_is_no_address_never_reaches_the_wire():
    async with Relay() as relay, mailing(relay.port) as mailer:
        outcome = await send(mailer, "ann@example.com>\r\nRCPT TO:<bo@example.com")
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.enhanced) == (553, "5.1.3")
    assert relay.connections == 0


async def test_a_relay_that_is_away_defers_the_message():
    async with Relay() as relay:
        port = relay.port
    async with mailing(port) as mailer:
        outcomes = await send_all(mailer, "a@example.com", "b@example.com")
        for outcome in outcomes:
            assert isinstance(outcome, Unsent)
            assert f"no connection to the relay {HOST}:{port}" in outcome.reason
        with pytest.raises(TryLater, match="no connection"):
            await mailer.probe()


async def test_who_looks_for_a_relay_does_not_wait_as_long_as_a_message_does():
    patience = Patience(probe=0.2)
    async with Relay() as relay, mailing(relay.port, patience=patience) as mailer:
        relay.script["EHLO"] = [Mishap.SAY_NOTHING]
        with pytest.raises(TryLater, match="no connection to the relay"):
            await mailer.probe()


@pytest.mark.parametrize("greeting", ["554 No service for you", "421 4.3.2 Busy"])
async def test_a_relay_that_greets_us_with_a_no_refuses_the_message(greeting):
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["GREETING"] = [greeting]
        outcome = await send(mailer)
        assert isinstance(outcome, Refused)
        assert outcome.stage is Stage.CONNECT
        assert outcome.code == int(greeting[:3])
        assert isinstance(await send(mailer), Accepted)


async def test_a_no_in_other_letters_than_ascii_is_heard_like_any_other():
    async with Raw() as relay, mailing(relay.port, connections=2) as mailer:
        relay.script["GREETING"] = [b"554 Zugriff verweigert f\xfcr Sie\r\n"] * 2
        outcomes = await send_all(mailer, "a@example.com", "b@example.com")
    said = "Zugriff verweigert f?r Sie"
    found = relay_refused(Stage.CONNECT, 554, "", said)
    assert outcomes == [found, found]


async def test_what_breaks_a_connection_leaves_nobody_waiting():
    broken = envelope(data="no bytes")
    async with Raw() as relay, mailing(relay.port) as mailer:
        outcomes = await asyncio.gather(mailer.send(broken), send(mailer))
        assert [type(outcome) for outcome in outcomes] == [Unsent, Unsent]
        assert isinstance(await send(mailer), Accepted)


async def test_a_connection_on_which_the_relay_spoke_unasked_is_closed():
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["MESSAGE"] = ["250 2.0.0 Ok\r\n250 2.0.0 And more"]
        await send(mailer)
        await relay.is_alone()


@pytest.mark.parametrize("greeting", ["hello", "250 Hello", Mishap.HANG_UP])
async def test_what_does_not_greet_us_as_a_relay_was_sent_nothing(greeting):
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["GREETING"] = [greeting]
        assert isinstance(await send(mailer), Unsent)
        assert isinstance(await send(mailer), Accepted)


async def test_a_relay_that_refuses_our_name_refuses_the_message():
    async with Relay() as relay, mailing(relay.port) as mailer:
        relay.script["EHLO"] = ["550 5.7.1 Who?"]
        outcome = await send(mailer)
    assert outcome == relay_refused(Stage.CONNECT, 550, "5.7.1", "5.7.1 Who?")


async def test_an_answer_that_was_sneaked_in_before_the_first_message_is_noticed():
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["EHLO"] = ["250 raw.example\r\n250 2.0.0 Sneaked in"]
        outcome = await send(mailer)
        assert isinstance(await send(mailer), Accepted)
    assert isinstance(outcome, Unsent)
    assert "out of step" in outcome.reason
    assert relay.connections == 2


async def test_where_the_relay_wants_no_more_connections_the_others_do_the_work():
    async with Raw() as relay, mailing(relay.port, connections=9) as mailer:
        relay.script["GREETING"] = [None, None, *["421 4.7.0 Too many"] * 99]
        for _ in range(3):
            to = [f"{n}@example.com" for n in range(20)]
            outcomes = await send_all(mailer, *to)
            assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert relay.connections == 9
    assert len(relay.accepted) == 60


async def test_more_connections_are_asked_for_again_after_a_while():
    patience = Patience(refused=0)
    async with (
        Raw() as relay,
        mailing(relay.port, connections=2, patience=patience) as mailer,
    ):
        relay.script["GREETING"] = [None, "421 4.7.0 Too many"]
        await send_all(mailer, *(f"{n}@example.com" for n in range(9)))
        await send_all(mailer, *(f"{n}@example.com" for n in range(9)))
    assert relay.connections == 3


async def test_tls_is_required_unless_told_otherwise():
    async with Relay() as relay, mailing(relay.port, tls="starttls") as mailer:
        outcome = await send(mailer)
        assert isinstance(outcome, Unsent)
        assert "STARTTLS extension not supported" in outcome.reason
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


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("454 4.7.0 TLS not available", Refused),
        (Mishap.HANG_UP, Unsent),
        (Trick.STOP_READING, Unsent),
    ],
)
async def test_where_tls_cannot_be_had_nothing_is_sent_without(answer, kind):
    async with (
        Raw(("STARTTLS",)) as relay,
        mailing(relay.port, tls="starttls", patience=SOON) as mailer,
    ):
        relay.script["STARTTLS"] = [answer, answer]
        assert isinstance(await send(mailer), kind)
        with pytest.raises(TryLater):
            await mailer.probe()
    assert relay.commands == ["EHLO eventide.example", "STARTTLS"] * 2


async def test_a_connection_that_does_not_answer_after_a_pause_is_replaced():
    patience = Patience(idle=0, courtesy=0.1)
    async with (
        Relay() as relay,
        mailing(relay.port, patience=patience) as mailer,
    ):
        assert isinstance(await send(mailer), Accepted)
        relay.script["NOOP"] = [Mishap.SAY_NOTHING]
        assert isinstance(await send(mailer), Accepted)
    assert relay.connections == 2


LOOPS = [asyncio.run, uvloop.run]


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
def test_the_message_is_ours_to_say_on_every_kind_of_connection(trusted, run, tls):
    options = {
        "none": {},
        "starttls": {"tls_context": trusted, "require_starttls": True},
        "implicit": {"listen_tls": trusted},
    }[tls]

    async def story() -> None:
        async with (
            Relay(**options) as relay,
            mailing(relay.port, host="localhost", tls=tls) as mailer,
        ):
            await mailer.probe()
            outcomes = await send_all(mailer, "a@example.com", "b@example.com")
        assert {type(outcome) for outcome in outcomes} == {Accepted}
        assert [e.original_content for e in relay.envelopes] == [DATA, DATA]
        assert relay.connections == 2

    run(story())


@pytest.mark.parametrize("run", LOOPS)
@pytest.mark.parametrize("tls", ["none", "implicit"])
def test_messages_are_pipelined_and_chained_on_every_loop(trusted, run, tls):
    async def story() -> None:
        async with (
            Raw(ssl=None if tls == "none" else trusted) as relay,
            mailing(relay.port, host="localhost", tls=tls) as mailer,
        ):
            relay.script["DATA"] = [Trick.STOP_READING]
            sent = asyncio.create_task(mailer.send(envelope(data=BIG)))
            await relay.has_heard("DATA")
            relay.read_on()
            outcomes = await send_all(mailer, *(f"{n}@example.com" for n in "abc"))
            assert {type(outcome) for outcome in (*outcomes, await sent)} == {Accepted}
        assert relay.connections == 1
        assert len(relay.accepted) == 4

    run(story())


async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(certificate):
    _, context = certificate
    async with (
        Relay(tls_context=context, require_starttls=True) as relay,
        mailing(relay.port, host="localhost", tls="starttls") as mailer,
    ):
        outcome = await send(mailer)
        with pytest.raises(Misconfigured, match=r"SMTP__HOST: .*self-signed"):
            await mailer.probe()
    assert not relay.envelopes
    assert isinstance(outcome, Unsent)
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.reason


def only_ann(_server, _session, _envelope, _mechanism, given: LoginPassword):
    """Let in whoever knows the password."""
    is_known = given.login == b"ann" and given.password == b"right"
    return AuthResult(success=is_known, handled=False)


@pytest.mark.parametrize("password", ["right", "wrong"])
async def test_the_relay_lets_in_who_knows_the_password(password):
    async with (
        Relay(authenticator=only_ann, auth_require_tls=False) as relay,
        mailing(relay.port, username="ann", password=SecretStr(password)) as mailer,
    ):
        outcome = await send(mailer)
        if password == "right":
            assert isinstance(outcome, Accepted)
            await mailer.probe()
        else:
            assert isinstance(outcome, Refused)
            assert (outcome.stage, outcome.code) == (Stage.CONNECT, 535)
            with pytest.raises(Misconfigured, match="EVENTIDE_SMTP__PASSWORD"):
                await mailer.probe()


async def test_no_password_reaches_a_log_or_a_reply():
    async with (
        Relay(authenticator=only_ann, auth_require_tls=False) as relay,
        mailing(relay.port, username="ann", password=SecretStr("hunter2")) as mailer,
    ):
        outcome = await send(mailer)
    assert "hunter2" not in repr(outcome)
