"""A town of subscribers with all that mails them: two servers, workers, a relay.

folder/
  clock             the seconds that the run let pass
  clock-0 ...       those by which the clock of a worker's machine is wrong
  ledger            what the relay took, by itself
  certificate.pem key.pem
  one/ two/         the primary and its standby (see service.embedded.cluster)
  errors.log        what the processes said on standard error
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from service.domain.errors import TryLater
from service.domain.night import slot
from service.domain.outbox import State
from service.domain.subscriber import Person
from service.domain.tokens import Links, Purpose
from service.flows.preferences import unsubscribe
from service.flows.upkeep import upkeep
from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import Store, opened
from service.store.sealing import Sealer
from tests.builders import TODAY, answers, evening, subscriber
from tests.chaos.clock import NOTHING, Clock, started, write
from tests.chaos.database import PATIENCE_SECONDS
from tests.chaos.processes import Speaker
from tests.chaos.relay import HOST, NO_SUCH_USER
from tests.chaos.verdict import Record
from tests.failover.pair import Pair, pair

WORKERS = 3
CONNECTIONS = 3
LEASE_SECONDS = 4
#: Longer than a lease: for an answer that is held back, and for a worker that sleeps.
HOLD_SECONDS = SLEEP_SECONDS = 6
#: Longer than a heartbeat: for a clock that is wrong.
WRONG_SECONDS = 12
#: No word from the relay for so long: see what everybody is waiting for.
SILENCE_SECONDS = 1
#: A mail whose chosen time is seven; a few minutes later it is due for everybody.
SEVEN, STARTS = 19 * 60, time(19, 4, 30)
#: Chosen so early that its deadline is two minutes after the start.
EARLY = 16 * 60 + 36
DOMAINS = 40
STEP = timedelta(seconds=15)
#: Whoever is killed cannot say what it ran; without coverage's tracer it starts faster.
UNMEASURED = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}

OPEN = """
    SELECT count(*) FILTER (WHERE state = 'due') AS due,
        count(*) FILTER (WHERE state IN ('claimed', 'sending')) AS in_hand,
        max(not_before) FILTER (WHERE state = 'due') AS last
    FROM outbox
"""
UNPLANNED = "SELECT count(*) FROM schedule WHERE next_due_at <= $1"
ROWS = "SELECT subscriber_id, night, state, reason FROM outbox WHERE night = $1"
FORGOTTEN = """
    SELECT id FROM subscriber
    WHERE status = 'active' AND id NOT IN (
        SELECT subscriber_id FROM outbox WHERE night = $1
    )
"""


class Worker:
    """One process of a worker, which may be put to sleep, and its machine's clock."""

    def __init__(self, speaker: Speaker, clock: Path) -> None:
        self.speaker = speaker
        self._clock = clock
        self._wakes_at = self._right_at = 0.0

    @property
    def has_begun(self) -> bool:
        return self.speaker.words["at work"] > 0

    @property
    def is_at_work(self) -> bool:
        return self.speaker.is_alive and self.has_begun and not self._wakes_at

    def sleep(self) -> None:
        """Stop it, as a virtual machine is stopped, until its leases have ended."""
        self.speaker.send(signal.SIGSTOP)
        self._wakes_at = asyncio.get_running_loop().time() + SLEEP_SECONDS

    def misread(self, by: timedelta) -> None:
        """Set the clock of its machine, for longer than a heartbeat."""
        write(self._clock, by)
        self._right_at = asyncio.get_running_loop().time() + WRONG_SECONDS

    def set_right(self) -> None:
        """Set it to the true time again if it was wrong for long enough."""
        if asyncio.get_running_loop().time() > self._right_at:
            write(self._clock, NOTHING)

    def wake(self) -> None:
        """Let it go on if it slept long enough; harmless to one that is awake."""
        if asyncio.get_running_loop().time() > self._wakes_at:
            self.speaker.send(signal.SIGCONT)
            self._wakes_at = 0.0


