"""The relay of the compose file signs what leaves, and is open to reports alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from typing import cast

import dkim
import pytest
import pytest_asyncio

from service.flows.bounces import Desk
from service.worker.lmtp import listening
from tests.e2e import composed as compose_file
from tests.e2e.composed import (
    HOSTNAME,
    OPERATOR,
    SENDER_DOMAIN,
    Composed,
    composed,
    relay,
    settings,
)
from tests.e2e.mailserver import BOUNCES, HOST, USER, free_port
from tests.e2e.relayed import Evening, NextHop
from tests.mail.returned import report
from tests.worker.dialogue import Dialogue

pytestmark = pytest.mark.skipif(
    bool(compose_file.missing()), reason=compose_file.missing() or "it can run"
)
#: RFC 8058, 4: one-click unsubscribe is to be signed; and what Gmail goes by.
SIGNED = {"list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id"}
#: What cannot be there twice, lest a second one be added.
SEALED = {"from", "to", "subject", "date", "message-id"}
SEALED |= {"list-unsubscribe", "list-unsubscribe-post"}
HERE, GONE = (1, "here@people.example"), (2, "gone@people.example")
REPORTER = "EHLO mx.people.example"


@dataclass(frozen=True, kw_only=True)
class Running:
    """Two people's evening, the relay, and the host that all mail is for."""

    evening: Evening
    hop: NextHop
    relay: Composed

    async def reminder(self):
        """The one that arrives, as the recipient's host gets it, with its envelope."""
        assert await self.evening.mailed(self.relay.submission) == 2
        await self.hop.has_taken(1)
        (envelope,) = self.hop.envelopes
        return envelope


@pytest.fixture
def folder():
    with compose_file.home() as found:
        yield found


@pytest_asyncio.fixture
async def running(store, library, folder):
    evening = await Evening.of(store, library, [HERE[1], GONE[1]])
    async with (
        NextHop() as hop,
        listening(cast("Desk", evening.desk), f"{HOST}:0") as worker,
        composed(folder, next_hop=hop.port, worker=worker) as found,
    ):
        yield Running(evening=evening, hop=hop, relay=found)


def verifies(mail: bytes, published: Mapping[str, str]) -> bool:
    """Whether the signature holds, by the key that the operator would have published."""

    def look_up(name: bytes, **_: object) -> bytes:
        return published[name.decode()].encode()

    return dkim.verify(mail, dnsfunc=look_up)


def tags(mail: bytes) -> dict[str, str]:
    """What the mail's one signature says, by its tags in lower case."""
    (value,) = message_from_bytes(mail).get_all("DKIM-Signature") or [""]
    pairs = [tag.partition("=") for tag in "".join(value.split()).split(";")]
    return {name: text.lower() for name, _, text in pairs}


async def test_a_reminder_leaves_with_one_click_unsubscribe_signed(running):
    envelope = await running.reminder()

    assert verifies(envelope.original_content, running.relay.texts)
    signature = tags(envelope.original_content)
    assert signature["d"] == SENDER_DOMAIN
    assert signature["a"] == "rsa-sha256"
    assert signature["c"] == "relaxed/relaxed"
    signed = Counter(signature["h"].split(":"))
    assert signed.keys() >= SIGNED
    assert {name for name, times in signed.items() if times == 2} == SEALED
    assert envelope.mail_from.endswith(f"@{BOUNCES}")


async def test_whoever_passes_a_reminder_on_can_change_no_header_of_it(running):
    mail = (await running.reminder()).original_content

    for change in (
        mail.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=None"),
        mail.replace(b"List-Unsubscribe: <https://", b"List-Unsubscribe: <https://x"),
        b"List-Unsubscribe: <https://elsewhere.example>\r\n" + mail,
        b"Subject: Something else\r\n" + mail,
    ):
        assert change != mail
        assert not verifies(change, running.relay.texts)


async def test_what_a_host_refuses_comes_back_and_counts_for_exactly_that_person(
    running,
):
    envelope = await running.reminder()

    await running.evening.desk.has_done(1)
    assert envelope.rcpt_tos == [HERE[1]]
    assert await running.evening.refused() == {GONE[0]}


async def test_a_report_of_another_host_is_answered_when_a_worker_has_done_it(running):
    envelope = await running.reminder()
    bounces = envelope.mail_from
    raw = report(bounces, about=HERE[1], sender=bounces).replace(b"\n", b"\r\n")

    async with Dialogue(running.relay.mx) as mx:
        assert "STARTTLS" in await mx.says(REPORTER)
        await mx.says("MAIL FROM:<>")
        assert (await mx.says(f"RCPT TO:<{bounces}>")).startswith("250 ")
        await mx.says("DATA")
        answer = await mx.says(f"{raw.decode()}.")

    assert answer.startswith("250 2.0.0 Taken")
    assert HERE[0] in {who for who, _ in running.evening.desk.done}


