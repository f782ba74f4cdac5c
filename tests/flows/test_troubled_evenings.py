"""Evenings on which a relay is slow, refuses a domain, or is away for hours.

The clock is stepped from minute to minute, and each minute a worker's ticks are run.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import cast

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP

from service.domain.night import Slot, slot
from service.domain.outbox import Kind, Lane, State
from service.domain.subscriber import Person, Status
from service.domain.verp import Verp
from service.flows.bounces import Desk
from service.flows.deliver import Courier
from service.flows.explain import explain
from service.flows.timekeeping import Timekeeper
from service.flows.upkeep import upkeep
from service.mail.relays import Relays
from service.settings import SmtpSettings
from service.store.engine import Store
from service.worker.figures import Figures
from service.worker.shift import Shift
from tests.builders import REFUSALS, TODAY, answers, evening, subscriber
from tests.conftest import stop_clock
from tests.fakes import StoppedClock, Trusting

A_MINUTE = timedelta(minutes=1)
DOMAINS = ("large.example", "small.example", "strict.example")
#: Everybody who is not in the middle of it is mailed within so long.
SOON = timedelta(minutes=10)


def at(hour: int, minute: int = 0) -> datetime:
    """A time on the evening of TODAY, in London."""
    return datetime.combine(TODAY, time(hour, minute), tzinfo=UTC)


@dataclass
class Relay:
    """A relay that answers RCPT by `refusals`, by domain, and notes when it took what.

    `at_first` it says to every address that it meets, for less than a minute.
    """

    clock: StoppedClock
    port: int = 0
    at_first: str = ""
    met: dict[str, datetime] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    taken: dict[str, list[datetime]] = field(default_factory=dict)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """It listens; on leaving it hangs up on everybody, and nobody is there."""
        loop = asyncio.get_running_loop()
        calls: list[SMTP] = []

        def answer() -> SMTP:
            calls.append(SMTP(self, hostname="relay", loop=loop))
            return calls[-1]

        server = await loop.create_server(answer, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for line in filter(None, (call.transport for call in calls)):
                line.close()
            await server.wait_closed()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        domain = address.partition("@")[2]
        self.tries[domain] += 1
        if domain in self.refusals:
            return self.refusals[domain]
        met = self.met.setdefault(address, self.clock.now())
        if self.at_first and self.clock.now() < met + A_MINUTE:
            return self.at_first
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        for address in envelope.rcpt_tos:
            self.taken.setdefault(address, []).append(self.clock.now())
        return "250 2.0.0 taken"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody, and when their mail may come."""

    id: int
    address: str
    slot: Slot


@dataclass(frozen=True, kw_only=True)
class Evening:
    """One worker, its relay, and people whose times are spread over the evening."""

    store: Store
    shift: Shift
    relay: Relay
    clock: StoppedClock
    readers: tuple[Reader, ...]

    async def until(self, instant: datetime) -> None:
        """Let the minutes pass, each with its ticks."""
        while self.clock.now() < instant:
            self.clock.move(A_MINUTE)
            await stop_clock(self.store, self.clock.now())
            await self.shift.plan()
            await self.shift.deliver(Lane.EVENING)
            await self.shift.keep()

    async def states(self) -> dict[str, tuple[State, str | None]]:
        """What became of everybody's reminder, and why."""
        async with self.store.transaction() as tx:
            return {
                reader.address: (found.state, found.reason)
                for reader in self.readers
                for found in await tx.outbox.state_of(reader.id, TODAY)
                if found.kind is Kind.REMINDER
            }

    def mailed_at(self, reader: Reader) -> datetime | None:
        """When their mail was taken; more than one would be an error here."""
        (instant,) = self.relay.taken.get(reader.address, [None])
        return instant

    async def is_told_as_it_was(self) -> bool:
        """Whether all have one mail inside their time, or none and `expired`."""
        states = await self.states()
        for reader in self.readers:
            mailed = self.mailed_at(reader)
            if mailed is None:
                assert states[reader.address][0] is State.EXPIRED
            else:
                assert states[reader.address][0] is State.SENT
                assert reader.slot.due_at <= mailed < reader.slot.expires_at
        return len(states) == len(self.readers)


