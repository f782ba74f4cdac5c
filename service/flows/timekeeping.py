"""Timekeeping: the database's time, asked at each heartbeat, and whether to believe it.

Nothing is planned, sent or expired on a machine whose clock differs from the database's
(others go on), nor anywhere while the database's own clock is in doubt: it stepped
against the steady seconds of a process, or is behind its own high-water mark. The
statements that act on the time compare it as well (`store.timekeeping`): they notice a
step at once, the heartbeat says so and remembers it for everybody.
"""

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from service.clock import DatabaseClock, SystemClock
from service.domain.clock import TOO_FAR, Reading, ahead
from service.store.engine import Store, Transaction
from service.store.timekeeping import Told

#: Every process that runs for long asks so often; seconds.
BEAT_SECONDS = 10
#: A process that starts and finds the last heartbeat of all long past waits until those
#: at work have had theirs: a step of the clock looks like an outage to it.
LISTEN_SECONDS = 1.5 * BEAT_SECONDS
#: After so long without a heartbeat a clock is believed only if it is synchronised: a
#: machine that boots with its battery's time looks like an outage as well.
SILENCE = timedelta(hours=1)
#: An answer that took longer is not exact enough to set a clock by; seconds.
SHARP_SECONDS = 10

log = structlog.get_logger()


class Trust(StrEnum):
    """Whether the time may be acted on, and if not why."""

    TRUSTED = "the clocks agree"
    LISTENING = "waiting for the heartbeats of others"
    OWN_WRONG = "the clock of this machine is wrong"
    HELD = "the clock of the database stepped"


class Timekeeper:
    """A process's copy of the database's time, and whether to act on it.

    `ahead` is how far the machine's clock is ahead of the database's.
    """

    def __init__(
        self,
        store: Store,
        machine: SystemClock,
        told: Told,
        reading: Reading,
        *,
        hold_seconds: float,
    ) -> None:
        """Go on from a first answer of the database; `check` it at each heartbeat."""
        self.clock = DatabaseClock(reading, machine)
        self.trust = Trust.TRUSTED
        self.ahead = timedelta()
        self.is_shifted = told.is_shifted
        self._store = store
        self._machine = machine
        self._hold_seconds = hold_seconds
        self._last = reading
        self._steps = -1
        self._held_at = 0.0
        mark = told.high_water or reading.told
        is_old = reading.told - mark > TOO_FAR
        self._is_unsure = reading.told - mark > SILENCE
        self._listens_until = reading.answered + LISTEN_SECONDS * is_old
        self._turn = asyncio.Lock()

    @property
    def may_act(self) -> bool:
        """Whether mail may be planned, sent and given up now."""
        return self.trust is Trust.TRUSTED

    @property
    def trouble(self) -> str:
        """Why not, where an operator must look; "" otherwise."""
        in_order = (Trust.TRUSTED, Trust.LISTENING)
        return "" if self.trust in in_order else self.trust

    async def check(self) -> None:
        """Ask the database for its time once, and judge all clocks by the answer.

        Raises TryLater: the database is away. All stays as it was found.
        """
        async with self._turn:
            before, asked = self._machine.now(), self._machine.seconds()
            async with self._store.transaction() as tx:
                told = await tx.timekeeping.read()
                reading, after = self._reading(told, asked), self._machine.now()
                theirs = told.server if self.is_shifted else told.instant
                apart = ahead(theirs, before=before, after=after)
                trust = await self._judged(tx, told, reading, apart)
            self.ahead, self._last = -apart, reading
            self._follow(reading, is_held=trust is Trust.HELD)
            self._note(trust)

    async def move_to(self, instant: datetime) -> None:
        """Let it be `instant` (UTC) for all who use the database: a demo's.

        One that is past already changes nothing. It is no step: we know of it.
        """
        async with self._turn:
            async with self._store.transaction() as tx:
                await tx.timekeeping.move_to(instant)
            asked = self._machine.seconds()
            async with self._store.transaction() as tx:
                reading = self._reading(await tx.timekeeping.read(), asked)
            self._last = reading
            self.clock.set(reading)

    def _reading(self, told: Told, asked: float) -> Reading:
        answered = self._machine.seconds()
        return Reading(told=told.instant, asked=asked, answered=answered)

    async def _judged(
        self, tx: Transaction, told: Told, reading: Reading, apart: timedelta
    ) -> Trust:
        """Whether to act on this reading; what is found is written down for others."""
        if await self._is_held(tx, told, reading):
            return Trust.HELD
        if abs(apart) > TOO_FAR:
            return Trust.OWN_WRONG
        if reading.answered < self._listens_until:
            return Trust.LISTENING
        await tx.timekeeping.advance()
        return Trust.TRUSTED

    async def _is_held(self, tx: Transaction, told: Told, reading: Reading) -> bool:
        """Whether the clock is in doubt: it stepped just now, or not long ago."""
        is_step = abs(reading.step_since(self._last)) > TOO_FAR
        is_unsure = self._is_unsure and not self._is_confirmed(reading)
        self._is_unsure = False
        mark = told.high_water or reading.told
        if is_step or is_unsure or (mark - reading.told > TOO_FAR and not told.is_held):
            self._steps = await tx.timekeeping.hold()
            self._held_at = reading.answered
            return True
        if not told.is_held:
            return False
        if told.steps != self._steps:
            self._steps, self._held_at = told.steps, reading.answered
        if not (self._is_confirmed(reading) or self._has_waited(reading)):
            return True
        await tx.timekeeping.release(steps=told.steps)
        return False

    def _is_confirmed(self, reading: Reading) -> bool:
        """Whether this machine's kernel, kept right by NTP, shows the same time."""
        kernel = self._machine.synchronised()
        if kernel is None:
            return False
        return abs(ahead(reading.told, before=kernel, after=kernel)) <= TOO_FAR

    def _has_waited(self, reading: Reading) -> bool:
        return reading.answered - self._held_at >= self._hold_seconds

    def _follow(self, reading: Reading, *, is_held: bool) -> None:
        """Set the clock, unless it shows what was right before the step."""
        apart = reading.told - self.clock.now()
        is_sharp = reading.answered - reading.asked <= SHARP_SECONDS
        if is_sharp and not (is_held and abs(apart) > TOO_FAR):
            self.clock.set(reading)

    def _note(self, trust: Trust) -> None:
        """One line when it begins to matter to an operator, and one when it ends."""
        before, self.trust = self.trust, trust
        if trust is before:
            return
        if trust in (Trust.OWN_WRONG, Trust.HELD):
            what = f"{trust}: no mail is planned, sent or given up from here"
            log.error(what, action="clock", ahead_seconds=self.ahead.total_seconds())
        elif before in (Trust.OWN_WRONG, Trust.HELD):
            log.info("clocks agree again", action="clock")


async def started(
    store: Store, machine: SystemClock, *, hold_seconds: float
) -> Timekeeper:
    """A timekeeper that has asked once. Raises TryLater: the database is away."""
    asked = machine.seconds()
    async with store.transaction() as tx:
        told = await tx.timekeeping.read()
    reading = Reading(told=told.instant, asked=asked, answered=machine.seconds())
    keeper = Timekeeper(store, machine, told, reading, hold_seconds=hold_seconds)
    await keeper.check()
    return keeper
