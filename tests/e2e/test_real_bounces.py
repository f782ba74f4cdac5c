"""A real Postfix takes the evening's mail, and reports by mail who is not there."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from service.settings import BouncesSettings
from service.worker.intake import intake
from service.worker.lmtp import listening
from tests.e2e import mailserver
from tests.e2e.mailserver import HOST, dovecot, postfix
from tests.e2e.relayed import Evening, NextHop

pytestmark = pytest.mark.skipif(
    bool(mailserver.missing()), reason=mailserver.missing() or "it can run"
)
PEOPLE = 1000
#: Every twentieth has left: 5 %.
GONE = frozenset(range(20, PEOPLE + 1, 20))


@pytest_asyncio.fixture
async def evening(store, library) -> Evening:
    names = ["gone" if id_ in GONE else "here" for id_ in range(1, PEOPLE + 1)]
    addresses = [
        f"{name}{id_}@d{id_ % 7}.example" for id_, name in enumerate(names, start=1)
    ]
    return await Evening.of(store, library, addresses)


@pytest.fixture
def home():
    # Not pytest's folder: Postfix's own user must be able to reach it.
    with tempfile.TemporaryDirectory(prefix="eventide-postfix-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def three_evenings(evening, hop, port):
    """Mails come back on two; on the third only those who are there get one."""
    for nights in (1, 2):
        assert await evening.mailed(port) == PEOPLE
        await evening.desk.has_done(nights * len(GONE))
        assert await evening.refused() == GONE
        assert await evening.ended() == set()
        evening.clock.move(timedelta(days=1))

    assert await evening.mailed(port) == PEOPLE - len(GONE)
    assert await evening.ended() == GONE
    await hop.has_taken(3 * (PEOPLE - len(GONE)))
    assert len(set(hop.reached)) == PEOPLE - len(GONE)
    assert len(evening.desk.done) == 2 * len(GONE)
    assert {who for who, _ in evening.desk.done} == GONE


async def test_reports_in_a_mailbox_end_the_mails_of_exactly_those_who_are_gone(
    evening, home, monkeypatch
):
    maildir = home / "postfix" / "maildir"
    async with (
        NextHop() as hop,
        postfix(home / "postfix", next_hop=hop.port) as port,
        dovecot(home / "dovecot", maildir) as (imap_port, certificate),
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        place = mailbox(imap_port)
        # As two workers would, at the same time.
        async with intake(evening.desk, place), intake(evening.desk, place):
            await three_evenings(evening, hop, port)

        assert list((maildir / "new").iterdir()) == []


def mailbox(port):
    return BouncesSettings(
        imap_host="localhost",
        imap_port=port,
        imap_user=mailserver.USER,
        imap_password=mailserver.PASSWORD,
    )


async def test_reports_over_lmtp_end_the_mails_of_exactly_those_who_are_gone(
    evening, home
):
    async with (
        NextHop() as hop,
        listening(evening.desk, f"{HOST}:0") as lmtp,
        postfix(home / "postfix", next_hop=hop.port, lmtp=lmtp) as port,
    ):
        await three_evenings(evening, hop, port)