async def test_nobody_outside_gets_anything_passed_on(running):
    async with Dialogue(running.relay.mx) as mx:
        await mx.says(REPORTER)
        # From this machine, as much may seem to come from when a port is published.
        await mx.says(f"MAIL FROM:<tips@{SENDER_DOMAIN}>")
        abroad = await mx.says("RCPT TO:<ada@people.example>")
        beside = await mx.says(f"RCPT TO:<postmaster@{BOUNCES}>")

    assert abroad.startswith("554 5.7.1 ")
    assert beside.startswith("550 5.1.1 ")


async def test_a_report_that_no_worker_takes_stays_with_its_host(folder):
    nobody = free_port()
    async with (
        composed(folder, next_hop=nobody, worker=nobody) as found,
        Dialogue(found.mx) as mx,
    ):
        await mx.says(REPORTER)
        await mx.says("MAIL FROM:<>")
        answer = await mx.says(f"RCPT TO:<{USER}@{BOUNCES}>")

    assert answer.startswith("451 ")


async def test_without_its_signer_nothing_leaves_unsigned(running):
    await running.relay.loses_its_signer()

    async with Dialogue(running.relay.submission) as submission:
        await submission.says("EHLO worker")
        answer = await submission.says(f"MAIL FROM:<{USER}@{BOUNCES}>")
    await running.evening.mailed(running.relay.submission)

    assert answer.startswith("451 4.7.1 ")
    assert running.hop.envelopes == []


async def test_what_is_to_be_published_is_printed_as_a_zone_file(folder):
    nobody = free_port()
    async with composed(folder, next_hop=nobody, worker=nobody) as found:
        published = dict(found.texts)

    assert published.pop(f"eventide._domainkey.{SENDER_DOMAIN}.").startswith(
        "v=DKIM1; k=rsa; p="
    )
    assert published == {
        f"{HOSTNAME}.": "v=spf1 a -all",
        f"{BOUNCES}.": f"v=spf1 a:{HOSTNAME} -all",
        f"_dmarc.{SENDER_DOMAIN}.": "v=DMARC1; p=none",
    }
    assert f"{BOUNCES}. 3600 IN MX 10 {HOSTNAME}." in found.records


async def test_the_key_is_made_once_and_nobody_else_may_read_it(folder):
    before = relay("records", settings(folder, **OPERATOR)).stdout
    nobody = free_port()
    async with composed(folder, next_hop=nobody, worker=nobody) as found:
        pass

    assert found.records == before
    assert (folder / "keys" / "eventide.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("RELAY_HOSTNAME", "", "RELAY_HOSTNAME is not set"),
        ("RELAY_HOSTNAME", "localhost", "RELAY_HOSTNAME cannot be used: localhost"),
        ("RELAY_HOSTNAME", "mail.example.org|e id", "RELAY_HOSTNAME cannot be used"),
        (
            "EVENTIDE_SMTP__DKIM_SELECTOR",
            "../key",
            "EVENTIDE_SMTP__DKIM_SELECTOR cannot",
        ),
        ("RELAY_NEXT_HOP", "a/b", "RELAY_NEXT_HOP cannot be used: a/b"),
        ("RELAY_HOSTNAME", BOUNCES, "RELAY_HOSTNAME is also the domain of an address"),
        ("EVENTIDE_SMTP__SENDER", "Eventide", "EVENTIDE_SMTP__SENDER cannot be used"),
        ("EVENTIDE_BOUNCES__ADDRESS", "", "EVENTIDE_BOUNCES__ADDRESS is not set"),
        (
            "EVENTIDE_BOUNCES__ADDRESS",
            f"bounce@{SENDER_DOMAIN}",
            "EVENTIDE_BOUNCES__ADDRESS is in the domain of the sender",
        ),
    ],
)
@pytest.mark.parametrize("command", ["postfix", "records"])
def test_a_setting_that_cannot_be_used_stops_the_start_by_its_name(
    folder, command, name, value, fault
):
    done = relay(command, settings(folder, **{**OPERATOR, name: value}))

    assert done.returncode == 1
    assert done.stderr.startswith(f"relay: {fault}")
    assert len(done.stderr.splitlines()) == 1