@dataclass(kw_only=True)
class Town:
    """All of it, while it runs. `exits` says how workers ended that had begun."""

    database: Pair
    store: Store
    links: Links
    clock: Clock
    settings: dict[str, str]
    relay: Speaker
    random: Random
    workers: list[Worker] = field(default_factory=list)
    people: dict[int, str] = field(default_factory=dict)
    record: Record = field(default_factory=Record)
    exits: list[int] = field(default_factory=list)

    # --- People -------------------------------------------------------------

    async def settle(self, people: int) -> None:
        """So many people whose first evening is TODAY."""
        now = self.clock.now()
        for _ in range(people):
            async with self.store.transaction() as tx:
                number = await tx.signups.new_id()
                name = NO_SUCH_USER if number % 50 == 0 else "person"
                address = f"{name}{number}@d{number % DOMAINS}.example"
                minute = EARLY if number % 25 == 1 else SEVEN
                place = evening("Etc/UTC", minute, is_zone_confirmed=True)
                who = Person(address=address, answers=answers())
                one = subscriber(number, person=who, evening=place)
                due_at = slot(place, TODAY, subscriber_id=number).due_at
                await tx.subscribers.add(one, next_due_at=due_at, now=now)
            self.people[number] = address

    async def somebody_leaves(self) -> None:
        """One person follows the link to unsubscribe, wherever their mail is.

        They press again where a worker that is stopped holds their row for too long.
        """
        who, now = self.random.choice(list(self.people)), self.clock.now()
        token = self.links.token(Purpose.UNSUBSCRIBE, who, now=now)
        has_left = False
        while not has_left:
            with suppress(TryLater):
                await unsubscribe(self.store, self.links, token, now=now)
                has_left = True

    # --- The evening --------------------------------------------------------

    async def begin(self, night: date) -> None:
        """Let it be the evening of that night, with everybody's mail due."""
        await self.clock.set_right(at_once=True)
        await self.clock.pass_to(datetime.combine(night, STARTS, tzinfo=UTC))

    async def is_over(self) -> bool:
        """Whether everybody was planned and every message has come to its end."""
        (planned,) = await self.database.ask(UNPLANNED, self.clock.now())
        (rows,) = await self.database.ask(OPEN)
        return planned["count"] == rows["due"] == rows["in_hand"] == 0

    async def note(self, night: date) -> None:
        """Write down where the messages of that night stand, and who has none."""
        for row in await self.database.ask(ROWS, night):
            key = (self.people[row["subscriber_id"]], row["night"])
            self.record.rows[key] = State(row["state"])
            self.record.orphans += row["reason"] == "worker lost"
        forgotten = await self.database.ask(FORGOTTEN, night)
        self.record.forgotten += [(self.people[row["id"]], night) for row in forgotten]

    async def moment(self, steps: int) -> None:
        """Until the relay has said so many words more, or nobody speaks any more."""
        end = self.relay.words.total() + steps
        is_lively = await self.relay.says(end, within=SILENCE_SECONDS)
        if not is_lively:
            await self.go_on()
        await self.revive()

    async def go_on(self) -> None:
        """What any worker's tick does; and what is waited for, let it come.

        Leases are counted by the database's clock, so that none of them ends by this.
        While that is in doubt there is only waiting.
        """
        if await self.clock.is_in_doubt():
            return
        now = self.clock.now()
        await upkeep(self.store, now=now)
        (rows,) = await self.database.ask(OPEN)
        await self.clock.pass_to(max(rows["last"] or now, now + STEP))

    # --- Workers ------------------------------------------------------------

    async def one_at_work(self) -> Worker:
        """A worker that is in the middle of things."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (ready := [w for w in self.workers if w.is_at_work]):
                await self.moment(5)
        return self.random.choice(ready)

    async def revive(self) -> None:
        """Start every worker that is gone, and wake those that slept long enough.

        One that finds no database, or is refused by the relay, ends before it begins.
        """
        await self.clock.set_right()
        for number, worker in enumerate(self.workers):
            worker.wake()
            worker.set_right()
            if not worker.speaker.is_alive:
                self.exits += [worker.speaker.exit_code] * worker.has_begun
                self.workers[number] = await self.hire(number)

    async def hire(self, number: int) -> Worker:
        """A worker process; the first of them speaks TLS."""
        tls = {"EVENTIDE_SMTP__TLS": "none" if number else "starttls"}
        clock = self.database.folder / f"clock-{number}"
        write(clock, NOTHING)
        speaker = await Speaker.start(
            "tests.chaos.worker",
            *(self.clock.file, clock),
            env=UNMEASURED | self.settings | tls,
            errors=self.database.folder / "errors.log",
        )
        return Worker(speaker, clock)

    async def close(self) -> None:
        """Ask all who are at work to stop, the relay last."""
        await self.one_at_work()
        at_work = [worker.speaker for worker in self.workers if worker.is_at_work]
        self.exits += await asyncio.gather(*(w.end(signal.SIGTERM) for w in at_work))
        await self.relay.end(signal.SIGTERM)


@asynccontextmanager
async def town(*, seed: str, people: int) -> AsyncIterator[Town]:
    """A town with its people and workers, half an hour before TODAY's evening."""
    early = datetime.combine(TODAY, time(18, 30), tzinfo=UTC)
    async with pair() as here, _relay(here.folder, seed) as relay:
        clock = await started(here, at=early)
        (port,) = relay.words
        settings = _settings(here, port)
        found = keys(read(settings).secrets)
        sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
        # It looks on: a database that was struck must not strike the looker too.
        async with opened(here.url, sealer, rested=0) as store:
            await upkeep(store, now=clock.now())
            made = Town(
                database=here,
                store=store,
                links=Links(keys=found.link, base_url="http://eventide.example"),
                clock=clock,
                settings=settings,
                relay=relay,
                random=Random(seed),  # noqa: S311 - a run can be repeated
            )
            await made.settle(people)
            made.workers = [await made.hire(number) for number in range(WORKERS)]
            try:
                yield made
            finally:
                left = (worker.speaker for worker in made.workers)
                await asyncio.gather(*(each.end(signal.SIGKILL) for each in left))


