"""Profile relay: our own Postfix signs what leaves, and lets in reports alone."""

from dataclasses import replace

import dkim
import pytest_asyncio

from tests.compose.deployment import (
    ON_AN_ENGINE,
    Deployment,
    deployed,
    free_port,
    until,
)
from tests.e2e.composed import OPERATOR, SENDER_DOMAIN, texts
from tests.worker.dialogue import Dialogue

pytestmark = [*ON_AN_ENGINE]

PEOPLE = 10
BOUNCES = OPERATOR["EVENTIDE_BOUNCES__ADDRESS"]
#: As docs/relays.md has it; the catcher is the organisation's gateway.
SETTINGS = {
    **OPERATOR,
    "EVENTIDE_SMTP__HOST": "relay",
    "EVENTIDE_SMTP__PORT": "587",
    "EVENTIDE_SMTP__TLS": "none",
    "EVENTIDE_SMTP__DKIM_SELECTOR": "eventide",
    "EVENTIDE_BOUNCES__LISTEN": "0.0.0.0:8024",
    "RELAY_NEXT_HOP": "[mail]:1025",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deployment(tmp_path_factory):
    async with deployed(tmp_path_factory.mktemp("relay")) as found:
        relay = {
            "COMPOSE_PROFILES": "relay",
            "RELAY_IMAGE": f"{found.variables['IMAGE']}-relay",
            "RELAY_PORT": str(free_port()),
        }
        lines = [f'{name}="{value}"' for name, value in SETTINGS.items()]
        (found.folder / "config" / "eventide.env").write_text("\n".join(lines))
        relayed = replace(found, variables={**found.variables, **relay})
        try:
            await relayed.up()
            yield relayed
        finally:
            await relayed.compose("down", "--volumes", "--timeout=5")
            await relayed.run("docker", "image", "rm", "--force", relay["RELAY_IMAGE"])


async def raw(deployment: Deployment) -> list[bytes]:
    """Every mail that has arrived, as it came."""
    found = []
    for mail in await deployment.mails():
        url = f"{deployment.catcher}/message/{mail.id}/raw"
        found.append((await deployment.http.get(url)).raise_for_status().content)
    return found


async def test_every_reminder_arrives_signed_by_a_key_that_is_printed(deployment):
    records = texts(await deployment.inside("signer", "relay records"))
    order = f"eventide seed --subscribers {PEOPLE} --due-now"
    await deployment.inside("web", order)
    await deployment.has_caught(PEOPLE)

    async def is_done() -> bool:
        waiting = await deployment.inside("relay", "postqueue -p")
        return waiting.strip() == "Mail queue is empty"

    await until(is_done)
    for mail in await raw(deployment):
        assert dkim.verify(
            mail, dnsfunc=lambda name, **_: records[name.decode()].encode()
        )
        head = mail.partition(b"\n\n")[0].replace(b"\r", b"").lower()
        signature = head.partition(b"received:")[0]
        assert f"d={SENDER_DOMAIN};".encode() in signature
        assert b"list-unsubscribe:list-unsubscribe-post:" in b"".join(signature.split())


async def test_from_outside_only_reports_get_in_and_reach_a_worker(deployment):
    async with Dialogue(int(deployment.variables["RELAY_PORT"])) as mx:
        await mx.says("EHLO mx.people.example")
        await mx.says(f"MAIL FROM:<tips@{SENDER_DOMAIN}>")
        abroad = await mx.says("RCPT TO:<ada@people.example>")
        report = await mx.says(f"RCPT TO:<{BOUNCES.replace('@', '+token@')}>")
        await mx.says("DATA")
        taken = await mx.says("Subject: Hello\r\n\r\nIs anybody there?\r\n.")

    assert abroad.startswith("554 5.7.1 ")
    assert report.startswith("250 ")
    assert taken == "250 2.0.0 Taken"

    async def is_kept() -> bool:
        return await deployment.sql("SELECT count(*) FROM feedback") == "1"

    await until(is_kept)


async def test_the_relay_holds_no_key_and_the_signer_reaches_no_world(deployment):
    key = await deployment.inside("relay", "ls /var/lib/dkim/")
    again = ["run", "--rm", "--no-deps", "signer", "records"]
    users = await deployment.inside("signer", "id -un; stat -c %a /var/lib/dkim/*.pem")
    away = await deployment.inside("signer", "getent hosts worker || echo nobody")

    assert key.strip() == ""
    printed = await deployment.inside("signer", "relay records")
    assert await deployment.compose(*again) == printed
    assert users.split() == ["opendkim", "600"]
    assert away.strip() == "nobody"
