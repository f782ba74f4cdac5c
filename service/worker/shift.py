"""What a worker does all evening: each of its ticks, and the line it logs about it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog

from service.content.catalogue import Library
from service.domain.clock import Clock
from service.domain.obstacle import Obstacle
from service.domain.outbox import Lane, State
from service.flows import requests
from service.flows.bounces import Desk
from service.flows.crew import beat, leave, leave_alone, outlook
from service.flows.deliver import Courier, deliver
from service.flows.deployment import keep_word, look, standing
from service.flows.plan import plan
from service.flows.refusals import judge
from service.flows.timekeeping import BEAT_SECONDS, Timekeeper, Trust
from service.flows.upkeep import upkeep
from service.store.deployment import Standing
from service.store.engine import LONGEST_COMMAND, Store
from service.worker.figures import Figures
from service.worker.tick import Tick
from service.worker.watch import Watch

#: People planned in one transaction; the mails on the wire wait meanwhile (60 ms).
PLAN_AT_ONCE = 250
#: Requests answered before it is asked again whether the clock is right.
REQUESTS_AT_ONCE = 100
#: A confirmation is on its way within this many seconds.
PRIORITY_SECONDS = 1
UPKEEP_SECONDS = 30
JUDGE_SECONDS = 300
FORECAST_SECONDS = 120

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One worker's part of the evening; each lane has a courier of its own.

    Bounces come in at the `desk`; what is done is counted in `figures`.
    """

    store: Store
    library: Library
    clock: Clock
    timekeeper: Timekeeper
    couriers: Mapping[Lane, Courier]
    desk: Desk
    figures: Figures
    watch: Watch = field(default_factory=Watch)

    def ticks(self, every_seconds: float) -> list[Tick]:
        """All of a worker's work; it looks for what is due `every_seconds`."""
        priority = min(every_seconds, PRIORITY_SECONDS)
        return [
            Tick(name="plan", every_seconds=every_seconds, work=self.plan),
            self._delivery("evening", every_seconds, Lane.EVENING),
            self._delivery("priority", priority, Lane.PRIORITY),
            Tick(name="requests", every_seconds=priority, work=self.answer),
            Tick(name="look", every_seconds=priority, work=self.look),
            Tick(name="beat", every_seconds=BEAT_SECONDS, work=self.beat),
            Tick(
                name="upkeep",
                every_seconds=UPKEEP_SECONDS,
                work=self.keep,
                longest_seconds=LONGEST_COMMAND,
            ),
            Tick(
                name="judge",
                every_seconds=JUDGE_SECONDS,
                work=self.judge,
                longest_seconds=LONGEST_COMMAND,
            ),
            Tick(name="forecast", every_seconds=FORECAST_SECONDS, work=self.look_ahead),
        ]

    def _delivery(self, name: str, every_seconds: float, lane: Lane) -> Tick:
        """One that goes on while anything is due, all evening if need be."""
        meter = self.couriers[lane].meter
        return Tick(
            name=name,
            every_seconds=every_seconds,
            work=partial(self.deliver, lane),
            noted_at=lambda: meter.noted_at,
        )

    async def plan(self) -> bool:
        """Plan for people who are due; whether there may be more."""
        if not self.timekeeper.may_act:
            return False
        now = self.clock.now()
        done = await plan(self.store, self.library, limit=PLAN_AT_ONCE, now=now)
        self.figures.planned(done)
        if done.looked_at:
            log.info(
                "planned",
                action="plan",
                queued=done.queued,
                too_late=done.too_late,
                held_back=done.held_back,
            )
        return done.looked_at == PLAN_AT_ONCE

    async def answer(self) -> bool:
        """Queue the mails that visitors asked for; whether there may be more."""
        if not self.timekeeper.may_act:
            return False
        looked_at = await requests.answer(
            self.store, limit=REQUESTS_AT_ONCE, now=self.clock.now()
        )
        if looked_at:
            log.info("requests answered", action="request", looked_at=looked_at)
        return looked_at == REQUESTS_AT_ONCE

    async def deliver(self, lane: Lane) -> bool:
        """Send what is due in a lane; whether there may be more."""
        return await deliver(self.couriers[lane], lane) > 0

    async def look(self) -> bool:
        """See what keeps mail here; soon after a promotion, for that is when it began."""
        state = await look(self.store, now=self.clock.now())
        self.watch.note(state)
        self.figures.stands(state)
        return False

    async def beat(self) -> bool:
        """Say that we are alive and what we did; take our part of each rate.

        With a wrong clock we are no part of the crew: the others have it all.
        """
        await self.timekeeper.check()
        self.figures.clock(self.timekeeper.trust, ahead=self.timekeeper.ahead)
        if await keep_word(self.store):
            self.watch.succeeded()
        evening = self.couriers[Lane.EVENING]
        self._tell(evening)
        if self.timekeeper.trust is Trust.OWN_WRONG:
            await self.leave()
            return False
        crew = await beat(
            self.store, evening.worker, per_second=evening.meter.per_second
        )
        for courier in self.couriers.values():
            courier.relays.share(crew.workers)
        now = self.clock.now()
        relays = self.watch.left_alone(evening.relays.gates(now=now), now=now)
        await leave_alone(self.store, evening.worker, relays)
        return False

    def _tell(self, evening: Courier) -> None:
        done: Counter[State] = Counter()
        for courier in self.couriers.values():
            tally = courier.meter.read()
            self.figures.delivered(tally, per_second=evening.meter.per_second)
            done += tally.states
        if done:
            log.info(
                "delivered", action="deliver", **{s.value: n for s, n in done.items()}
            )
        self.figures.came_back(self.desk.read())
        now, relays = self.clock.now(), evening.relays
        paused = relays.paused_domains(now=now)
        self.figures.manners(relays.gates(now=now), paused_domains=paused)

    async def keep(self) -> bool:
        """Keep the house; what was given up is told."""
        if not self.timekeeper.may_act:
            return False
        now = self.clock.now()
        is_away = self.couriers[Lane.EVENING].relays.are_away(now=now)
        why_late = Obstacle.NO_RELAY if is_away else "deadline passed"
        left = await upkeep(self.store, why_late=why_late, now=now)
        self.figures.left_behind(left)
        self.watch.dropping(is_put_off=left.is_put_off)
        if left.released:
            log.warning("a worker was lost", action="upkeep", released=left.released)
        if left.unknown or left.expired:
            log.warning(
                "not sent", action="upkeep", unknown=left.unknown, expired=left.expired
            )
        return False

    async def judge(self) -> bool:
        """Judge the nights that are over; whose reminders that ended is told."""
        if not self.timekeeper.may_act:
            return False
        done = await judge(self.store, now=self.clock.now())
        if done.ended or done.brought_back:
            log.info(
                "judged",
                action="judge",
                ended=done.ended,
                brought_back=done.brought_back,
            )
        return False

    async def look_ahead(self) -> bool:
        """Tell when tonight will be done, while anything is due."""
        ahead = (await outlook(self.store, now=self.clock.now())).forecast
        if ahead.due:
            say = log.warning if ahead.too_late else log.info
            say("tonight", action="forecast", forecast=str(ahead))
        return False

    async def trouble(self) -> str:
        """Why the evening as a whole does not go well, in a line; "" while it does."""
        state = await standing(self.store)
        if state is not Standing.SENDS:
            return f"mail is {state}"
        if self.timekeeper.trouble:
            return self.timekeeper.trouble
        now = self.clock.now()
        if self.couriers[Lane.EVENING].relays.are_away(now=now):
            return "no relay takes mail"
        ahead = (await outlook(self.store, now=now)).forecast
        return f"{ahead.too_late} reminders would be too late" if ahead.too_late else ""

    async def leave(self) -> None:
        """Say that we are gone."""
        await leave(self.store, self.couriers[Lane.EVENING].worker)
