"""Reports as relays and providers write them, from LMTP to the database."""

from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from service.domain.subscriber import Status
from service.flows.bounces import Desk
from service.settings import HERE
from service.worker.lmtp import listening
from tests.builders import REFUSALS
from tests.mail.returned import ADA, complaint, report
from tests.worker.dialogue import Dialogue

CASES = HERE / "tests" / "cases" / "bounces"
DEAD, SOFT, OURS = "hard bounce", "soft bounce", "refused by policy"
COMPLAINT, NOTHING = "complaint", "ignored"
#: What each file should be taken for.
WANTED = {
    "account-inactive": SOFT,
    "action-capital-spaces": DEAD,
    "challenge-response": NOTHING,
    "delayed": NOTHING,
    "dsn-in-attached-eml": DEAD,
    "dsn-no-blank-line": DEAD,
    "exchange-5.7.124-group": OURS,
    "exim-status-only": DEAD,
    "exim-words-x-failed": DEAD,
    "exo-5.4.1-dbeb": SOFT,
    "gmail-5.2.1-disabled": DEAD,
    "gmx-554-reputation": OURS,
    "hotmail-550-5.5.0": SOFT,
    "icloud-over-quota": SOFT,
    "invalid-recipient-words": DEAD,
    "lf-in-status-4-failed": SOFT,
    "lowercase-noangle-forwarded": DEAD,
    "mailbox-does-not-exist-de": DEAD,
    "mailenable-words": DEAD,
    "mimecast-greylist-5": SOFT,
    "netease-550-user-not-found": DEAD,
    "netease-554-dt-spm": OURS,
    "no-diagnostic-5.0.0": SOFT,
    "qmail-qsbmf": DEAD,
    "qq-550-ip-frequency": OURS,
    "redacted-final": DEAD,
    "relayed-mailbox-moved-551": DEAD,
    "status-in-brackets": DEAD,
    "tls-required-5.7.10": OURS,
    "token-uppercased": DEAD,
    "x400-final-recipient": DEAD,
    "yahoo-554-dd-no-account": DEAD,
    "yahoo-554.30-disabled": DEAD,
}


@pytest_asyncio.fixture
async def server(world, verp):
    """Says one mail over LMTP and tells what it was taken for; Ada had one tonight."""
    person = await world.join(ADA)
    await world.run(hours=8)
    desk = Desk(store=world.store, verp=verp, refusals=REFUSALS, clock=world.clock)

    async def handed_over(raw: bytes, recipient: str) -> str:
        async with AsyncExitStack() as open_:
            port = await open_.enter_async_context(listening(desk, "127.0.0.1:0"))
            server = await open_.enter_async_context(Dialogue(port))
            await server.says("LHLO mail.example.org")
            await server.says("MAIL FROM:<>")
            assert (await server.says(f"RCPT TO:<{recipient}>")).startswith("250 ")
            assert (await server.says("DATA")).startswith("354 ")
            text = raw.decode().rstrip("\n").replace("\n", "\r\n")
            assert (await server.says(f"{text}\r\n.")).startswith("250 ")
        async with world.store.transaction() as tx:
            status = (await tx.subscribers.get(person)).status
        (taken,) = desk.read()
        if taken in (OURS, NOTHING):
            assert status is Status.ACTIVE
        return taken

    return handed_over


def test_every_file_has_an_answer():
    assert {path.stem for path in CASES.iterdir()} == set(WANTED)


@pytest.mark.parametrize("name", sorted(WANTED))
async def test_a_report_leads_to_what_it_should(world, server, name):
    back_to = world.catcher.mails[-1].sender
    local, _, domain = back_to.partition("@")
    token = local.partition("+")[2]
    written = (CASES / f"{name}.eml").read_text(encoding="utf-8")
    for placeholder, value in (
        ("UTOKEN@bounce.example.org", f"{token.upper()}@{domain.upper()}"),
        ("TOKEN@bounce.example.org", f"{token}@{domain}"),
        ("ADDR", ADA),
    ):
        written = written.replace(placeholder, value)
    recipient = back_to.upper() if name == "token-uppercased" else back_to

    assert await server(written.encode(), recipient) == WANTED[name]


