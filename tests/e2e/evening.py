"""Three evenings of an invented town, lived through against a relay on loopback.

What the console shows of them is real: planned, sent, refused, late and lost by the
service's own flows, five minutes at a time.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aiosmtpd.smtp import SMTP, Envelope, Session

from service.content.catalogue import Library
from service.domain.night import first_slot
from service.domain.outbox import Lane
from service.domain.refusals import Verdict
from service.domain.subscriber import CONSENTS, Evening, Frequency, Person
from service.domain.synthetic import Crowd, Newcomer
from service.flows.deliver import Courier, deliver
from service.flows.plan import plan
from service.flows.upkeep import upkeep
from service.mail.letters import Letters
from service.mail.relays import Relays
from service.settings import SmtpSettings
from service.store.engine import Store
from tests.builders import REFUSALS, refused
from tests.conftest import stop_clock
from tests.fakes import StoppedClock

PEOPLE = 400
#: The first evening of three; the third is looked at in the middle of it.
BEGINS = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 20, 11, tzinfo=UTC)
A_STEP = timedelta(minutes=5)
#: On the last evening nobody is at work from then to then.
OUTAGE = (NOW - timedelta(minutes=150), NOW - timedelta(minutes=100))
MAILBOXES = (
    "gmail.com",
    "gmail.com",
    "outlook.com",
    "web.de",
    "yahoo.com",
    "icloud.com",
)
#: Most people choose seven o'clock.
HOURS = (16, 17, 17, 18, 18, 18, 19, 19, 19, 19, 19, 20, 20, 20, 21, 21, 22)


@dataclass
class Mailboxes:
    """A relay in front of mailboxes that do not all take everything."""

    tried: Counter[str] = field(default_factory=Counter)

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        number = int(address.removeprefix("person").partition("@")[0])
        self.tried[address] += 1
        if number % 83 == 0:
            return "550 5.1.1 no such user"
        if number % 31 == 0 and self.tried[address] % 2:
            return "451 4.2.1 try again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        return "250 2.0.0 taken"


@asynccontextmanager
async def mailboxes() -> AsyncIterator[int]:
    """The port of a relay in front of the town's mailboxes."""
    boxes = Mailboxes()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(boxes, hostname="relay"), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def lived(
    store: Store, library: Library, letters: Letters, clock: StoppedClock, port: int
) -> None:
    """Let the town live from BEGINS to NOW with the relay at `port`."""
    await stop_clock(store, clock.now())
    await upkeep(store, now=clock.now())
    await _settle(store, library, now=clock.now())
    smtp = SmtpSettings(host="127.0.0.1", port=port, tls="none", hostname="localhost")
    async with Relays(smtp, REFUSALS, clock=clock) as relays:
        courier = Courier(
            store=store,
            letters=letters,
            relays=relays,
            clock=clock,
            worker="town-1-a3f9c2e1",
            lease=timedelta(minutes=1),
        )
        while clock.now() < NOW:
            clock.move(min(A_STEP, NOW - clock.now()))
            if not OUTAGE[0] < clock.now() < OUTAGE[1]:
                await _work(store, library, courier, now=clock.now())
        # A console that looks at them believes the database's clock.
        async with store.transaction() as tx:
            await tx.workers.beat(courier.worker, per_second=18.4)
            await tx.workers.beat("town-2-77b01d5c", per_second=17.9)
    await _hear_back(store, now=clock.now())


async def _settle(store: Store, library: Library, *, now: datetime) -> None:
    crowd = Crowd(
        zones=("Europe/London",), countries=tuple(sorted(library.countries_by_code))
    )
    async with store.transaction() as tx:
        numbers = await tx.signups.new_ids(PEOPLE)
        people = [_neighbour(crowd, number, now=now) for number in numbers]
        await tx.subscribers.add_all(people, now=now)
        for number in numbers:
            await tx.consents.add(number, CONSENTS, version="2026-11", now=now)


def _neighbour(crowd: Crowd, number: int, *, now: datetime) -> Newcomer:
    someone = crowd.newcomer(number, now=now).subscriber
    mailbox = MAILBOXES[number % len(MAILBOXES)]
    evening = Evening(
        zone="Europe/London",
        minute=min(HOURS[number % len(HOURS)] * 60 + number % 4 * 15, 22 * 60),
        frequency=Frequency.EVERY,
        is_zone_confirmed=True,
    )
    person = Person(address=f"person{number}@{mailbox}", answers=someone.person.answers)
    first = first_slot(
        evening, subscriber_id=number, started_on=now.date(), taken=None, now=now
    )
    return Newcomer(
        subscriber=replace(
            someone, person=person, evening=evening, started_on=now.date()
        ),
        next_due_at=first.due_at,
    )


async def _work(
    store: Store, library: Library, courier: Courier, *, now: datetime
) -> None:
    """What a worker does at one moment."""
    await stop_clock(store, now)
    await upkeep(store, now=now)
    await plan(store, library, limit=PEOPLE, now=now)
    await deliver(courier, Lane.EVENING)


async def _hear_back(store: Store, *, now: datetime) -> None:
    """What the days after bring: bounces, complaints, mail nobody can use."""
    days = [now - timedelta(days=age) for age in (0, 2, 5, 12, 40)]
    async with store.transaction() as tx:
        await tx.refusals.end(7, Verdict.DEAD, mailbox="gmail", now=now)
        await tx.feedback.complained(8, now=now)
        for age in (0, 1, 2):
            night = now.date() - timedelta(days=age)
            await tx.refusals.note(refused(10, night=night, sent_at=days[0]))
        for age, day in enumerate(days):
            await tx.suppression.add(f"gone{age}@gmail.com", "unsubscribed", now=day)
            await tx.suppression.add(f"none{age}@web.de", "address_unknown", now=day)
        await tx.suppression.add("left@yahoo.com", "erased", now=days[3])
        await tx.feedback.keep(
            RETURNED, why="not signed here", has_token=False, now=days[1]
        )
        await tx.feedback.keep(
            b"From: x\r\n\r\n?", why="not a report", has_token=False, now=days[2]
        )


RETURNED = b"""\
From: MAILER-DAEMON@mx.example\r
To: bounce@eventide.example\r
Subject: Undelivered Mail Returned to Sender\r
Content-Type: text/plain\r
\r
I am sorry to have to tell you that your message could not be delivered.\r
<script>alert("what comes back is anybody's")</script>\r
"""
