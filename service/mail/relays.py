"""The relays: which one takes the next message, and when; who is left alone for now."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Self

from service.domain.breaker import AWAY, OUR_SENDER, Gate, fault
from service.domain.clock import Clock
from service.domain.errors import Misconfigured, TryLater
from service.domain.obstacle import Obstacle
from service.domain.outbox import Accepted, Lane, Outcome, Refused, Unsent
from service.domain.pace import UNLIMITED
from service.domain.refusals import Meaning, Refusals
from service.mail.domains import Domains
from service.mail.envelope import Envelope
from service.mail.queue import CLOSING
from service.mail.relay import Relay
from service.mail.smtp import Mailer
from service.settings import SmtpSettings

#: A message refused for this was looked at by nobody: another relay may take it.
UNTOUCHED = {Meaning.RELAY_BUSY, Meaning.OUR_SENDER, Meaning.OUR_RELAY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What is known of relays and domains, and so how to treat them.

    It is in memory, each worker's own: a restart forgets it and may be a little less
    polite, never wrong.
    """

    relays: tuple[Relay, ...]
    domains: Domains


class Relays:
    """Hands each message to one of the relays, when its turn comes.

    Reminders go to subscribers, who confirmed. The mails of the priority lane go where
    anybody asks: what is refused to those says nothing about a relay or a domain, and
    none of them is the one that tries a relay again.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        refusals: Refusals,
        *,
        clock: Clock,
        lane: Lane = Lane.EVENING,
        manners: Manners | None = None,
    ) -> None:
        """Nothing is opened yet. Two lanes to the same relays share their manners."""
        every = (settings, *settings.others)
        self.manners = manners or Manners(
            relays=tuple(Relay(each) for each in every),
            domains=Domains(settings.domain_rate or UNLIMITED),
        )
        #: Over all relays.
        self.connections = sum(each.connections for each in every)
        self._mailers = [Mailer(each, refusals, clock=clock) for each in every]
        self._may_probe = lane is Lane.EVENING
        #: How many more messages each relay has room for: two for a connection, so
        #: that one that hangs keeps no more than these.
        self._left = [2 * each.connections for each in every]
        self._clock = clock
        self._open = AsyncExitStack()
        self._is_ending = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Open what the mailers need; connections come with the first message."""
        for mailer in self._mailers:
            await self._open.enter_async_context(mailer)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say goodbye to every relay."""
        await self._open.aclose()

    async def probe(self) -> None:
        """Return if every relay is there and lets us in.

        Raises Misconfigured if none does and one refuses our settings: then no mail
        would leave. TryLater if any is away or refuses us; its words name them all.
        """
        tried = await asyncio.gather(*map(_failure, self._mailers))
        failed = [failure for failure in tried if failure]
        if len(failed) == len(self._mailers):
            for failure in failed:
                if isinstance(failure, Misconfigured):
                    raise failure
        if failed:
            raise TryLater("; ".join(map(str, failed)))

    def share(self, workers: int) -> None:
        """Keep to a fair part of every rate: so many workers are at it."""
        self.manners.domains.share(workers)
        for relay in self.manners.relays:
            relay.workers = workers

    def room(self, *, now: datetime) -> int:
        """How many more messages may be begun now, beside those already on the wire.

        Of each relay what is left of two for each connection; as many as have their
        turn soon, where there is a rate; one if it is tried again and none is on its
        way; none while it is left alone. Whatever is sent beyond that comes back Unsent.
        """
        relays = zip(self.manners.relays, self._left, strict=True)
        return sum(
            relay.room(left, now=now)
            for relay, left in relays
            if self._is_open(relay, now)
        )

    def are_tried_again(self, *, now: datetime) -> bool:
        """Whether the next message only tries a relay: one that had no trouble before."""
        gates = {gate for _, gate in self.gates(now=now)}
        return Gate.HALF_OPEN in gates and Gate.CLOSED not in gates

    def are_away(self, *, now: datetime) -> bool:
        """Whether every relay is left alone, so that there is only waiting."""
        relays = self.manners.relays
        return all(relay.breaker.gate(now=now) is Gate.OPEN for relay in relays)

    def gates(self, *, now: datetime) -> tuple[tuple[str, Gate], ...]:
        """What each relay, named by host and port, is given at present."""
        relays = self.manners.relays
        return tuple((relay.name, relay.breaker.gate(now=now)) for relay in relays)

    def paused_domains(self, *, now: datetime) -> int:
        """How many recipient domains are left alone."""
        return self.manners.domains.paused(now=now)

    def hold(self, domain: str, *, now: datetime) -> datetime | None:
        """None where a message to the domain may go now, or when it should come back."""
        may_probe = self._may_probe
        return self.manners.domains.hold(domain, may_probe=may_probe, now=now)

    def stop(self) -> None:
        """Turn away whatever is not on a connection yet, and whatever is still sent."""
        self._is_ending.set()
        for mailer in self._mailers:
            mailer.stop()

    async def send(self, envelope: Envelope) -> Outcome:
        """What became of one message; the next relay gets what this one did not touch.

        Unsent where no relay takes any, or none before the message is too late.
        """
        outcome: Outcome = Unsent(reason=Obstacle.NO_RELAY_NOW)
        tried: set[int] = set()
        now = self._clock.now()
        while (number := self._next(envelope, tried, now=now)) is not None:
            self._left[number] -= 1
            try:
                outcome = await self._offered(number, envelope, now=now)
            finally:
                self._left[number] += 1
            now = self._clock.now()
            if not is_untouched(outcome):
                break
            tried.add(number)
        if self._may_probe:
            self.manners.domains.heard(envelope.recipient, outcome, now=now)
        return outcome

    async def try_again(self) -> None:
        """Try the relays whose wait is over and that no message has tried.

        By MAIL FROM and RSET: no recipient is named, so nothing is sent.
        """
        if not self._may_probe:
            return
        relays = zip(self.manners.relays, self._mailers, strict=True)
        for relay, mailer in relays:
            if relay.breaker.gate(now=self._clock.now()) is Gate.HALF_OPEN:
                await self._asked(relay, mailer)

    async def _asked(self, relay: Relay, mailer: Mailer) -> None:
        relay.breaker = relay.breaker.passed(now=self._clock.now())
        found, error = None, ""
        try:
            refused = (await mailer.examine(relay.sender)).refused
        except Misconfigured as problem:
            found, error = OUR_SENDER, problem.what
        except TryLater as problem:
            found, error = AWAY, str(problem)
        else:
            if refused:
                found, error = fault(refused), f"the sender was refused: {refused.code}"
        now = self._clock.now()
        if found:
            relay.failed(found, error, now=now)
        else:
            relay.works(now=now)

    async def _offered(
        self, number: int, envelope: Envelope, *, now: datetime
    ) -> Outcome:
        """What one relay does with the message when its turn has come."""
        relay = self.manners.relays[number]
        wait = relay.turn(before=envelope.expires_at, now=now)
        if wait is None:
            return Unsent(reason=Obstacle.NO_TURN)
        if wait:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_ending.wait(), wait.total_seconds())
            now = self._clock.now()
            is_left_alone = relay.breaker.gate(now=now) is Gate.OPEN
            if is_left_alone or not self._is_open(relay, now):
                return Unsent(reason=Obstacle.LEFT_ALONE)
        relay.sender = envelope.sender
        relay.breaker = relay.breaker.passed(now=now)
        outcome = await self._mailers[number].send(envelope)
        now = self._clock.now()
        is_late = isinstance(outcome, Unsent) and now >= envelope.expires_at
        if outcome is CLOSING or is_late:
            # Neither is a fault of the relay.
            relay.breaker = relay.breaker.unanswered(now=now)
        elif self._may_probe:
            relay.heard(
                envelope.recipient, outcome, is_retry=envelope.is_retry, now=now
            )
        else:
            relay.heard_of_a_stranger(envelope.recipient, outcome, now=now)
        return _by(relay, outcome)

    def _is_open(self, relay: Relay, now: datetime) -> bool:
        """Whether this lane's mail may go there: the one that tries it may not be any."""
        return self._may_probe or relay.breaker.gate(now=now) is Gate.CLOSED

    def _next(
        self, envelope: Envelope, tried: set[int], *, now: datetime
    ) -> int | None:
        """Whose turn it is: smooth weighted round robin, among those without a wait.

        One that is slow, because it warms up, must not hold up what others would take.
        """
        relays = self.manners.relays
        ready = [
            number
            for number, relay in enumerate(relays)
            if number not in tried
            and relay.passes(self._left[number], now=now) > 0
            and self._is_open(relay, now)
            and (relay.breaker.is_closed or not envelope.is_retry)
        ]
        if len(ready) <= 1:
            return ready[0] if ready else None
        waits = {number: relays[number].wait(now=now) for number in ready}
        soonest = min(waits.values())
        first = [number for number in ready if waits[number] == soonest]
        for number in first:
            relays[number].credit += relays[number].weight
        best = max(first, key=lambda number: relays[number].credit)
        relays[best].credit -= sum(relays[number].weight for number in first)
        return best


def is_untouched(outcome: Outcome) -> bool:
    """Whether no relay looked at the message: the trouble is its own, or with us."""
    match outcome:
        case Unsent():
            return True
        case Refused():
            return outcome.ruling.about in UNTOUCHED
        case _:
            return False


def _by(relay: Relay, outcome: Outcome) -> Outcome:
    """The outcome, with the relay that answered."""
    match outcome:
        case Accepted() | Refused():
            return replace(outcome, relay=relay.name)
        case _:
            return outcome


async def _failure(mailer: Mailer) -> Misconfigured | TryLater | None:
    try:
        await mailer.probe()
    except (Misconfigured, TryLater) as error:
        return error
    return None