#: What went wrong in the first release, as a status and a diagnostic.
ONCE_WRONG = [
    ("4.4.1", "X-Postfix; connect to mx.example[192.0.2.1]:25: timed out", SOFT),
    ("4.4.3", "X-Postfix; Name service error for name=x.example type=MX", SOFT),
    ("5.1.1", "smtp; 550 5.7.1 IP address blacklisted", OURS),
    ("5.2.1", "smtp; 550-5.2.1 is receiving mail at a rate that prevents it", SOFT),
    ("5.1.1", "smtp; 550 5.1.1 has sent to too many recipients this hour", OURS),
    ("5.1.1", "smtp; 552 5.2.2 Over quota", SOFT),
    ("5.1.3", "smtp; 553 https://www.spamhaus.org/query/ip/192.0.2.1", OURS),
    ("5.1.3", "smtp; 553 sorry", SOFT),
    ("5.5.0", "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable", SOFT),
    ("5.4.4", "X-Postfix; Host not found", SOFT),
    ("5.7.1", "smtp; 550 5.7.1 No such user", SOFT),
    ("5.7.27", "smtp; 550 5.7.27 Recipient's domain has a null MX", SOFT),
    ("5.2.2", "smtp; 552 mailbox not found", SOFT),
    ("5.7.1", "smtp; 554 5.7.1 rejected", OURS),
    ("5.7.23", "smtp; 550 5.7.23 SPF validation failed", OURS),
    ("5.7.1", "smtp; 550 DMARC check failed", OURS),
    ("5.0.0", "smtp; 554 blocked using zen.spamhaus.org", OURS),
    ("5.0.0", "smtp; 554 Bad DNS PTR resource record", OURS),
    ("5.0.0", "smtp; 550 Mail rejected. ofr_506 [506]", OURS),
    ("5.0.0", "smtp; 554 DT:SPM 163", OURS),
    ("5.4.5", "smtp; 550 5.4.5 Daily sending quota exceeded", OURS),
    ("4.7.0", "smtp; 421 4.7.0 [TSS04] Messages temporarily deferred", OURS),
]


@pytest.mark.parametrize(("status", "diagnostic", "taken"), ONCE_WRONG)
async def test_who_is_to_blame_is_told_by_the_words_too(
    world, server, status, diagnostic, taken
):
    back_to = world.catcher.mails[-1].sender
    raw = report(back_to, status=status, diagnostic=diagnostic)

    assert await server(raw, back_to) == taken


async def test_an_action_of_their_own_counts(world, server):
    back_to = world.catcher.mails[-1].sender

    assert await server(report(back_to, action="expired"), back_to) == DEAD


async def test_a_bounce_sent_automatically_without_a_part_for_machines_counts(
    world, server
):
    back_to = world.catcher.mails[-1].sender
    raw = (
        f"From: Mail Delivery <mailer-daemon@mx.example>\nTo: {back_to}\n"
        "Subject: Undelivered\nAuto-Submitted: auto-replied\n\nWe are sorry.\n"
    )

    assert await server(raw.encode(), back_to) == SOFT


async def test_a_complaint_of_microsoft_or_about_several_is_heard(world, server):
    back_to = world.catcher.mails[-1].sender
    raw = (
        f"From: staff@hotmail.com\nTo: {back_to}\n"
        "Subject: complaint about message from 192.0.2.10\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
        "Content-Type: message/rfc822\n\n"
        f"X-HmXmrOriginalRecipient: {ADA}\nReturn-Path: <{back_to}>\n"
        "Subject: x\n\nGood evening\n--b--\n"
    )
    two = f"Original-Rcpt-To: <bo@example.org>\nOriginal-Rcpt-To: <{ADA}>"
    several = complaint(back_to).replace(
        f"Original-Rcpt-To: <{ADA}>".encode(), two.encode()
    )

    assert await server(raw.encode(), back_to) == COMPLAINT
    assert await server(several, back_to) == COMPLAINT
