"""A real Postfix takes the evening's mail, and reports by mail who is not there."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from service.content.catalogue import Library
from service.content.templating import Templates
from service.domain.feedback import Verdict
from service.domain.outbox import Lane
from service.domain.subscriber import Person, Status
from service.domain.tokens import Links
from service.domain.verp import Verp
from service.flows.bounces import Desk
from service.flows.deliver import Courier, deliver
from service.flows.plan import plan
from service.flows.upkeep import upkeep
from service.mail.letters import Letters
from service.mail.relays import Relays
from service.settings import HERE, BouncesSettings, SmtpSettings
from service.store.engine import Store
from service.store.suppression import Reason
from service.worker.intake import intake
from service.worker.lmtp import listening
from tests.builders import NOON, answers, subscriber
from tests.e2e import mailserver
from tests.e2e.mailserver import BOUNCES, HOST, dovecot, postfix
from tests.fakes import StoppedClock
from tests.mail.relay import Relay

pytestmark = pytest.mark.skipif(
    bool(mailserver.missing()), reason=mailserver.missing() or "it can run"
)
PEOPLE = 1000
#: Every twentieth has left: 5 %.
GONE = frozenset(range(20, PEOPLE + 1, 20))
PATIENCE_SECONDS = 240


class NextHop(Relay):
    """The host that all mail is for; nobody called `gone` lives there."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    async def has_taken(self, mails: int) -> None:
        """Return once it has accepted so many."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.envelopes) < mails:  # pragma: no cover - if it is slower
                self._news.clear()
                await self._news.wait()

    def step(self, command, arg=None):
        usual = super().step(command, arg)
        self._news.set()
        is_gone = command == "RCPT" and "gone" in (arg or "")
        return "550 5.1.1 no such user here" if is_gone else usual

    @property
    def reached(self) -> list[str]:
        return [to for envelope in self.envelopes for to in envelope.rcpt_tos]


@dataclass
class Counter:
    """The desk, and how many bounces were done at it."""

    desk: Desk
    done: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def verp(self) -> Verp:
        return self.desk.verp

    async def receive(self, raw: bytes, recipient: str = "") -> Verdict:
        found = await self.desk.receive(raw, recipient)
        async with self.news:
            self.done += 1
            self.news.notify_all()
        return found

    async def has_done(self, bounces: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: self.done >= bounces)


@dataclass(frozen=True, kw_only=True)
class Evening:
    """A thousand people whose evening it is, and a worker for them."""

    store: Store
    library: Library
    letters: Letters
    desk: Counter
    clock: StoppedClock

    async def mailed(self, port: int) -> int:
        """Plan and send through the relay at `port`; how many mails there were."""
        smtp = SmtpSettings(host=HOST, port=port, tls="none", hostname="localhost")
        async with Relays(smtp, clock=self.clock) as relays:
            courier = Courier(
                store=self.store,
                letters=self.letters,
                relays=relays,
                clock=self.clock,
                worker="one",
                lease=timedelta(minutes=5),
            )
            now = self.clock.now()
            await upkeep(self.store, now=now)
            await plan(self.store, self.library, limit=2 * PEOPLE, now=now)
            return await deliver(courier, Lane.EVENING)

    async def silenced(self) -> set[int]:
        """The numbers of the people who get no mail because theirs bounced."""
        found = set()
        async with self.store.transaction() as tx:
            for id_ in range(1, PEOPLE + 1):
                person = await tx.subscribers.get(id_)
                assert person is not None
                reason = await tx.suppression.reason(person.person.address)
                if person.status is Status.SUPPRESSED:
                    assert reason is Reason.ADDRESS_UNKNOWN
                    found.add(id_)
                else:
                    assert (person.status, reason) == (Status.ACTIVE, None)
        return found


@pytest_asyncio.fixture
async def evening(store, library) -> Evening:
    links = Links(keys=(b"k" * 32,), base_url="https://eventide.example")
    verp = Verp(keys=links.keys, address=f"{mailserver.USER}@{BOUNCES}")
    clock = StoppedClock(NOON + timedelta(hours=8))
    await upkeep(store, now=clock.now())
    async with store.transaction() as tx:
        for id_ in range(1, PEOPLE + 1):
            name = "gone" if id_ in GONE else "here"
            person = Person(
                address=f"{name}{id_}@d{id_ % 7}.example", answers=answers()
            )
            await tx.subscribers.add(
                subscriber(id_, person=person), next_due_at=clock.now(), now=NOON
            )
    return Evening(
        store=store,
        library=library,
        letters=Letters(
            library=library,
            templates=Templates(HERE / "templates"),
            links=links,
            verp=verp,
            sender_line="Eventide <evening@eventide.example>",
            operator_name="Eventide",
            postal_address="1 Example Street",
        ),
        desk=Counter(Desk(store=store, verp=verp, clock=clock)),
        clock=clock,
    )


@pytest.fixture
def home():
    # Not pytest's folder: Postfix's own user must be able to reach it.
    with tempfile.TemporaryDirectory(prefix="eventide-postfix-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def two_evenings(evening, hop, port):
    """Tonight's mails come back; tomorrow only those who are there get one."""
    assert await evening.mailed(port) == PEOPLE
    await evening.desk.has_done(len(GONE))

    assert await evening.silenced() == GONE
    evening.clock.move(timedelta(days=1))
    assert await evening.mailed(port) == PEOPLE - len(GONE)
    await hop.has_taken(2 * (PEOPLE - len(GONE)))
    assert len(set(hop.reached)) == PEOPLE - len(GONE)
    assert evening.desk.done == len(GONE)


async def test_reports_in_a_mailbox_silence_exactly_those_who_are_gone(
    evening, home, monkeypatch
):
    maildir = home / "postfix" / "maildir"
    async with (
        NextHop() as hop,
        postfix(home / "postfix", next_hop=hop.port) as port,
        dovecot(home / "dovecot", maildir) as (imap_port, certificate),
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with intake(evening.desk, mailbox(imap_port)):
            await two_evenings(evening, hop, port)

        assert list((maildir / "new").iterdir()) == []


def mailbox(port):
    return BouncesSettings(
        imap_host="localhost",
        imap_port=port,
        imap_user=mailserver.USER,
        imap_password=mailserver.PASSWORD,
    )


async def test_reports_over_lmtp_silence_exactly_those_who_are_gone(evening, home):
    async with (
        NextHop() as hop,
        listening(evening.desk, f"{HOST}:0") as lmtp,
        postfix(home / "postfix", next_hop=hop.port, lmtp=lmtp) as port,
    ):
        await two_evenings(evening, hop, port)