@asynccontextmanager
async def _relay(folder: Path, seed: str) -> AsyncIterator[Speaker]:
    """The relay's process, once it has said its port."""
    _certify(folder)
    relay = await Speaker.start(
        "tests.chaos.relay",
        *(folder, seed, str(HOLD_SECONDS)),
        env=os.environ,
        errors=folder / "errors.log",
    )
    try:
        assert await relay.says(1, within=PATIENCE_SECONDS)
        yield relay
    finally:
        await relay.end(signal.SIGKILL)


def _settings(here: Pair, port: str) -> dict[str, str]:
    return {
        "EVENTIDE_DATABASE__URL": here.url,
        "EVENTIDE_DATABASE__REPLICATION": "synchronous",
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "EVENTIDE_SMTP__HOST": HOST,
        "EVENTIDE_SMTP__PORT": port,
        "EVENTIDE_SMTP__HOSTNAME": "localhost",
        "EVENTIDE_SMTP__CONNECTIONS": str(CONNECTIONS),
        "EVENTIDE_SCHEDULE__TICK_SECONDS": "0.2",
        "EVENTIDE_SCHEDULE__LEASE_SECONDS": str(LEASE_SECONDS),
        "EVENTIDE_SCHEDULE__HOLD_SECONDS": "1",
        "SSL_CERT_FILE": str(here.folder / "certificate.pem"),
    }


def _certify(folder: Path) -> None:
    """A certificate for the relay that signs itself."""
    order = "openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=relay"
    subprocess.run(
        [
            *order.split(),
            *("-addext", f"subjectAltName=IP:{HOST}"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
