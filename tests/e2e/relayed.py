"""An evening of real people: their mails go through a relay, and some come back."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Self

from service.content.catalogue import Library
from service.content.templating import Templates
from service.domain.feedback import Bounced, Judgement
from service.domain.outbox import Lane
from service.domain.subscriber import Person, Status
from service.domain.tokens import Links
from service.domain.verp import Verp
from service.flows.bounces import Desk
from service.flows.deliver import Courier, deliver
from service.flows.plan import plan
from service.flows.refusals import judge
from service.flows.upkeep import upkeep
from service.mail.letters import Letters
from service.mail.relays import Relays
from service.settings import HERE, SmtpSettings
from service.store.engine import Store
from service.store.suppression import Reason
from tests.builders import NOON, REFUSALS, answers, subscriber
from tests.conftest import stop_clock
from tests.e2e.mailserver import BOUNCES, HOST, USER
from tests.fakes import StoppedClock
from tests.mail.relay import Relay

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
class Watched:
    """The desk, and whose mails of which nights came back to it.

    Two that watch one mailbox may both read a report: it counts once all the same.
    """

    desk: Desk
    done: set[tuple[int, date]] = field(default_factory=set)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def verp(self) -> Verp:
        return self.desk.verp

    async def receive(self, raw: bytes, recipient: str = "") -> Judgement:
        found = await self.desk.receive(raw, recipient)
        assert isinstance(found, Bounced)
        async with self.news:
            self.done.add((found.mailed.subscriber_id, found.mailed.night))
            self.news.notify_all()
        return found

    async def has_done(self, bounces: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: len(self.done) >= bounces)


@dataclass(frozen=True, kw_only=True)
class Evening:
    """People whose evening it is, numbered from 1, and a worker for them."""

    people: int
    store: Store
    library: Library
    letters: Letters
    desk: Watched
    clock: StoppedClock

    @classmethod
    async def of(cls, store: Store, library: Library, addresses: Sequence[str]) -> Self:
        """The evening of whoever lives at these addresses."""
        links = Links(keys=(b"k" * 32,), base_url="https://eventide.example")
        verp = Verp(keys=links.keys, address=f"{USER}@{BOUNCES}")
        clock = StoppedClock(NOON + timedelta(hours=8))
        await stop_clock(store, clock.now())
        await upkeep(store, now=clock.now())
        async with store.transaction() as tx:
            for id_, address in enumerate(addresses, start=1):
                person = Person(address=address, answers=answers())
                await tx.subscribers.add(
                    subscriber(id_, person=person), next_due_at=clock.now(), now=NOON
                )
        letters = Letters(
            library=library,
            templates=Templates(HERE / "templates"),
            links=links,
            verp=verp,
            sender_line="Eventide <tips@news.example.org>",
            operator_name="Eventide",
            postal_address="1 Example Street",
        )
        return cls(
            people=len(addresses),
            store=store,
            library=library,
            letters=letters,
            desk=Watched(Desk(store=store, verp=verp, refusals=REFUSALS, clock=clock)),
            clock=clock,
        )

    async def mailed(self, port: int) -> int:
        """Plan and send through the relay at `port`; how many mails there were."""
        smtp = SmtpSettings(host=HOST, port=port, tls="none", hostname="localhost")
        async with Relays(smtp, REFUSALS, clock=self.clock) as relays:
            courier = Courier(
                store=self.store,
                letters=self.letters,
                relays=relays,
                clock=self.clock,
                worker="one",
                lease=timedelta(minutes=5),
            )
            now = self.clock.now()
            await stop_clock(self.store, now)
            await judge(self.store, now=now)
            await upkeep(self.store, now=now)
            await plan(self.store, self.library, limit=2 * self.people, now=now)
            return await deliver(courier, Lane.EVENING)

    async def refused(self) -> set[int]:
        """The numbers of the people of whom a refusal is kept."""
        found = set()
        async with self.store.transaction() as tx:
            for id_ in range(1, self.people + 1):
                if await tx.refusals.of(id_):
                    found.add(id_)
        return found

    async def ended(self) -> set[int]:
        """The numbers of the people who get no mail because theirs was refused."""
        found = set()
        async with self.store.transaction() as tx:
            for id_ in range(1, self.people + 1):
                person = await tx.subscribers.get(id_)
                assert person is not None
                reason = await tx.suppression.reason(person.person.address)
                if person.status is Status.STOPPED:
                    assert reason is Reason.ADDRESS_UNKNOWN
                    found.add(id_)
                else:
                    assert (person.status, reason) == (Status.ACTIVE, None)
        return found
