"""Delivery: claim what is due, commit, speak SMTP, commit what became of it, go on.

A worker holds at most three chunks of a lane, each as large as its relays have
connections: one claimed and written, one waiting for a connection, one on the wire.
One transaction a round records outcomes, marks the next chunk `sending` and claims the
one after it. So a worker that is killed leaves at most two chunks of unknown fate.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from service.domain.clock import Clock
from service.domain.errors import Misconfigured, TryLater
from service.domain.memory import RefusedReminder
from service.domain.meter import Meter
from service.domain.night import late_seconds
from service.domain.obstacle import Obstacle
from service.domain.outbox import (
    Accepted,
    Kind,
    Lane,
    Message,
    Outcome,
    Refused,
    Settled,
    State,
    Unknown,
    ended,
    put_back,
    settle,
)
from service.domain.provider import provider_of
from service.mail.envelope import Envelope
from service.mail.letters import Letters
from service.mail.relays import Relays, is_untouched
from service.store.engine import Store, Transaction

#: An outcome waits no longer for others to be recorded with it; seconds.
ROUND_SECONDS = 0.2
#: How soon a database that is away is asked again; seconds.
AGAIN_SECONDS = 0.5
#: How soon a mail is written again that a template or a setting was in the way of.
MENDING = timedelta(minutes=5)
#: Ends that somebody should look at, each with a line of its own.
SAD_ENDS = frozenset({State.FAILED, State.UNKNOWN, State.EXPIRED})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """What delivery works with.

    `worker` is unique to one start of one process. A message stays ours for `lease`
    after our last sign of life. Once `stop` is set, nothing more is begun, nor while
    `may_begin` says no.
    """

    store: Store
    letters: Letters
    relays: Relays
    clock: Clock
    worker: str
    lease: timedelta
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    meter: Meter = field(default_factory=Meter)
    may_begin: Callable[[], bool] = lambda: True


async def deliver(courier: Courier, lane: Lane) -> int:
    """Send what is due in a lane until nothing is; how many messages were claimed.

    Safe on any number of workers: a message is claimed by one, and no transaction is
    open while SMTP is spoken. A process that dies leaves `claimed` rows, which go back
    to `due` when the lease ends, or `sending` rows, which become `unknown`.

    Raises:
        TryLater: the database is away, and nothing was in hand.
        Misconfigured: a row was sealed with a key that is missing.
    """
    run = _Run(courier, lane)
    try:
        await run.until_done()
    finally:
        # Whatever broke: what is on the wire is waited for, and recorded.
        run.is_closing = True
        await run.until_done()
    if not courier.stop.is_set():
        await courier.relays.try_again()
    return run.claimed


async def record(
    tx: Transaction, settled: Iterable[Settled], *, worker: str, now: datetime
) -> None:
    """Write down what became of messages, and what that says about their recipients."""
    every = tuple(settled)
    for one in every:
        if one.verdict and one.message.kind is Kind.REMINDER:
            refused = RefusedReminder(
                subscriber_id=one.message.subscriber_id,
                night=one.message.night,
                verdict=one.verdict,
                words=one.words,
                relay=one.relay,
                domain=one.domain,
                sent_at=now,
            )
            await tx.refusals.note(refused)
    await tx.outbox.record(every, worker=worker, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A claimed message that is written and may go."""

    message: Message
    envelope: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What one transaction is to write down, keep, begin and claim."""

    settled: tuple[Settled, ...]
    kept: tuple[Message, ...]
    drafts: tuple[_Draft, ...]
    limit: int
    is_first_try: bool


class _Run:
    """One run through a lane; counts what it claimed."""

    def __init__(self, courier: Courier, lane: Lane) -> None:
        self.claimed = 0
        self.is_closing = False
        self._courier = courier
        self._lane = lane
        self._chunk = courier.relays.connections
        self._drafts: list[_Draft] = []
        self._on_the_wire: dict[asyncio.Task[None], Message] = {}
        self._settled: list[Settled] = []
        self._news = asyncio.Event()
        self._seconds = asyncio.get_running_loop().time
        self._kept_at = self._round_at = self._seconds()
        self._is_busy = False
        self._is_stuck = False
        self._is_alarmed = False

    async def until_done(self) -> None:
        """Round after round, until there is nothing to claim and nothing in hand."""
        is_more = not self.is_closing
        while is_more or self._drafts or self._on_the_wire or self._settled:
            try:
                is_more = await self._round()
            except TryLater as error:
                if not (self._on_the_wire or self._settled):
                    raise
                log.warning("the database is away", action="deliver", error=str(error))
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                await self._some_news()

    async def _round(self) -> bool:
        """One transaction and what follows from it; whether there may be more."""
        courier, now = self._courier, self._courier.clock.now()
        worker, lease = courier.worker, courier.lease
        step = self._next_step(now)
        async with courier.store.transaction() as tx:
            await record(tx, step.settled, worker=worker, now=now)
            await tx.outbox.keep(step.kept, worker=worker, lease=lease, now=now)
            begun = await tx.outbox.begin(
                [d.message for d in step.drafts], worker=worker, lease=lease, now=now
            )
            claimed = await tx.outbox.claim(
                self._lane,
                limit=step.limit,
                is_first_try=step.is_first_try,
                worker=worker,
                lease=lease,
                now=now,
            )
        self._note(step, claimed)
        self._speak(step.drafts, begun)
        for message in claimed:
            self._write(message, now=now)
        return bool(claimed)

    def _next_step(self, now: datetime) -> _Step:
        courier = self._courier
        if courier.stop.is_set():
            courier.relays.stop()
        why = self._why_stopped()
        room = 0 if why else courier.relays.room(now=now)
        if why or not (room or self._on_the_wire):
            obstacle = why or Obstacle.NO_RELAY
            self._settled += [
                put_back(draft.message, obstacle, until=now) for draft in self._drafts
            ]
            self._drafts.clear()
        begin = min(room, 2 * self._chunk - len(self._on_the_wire))
        is_old = self._seconds() - self._kept_at > courier.lease.total_seconds() / 4
        kept = [*self._on_the_wire.values(), *(d.message for d in self._drafts)]
        return _Step(
            settled=tuple(self._settled),
            kept=tuple(kept) if is_old else (),
            drafts=tuple(self._drafts[:begin]),
            limit=max(0, min(room, self._chunk) - len(self._drafts[begin:])),
            is_first_try=courier.relays.are_tried_again(now=now),
        )

    def _why_stopped(self) -> Obstacle | None:
        """Why nothing more is begun, whatever the relays would take."""
        if self.is_closing or self._courier.stop.is_set():
            return Obstacle.STOPPED
        return None if self._courier.may_begin() else Obstacle.CLOCK

    def _note(self, step: _Step, claimed: tuple[Message, ...]) -> None:
        """The transaction is committed: what it took care of is done with."""
        before, self._round_at = self._round_at, self._seconds()
        del self._settled[: len(step.settled)]
        del self._drafts[: len(step.drafts)]
        self._is_stuck = bool(self._drafts) and not step.drafts
        if step.kept:
            self._kept_at = self._round_at
        busy = self._round_at - before if self._is_busy else 0
        self._courier.meter.note(step.settled, busy_seconds=busy, at=self._round_at)
        self._is_busy = 0 < step.limit == len(claimed)
        self.claimed += len(claimed)
        for one in step.settled:
            if one.state in SAD_ENDS:
                _report(one)

    def _speak(self, drafts: Iterable[_Draft], begun: Iterable[Message]) -> None:
        """Hand over what the database says is ours to send; put the others back.

        One of those may be `sending`, from a transaction whose commit was not heard of:
        nothing was said of it, so it must not become `unknown`. What is not ours any more
        is not touched.
        """
        waiting = {_key(draft.message): draft for draft in drafts}
        for message in begun:
            spoken = self._spoken(message, waiting.pop(_key(message)).envelope)
            task = asyncio.create_task(spoken)
            self._on_the_wire[task] = message
            task.add_done_callback(self._is_over)
        for draft in waiting.values():
            # Due since it was: no time is asked that may be in doubt.
            since = draft.message.not_before
            back = put_back(draft.message, Obstacle.HELD_HERE, until=since)
            self._settled.append(back)

    async def _spoken(self, message: Message, envelope: Envelope) -> None:
        try:
            outcome: Outcome = await self._courier.relays.send(envelope)
        except Exception as error:  # noqa: BLE001  # one that breaks stops no other
            outcome = Unknown(reason=f"{Obstacle.BROKEN} ({type(error).__name__})")
        now = self._courier.clock.now()
        settled = settle(message, outcome, now=now)
        # A relay that is away or refuses us all is not the doing of a provider.
        who = None if is_untouched(outcome) else provider_of(envelope.recipient)
        relay = outcome.relay if isinstance(outcome, Accepted | Refused) else ""
        domain = envelope.recipient.rpartition("@")[2]
        self._settled.append(replace(settled, provider=who, relay=relay, domain=domain))
        if settled.state is State.SENT and envelope.minute is not None:
            late = late_seconds(
                minute=envelope.minute,
                subscriber_id=message.subscriber_id,
                expires_at=message.expires_at,
                now=now,
            )
            self._courier.meter.came(minute=envelope.minute, late_seconds=late)

    def _is_over(self, task: asyncio.Task[None]) -> None:
        del self._on_the_wire[task]
        if self._is_time():
            self._news.set()

    def _write(self, message: Message, *, now: datetime) -> None:
        """A draft of a message, or what becomes of one that cannot go now."""
        try:
            envelope = self._courier.letters.write(message, now=now)
        except Misconfigured as error:
            # The operator can mend it tonight: it is not the end of the message.
            self._alarm(error)
            later = now + MENDING
            self._settled.append(
                put_back(message, Obstacle.NOT_YET_WRITABLE, until=later)
            )
            return
        except Exception as error:  # noqa: BLE001  # one bad row stops no other
            # Only its type: the words of an error can hold what somebody answered.
            why = f"{Obstacle.UNWRITABLE} ({type(error).__name__})"
            self._settled.append(ended(message, State.FAILED, why, now))
            return
        domain = envelope.recipient.rpartition("@")[2]
        until = self._courier.relays.hold(domain, now=now)
        if until is None:
            self._drafts.append(_Draft(message=message, envelope=envelope))
        else:
            self._settled.append(put_back(message, Obstacle.DOMAIN_HELD, until=until))

    def _alarm(self, error: Misconfigured) -> None:
        """One line a run, however many mails it is about."""
        if not self._is_alarmed:
            self._is_alarmed = True
            log.error("mails cannot be written", action="deliver", error=str(error))

    async def _some_news(self) -> None:
        """Return when a round is worth its while."""
        # What was begun reaches its relay first, so that `room` knows of it.
        await asyncio.sleep(0)
        self._news.clear()
        if not self._is_time():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), ROUND_SECONDS)

    def _is_time(self) -> bool:
        """Whether a chunk has room on the wire, or the wire has nothing left to do."""
        is_ready = self._drafts and not self._is_stuck
        return len(self._on_the_wire) <= (self._chunk if is_ready else 0)


def _key(message: Message) -> tuple[object, ...]:
    return message.subscriber_id, message.night, message.kind


def _report(settled: Settled) -> None:
    message = settled.message
    log.warning(
        "not sent",
        action="deliver",
        state=settled.state,
        reason=settled.reason,
        subscriber=message.subscriber_id,
        night=message.night.isoformat(),
        kind=message.kind,
    )