#: Three in each domain for every quarter of an hour from 16:00 to 22:00.
PEOPLE = [
    (f"person{n}@{DOMAINS[n % len(DOMAINS)]}", 16 * 60 + 15 * (n // 3 // len(DOMAINS)))
    for n in range(25 * 3 * len(DOMAINS))
]
AWAY = ("away0.example", "away1.example", "away2.example")
#: Twelve at domains that are away, all at seven; ten others for every half an hour.
FEW_AWAY = [(f"person{n}@{AWAY[n % 3]}", 19 * 60) for n in range(12)] + [
    (f"person{minute}n{n}@home{n % 5}.example", minute)
    for minute in range(19 * 60, 21 * 60 + 1, 30)
    for n in range(10)
]
AT_SEVEN = [(f"person{n}@home{n % 15}.example", 19 * 60) for n in range(150)]


async def settled(
    store: Store, people: list[tuple[str, int]], clock: StoppedClock
) -> tuple[Reader, ...]:
    """Subscribers with these addresses and chosen minutes."""
    readers: list[Reader] = []
    async with store.transaction() as tx:
        for address, minute in people:
            number = await tx.signups.new_id()
            place = evening(minute=minute)
            found = slot(place, TODAY, subscriber_id=number)
            who = Person(address=address, answers=answers())
            one = subscriber(number, person=who, evening=place)
            await tx.subscribers.add(one, next_due_at=found.due_at, now=clock.now())
            readers.append(Reader(id=number, address=address, slot=found))
    return tuple(readers)


@pytest_asyncio.fixture
async def tonight(request, store, library, letters) -> AsyncIterator[Evening]:
    """Half past three in the afternoon; the relay is not up yet."""
    people = getattr(request, "param", PEOPLE)
    clock = StoppedClock(at(15, 30))
    relay = Relay(clock=clock)
    async with relay.up():
        pass  # Its port is known from now on.
    smtp = SmtpSettings(
        host="127.0.0.1", port=relay.port, tls="none", hostname="localhost"
    )
    await stop_clock(store, clock.now())
    async with Relays(smtp, REFUSALS, clock=clock) as relays:
        await upkeep(store, now=clock.now())
        courier = Courier(
            store=store,
            letters=letters,
            relays=relays,
            clock=clock,
            worker="one",
            lease=A_MINUTE,
        )
        shift = Shift(
            store=store,
            library=library,
            clock=clock,
            timekeeper=cast("Timekeeper", Trusting(clock)),
            couriers={Lane.EVENING: courier},
            desk=Desk(
                store=store,
                verp=Verp(keys=(b"k" * 32,), address=""),
                refusals=REFUSALS,
                clock=clock,
            ),
            figures=Figures(),
        )
        readers = await settled(store, people, clock)
        yield Evening(
            store=store, shift=shift, relay=relay, clock=clock, readers=readers
        )


@pytest.mark.parametrize("begins", [at(18), at(22, 20)], ids=["at six", "late"])
async def test_a_relay_that_has_no_time_for_an_hour_costs_nobody_their_mail(
    tonight, begins
):
    async with tonight.relay.up():
        await tonight.until(begins)
        tonight.relay.refusals = dict.fromkeys(DOMAINS, "451 4.3.0 no time for you")
        await tonight.until(begins + timedelta(hours=1))
        tonight.relay.refusals = {}
        await tonight.until(at(23, 59))

    assert await tonight.is_told_as_it_was()
    # The last try is a minute before the deadline, and by then the hour was over.
    late = begins + timedelta(hours=1) + A_MINUTE
    assert all(
        tonight.mailed_at(reader)
        for reader in tonight.readers
        if reader.slot.expires_at > late
    )


async def test_a_domain_that_refuses_us_by_policy_is_left_alone_and_no_other(tonight):
    tonight.relay.refusals = {"strict.example": "550 5.7.1 not from you"}

    async with tonight.relay.up():
        await tonight.until(at(23, 59))

    states = await tonight.states()
    for reader in tonight.readers:
        state, reason = states[reader.address]
        if reader.address.endswith("@strict.example"):
            assert (state, reader.address in tonight.relay.taken) == (
                State.EXPIRED,
                False,
            )
            assert reason
        else:
            assert state is State.SENT
            assert tonight.mailed_at(reader) < reader.slot.due_at + SOON
    # It is asked now and then, not once for each of its people and each of their tries.
    assert tonight.relay.tries["strict.example"] <= 25
    async with tonight.store.transaction() as tx:
        for reader in tonight.readers:
            assert (await tx.subscribers.get(reader.id)).status is Status.ACTIVE


@pytest.mark.parametrize("tonight", [FEW_AWAY], indirect=True)
@pytest.mark.parametrize(
    "says",
    [
        "450 4.1.2 Recipient address rejected: Domain not found",
        "451 4.3.0 Temporary failure",
        "550 5.7.1 We do not want your mail",
    ],
)
async def test_few_people_at_domains_that_refuse_them_keep_nobody_else_waiting(
    tonight, says
):
    tonight.relay.refusals = dict.fromkeys(AWAY, says)
    tonight.clock.move(at(18, 59) - tonight.clock.now())
    async with tonight.relay.up():
        await tonight.until(at(21, 20))

    others = [one for one in tonight.readers if "@home" in one.address]
    mailed = {one: tonight.mailed_at(one) for one in others}
    assert [
        one.address
        for one, instant in mailed.items()
        if instant is None or instant > one.slot.due_at + SOON
    ] == []


@pytest.mark.parametrize("tonight", [AT_SEVEN], indirect=True)
@pytest.mark.parametrize(
    "says",
    [
        "450 4.1.1 unverified address: Address verification in progress",
        "451 4.7.1 Greylisted, please try again in 60 seconds",
    ],
)
async def test_a_relay_that_takes_each_address_at_the_second_try_gets_a_second_try(
    tonight, says
):
    tonight.relay.at_first = says
    tonight.clock.move(at(18, 59) - tonight.clock.now())
    async with tonight.relay.up():
        await tonight.until(at(19, 40))

    assert {state for state, _ in (await tonight.states()).values()} == {State.SENT}


async def test_an_outage_of_three_hours_wakes_nobody_and_is_accounted_for(tonight):
    away, back = at(18), at(21)
    async with tonight.relay.up():
        await tonight.until(away)
    await tonight.until(back)
    async with tonight.relay.up():
        await tonight.until(at(23, 59))

    assert await tonight.is_told_as_it_was()
    states = await tonight.states()
    expired = {who for who, (state, _) in states.items() if state is State.EXPIRED}
    assert expired == {
        reader.address
        for reader in tonight.readers
        if reader.slot.due_at >= away and reader.slot.expires_at <= back + A_MINUTE
    }
    for reader in tonight.readers:
        if reader.slot.due_at >= back:
            assert tonight.mailed_at(reader) < reader.slot.due_at + SOON
    # What the operator sees: how many, and why.
    async with tonight.store.transaction() as tx:
        not_sent = await tx.outbox.not_sent(since=TODAY)
    assert sum(found.messages for found in not_sent) == len(expired)
    assert {found.reason for found in not_sent} == {
        "no connection to the relay 127.0.0.1",
        "no relay took mail",
    }
    for reader in tonight.readers:
        if reader.address in expired:
            found = await explain(tonight.store, reader.id, TODAY)
            assert found.outcome.startswith("the reminder is expired (no ")
