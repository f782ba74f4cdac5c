"""Sign-ups with addresses that a relay refuses, and lists with dead addresses in them.

The clock stands still: whatever is left for later by a second is not sent here.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest
from aiosmtpd.smtp import SMTP
from structlog.testing import capture_logs

from service.domain.breaker import Gate
from service.domain.night import slot
from service.domain.outbox import Lane, State
from service.domain.requests import SignUp
from service.domain.subscriber import Person
from service.flows import requests
from service.flows.deliver import Courier, deliver
from service.flows.plan import plan
from service.flows.timekeeping import Timekeeper
from service.flows.upkeep import upkeep
from service.settings import SmtpSettings
from service.worker.lanes import couriers, lanes
from tests.builders import NOON, REFUSALS, TODAY, answers, evening, subscriber
from tests.conftest import stop_clock
from tests.fakes import StoppedClock, Trusting

#: Of Postfix: from the first on it answers late, after the second it hangs up.
LATE, ENOUGH = 10, 20
POISONED, READERS, DOMAINS = 300, 500, 50
ANSWERS = (
    "501 5.1.3 Bad recipient address syntax",
    "501 What address is that?",
    "550 5.5.0 Requested action not taken: mailbox unavailable",
    "550 5.1.1 User unknown",
    "553 No",
    "550 5.7.1 We do not want your mail",
    "530 5.7.0 Authentication required",
    "451 4.7.1 Greylisted",
    "450 4.2.1 The mailbox is busy",
    "452 4.3.1 Insufficient system storage",
    "421 4.7.0 Try again later",
)

DEAD = ("550 5.1.1 User unknown", "550 No such user here", "553 No", "550 5.5.0 No")


class _Call(SMTP):
    """One connection of the relay, which counts errors as Postfix does."""

    errors = 0

    async def push(self, status):
        if status[:1] in "45":
            self.errors += 1
            assert self.errors <= LATE, "the relay would answer late from now on"
        await super().push(status)


@dataclass
class Relay:
    """Takes mail to everybody but those whose local part is `poisoned`."""

    says: tuple[str, ...] = ANSWERS
    answers: Counter[str] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)
    port: int = 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Call(self, hostname="relay", loop=loop), "127.0.0.1", 0
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if address.startswith("poisoned"):
            answer = self.says[self.answers.total() % len(self.says)]
            self.answers[answer] += 1
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802
        server.errors = 0
        self.taken.update(envelope.rcpt_tos)
        return "250 2.0.0 taken"


async def readers(store, clock, addresses):
    """Subscribers whose evening it is."""
    async with store.transaction() as tx:
        for address in addresses:
            number = await tx.signups.new_id()
            place = evening(minute=19 * 60)
            due_at = slot(place, TODAY, subscriber_id=number).due_at
            who = Person(address=address, answers=answers())
            one = subscriber(number, person=who, evening=place)
            await tx.subscribers.add(one, next_due_at=due_at, now=clock.now())


async def asked(store, clock, *addresses):
    """Sign-up forms, sent by anybody."""
    for address in addresses:
        form = SignUp(
            address=address,
            answers=answers(),
            evening=evening(),
            language="en",
            consents=("health", "mail", "general"),
        )
        await requests.take(store, form, now=clock.now())
    await requests.answer(store, limit=len(addresses), now=clock.now())


@asynccontextmanager
async def worker(
    store, letters, relay, clock, **settings
) -> AsyncIterator[dict[Lane, Courier]]:
    """A worker's two lanes, at the relay."""
    smtp = SmtpSettings(
        host="127.0.0.1",
        port=relay.port,
        tls="none",
        hostname="localhost",
        **settings,
    )
    async with lanes(smtp, REFUSALS, clock) as used:
        yield couriers(
            used,
            store=store,
            letters=letters,
            timekeeper=cast("Timekeeper", Trusting(clock)),
            lease=timedelta(minutes=1),
            stop=asyncio.Event(),
        )


@pytest.fixture
async def tonight(store):
    """Ten past seven in the evening, and a relay."""
    clock = StoppedClock(NOON.replace(hour=19, minute=30))
    await stop_clock(store, clock.now())
    await upkeep(store, now=clock.now())
    relay = Relay()
    async with relay.up():
        yield relay, clock


async def test_poisoned_sign_ups_delay_nobody_s_mail_by_a_second(
    tonight, store, library, letters
):
    relay, clock = tonight
    people = [f"reader{n}@{n % DOMAINS}.example" for n in range(READERS)]
    await readers(store, clock, people)
    await asked(
        store,
        clock,
        *(f"poisoned{n}@{n % DOMAINS}.example" for n in range(POISONED)),
        "good@0.example",
    )
    while (await plan(store, library, limit=250, now=clock.now())).looked_at:
        pass

    with capture_logs() as lines:
        async with worker(store, letters, relay, clock) as both:
            await asyncio.gather(*(deliver(both[lane], lane) for lane in Lane))
            used = both[Lane.EVENING].relays
            gates = used.gates(now=clock.now())

    assert relay.taken == {*people, "good@0.example"}
    assert set(relay.answers) == set(ANSWERS)
    assert [gate for _, gate in gates] == [Gate.CLOSED]
    assert used.paused_domains(now=clock.now()) == 0
    assert {line["event"] for line in lines} == {"not sent"}


async def test_a_list_with_a_few_dead_addresses_leaves_no_relay_alone(
    tonight, store, library, letters
):
    relay, clock = tonight
    relay.says = DEAD
    addresses = [
        f"{'poisoned' if n % 100 == 7 else 'reader'}{n}@{n % DOMAINS}.example"
        for n in range(2000)
    ]
    await readers(store, clock, addresses)
    while (await plan(store, library, limit=250, now=clock.now())).looked_at:
        pass

    with capture_logs() as lines:
        async with worker(store, letters, relay, clock) as both:
            await deliver(both[Lane.EVENING], Lane.EVENING)
            gates = both[Lane.EVENING].relays.gates(now=clock.now())

    assert relay.taken == {each for each in addresses if each.startswith("reader")}
    assert relay.answers.total() == 20
    assert [gate for _, gate in gates] == [Gate.CLOSED]
    assert {line["event"] for line in lines} == {"not sent"}
    states = Counter(line["state"] for line in lines)
    assert set(states) == {State.FAILED}


async def test_poisoned_sign_ups_take_no_reader_s_turn_at_a_domain_with_a_rate(
    tonight, store, library, letters
):
    relay, clock = tonight
    people = [f"reader{n}@large.example" for n in range(5)]
    await readers(store, clock, people)
    await asked(store, clock, *(f"poisoned{n}@large.example" for n in range(POISONED)))
    while (await plan(store, library, limit=250, now=clock.now())).looked_at:
        pass

    async with worker(store, letters, relay, clock, domain_rate=1) as both:
        await deliver(both[Lane.PRIORITY], Lane.PRIORITY)
        await deliver(both[Lane.PRIORITY], Lane.PRIORITY)
        await deliver(both[Lane.EVENING], Lane.EVENING)

    assert relay.answers.total() == 5
    assert relay.taken == {*people}
