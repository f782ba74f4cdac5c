"""What one worker counts, for Prometheus: no address, no answer, no person.

Every series is there from the start, at zero: what has not happened yet is no gap.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from importlib.metadata import version
from itertools import accumulate
from operator import add

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector

from service.domain.breaker import Gate
from service.domain.feedback import JUDGEMENTS
from service.domain.hours import HOURS
from service.domain.meter import LATENESS, Tally
from service.domain.obstacle import Obstacle
from service.domain.outbox import Kind, State
from service.domain.provider import Provider
from service.domain.refusals import FITTING, PASSING, Meaning, Verdict
from service.flows.plan import Planned
from service.flows.timekeeping import Trust
from service.flows.upkeep import Leftovers
from service.store.deployment import Standing
from service.worker.tick_figures import TickFigures

#: An attempt ends in one of these; what goes back to `due` is called deferred.
OUTCOMES = {
    State.SENT: "sent",
    State.DUE: "deferred",
    State.FAILED: "failed",
    State.EXPIRED: "expired",
    State.UNKNOWN: "unknown",
}
_FINAL = tuple(
    each
    for each, verdicts in FITTING.items()
    if Verdict.UNDELIVERED in verdicts and each not in PASSING
)
_TRIED_ON = (*Meaning, *(each for each in Obstacle if each != Obstacle.UNWRITABLE))
#: Why an attempt ended so. What is none of these is counted all the same.
REASONS = {
    State.SENT: ("accepted",),
    State.DUE: _TRIED_ON,
    State.FAILED: (*_FINAL, Obstacle.UNWRITABLE),
    State.EXPIRED: _TRIED_ON,
    State.UNKNOWN: (Obstacle.LOST_AFTER, Obstacle.BROKEN),
}
LEFT_BEHIND = ("released", "unknown", "expired")


class Figures:
    """The counters of one worker."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.ticks = TickFigures(self.registry)
        ProcessCollector(registry=self.registry)
        self._lateness = _Lateness()
        self.registry.register(self._lateness)
        count, gauge = self._counter, self._gauge
        by_kind = ("kind", "outcome", "reason")
        self._messages = count("messages", "Attempts by how they ended, why", *by_kind)
        self._providers = count(
            "provider_messages",
            "Attempts in which a relay was asked, by mailbox provider",
            "provider",
            "outcome",
        )
        self._planned = count("planned_messages", "Reminders planned", "is_late")
        self._left_behind = count(
            "left_behind_messages",
            "Messages of a lost worker, and those nobody sent in time",
            "outcome",
        )
        self._feedback = count("feedback", "Mail that came back", "verdict")
        self._pings = count("pings", "Dead man's pings", "result")
        self._relays = gauge(
            "relay_left_alone", "1 while it gets no mail at all", "relay"
        )
        self._paused = gauge("paused_domains", "Domains left alone after refusing us")
        self._standing = gauge(
            "worker_standing", "1 for what keeps mail here, or sends", "standing"
        )
        self._ahead = gauge(
            "clock_ahead_seconds", "This machine's clock before the database's"
        )
        self._doubt = gauge(
            "clock_in_doubt", "1 while nothing is sent because of it", "clock"
        )
        self._rate = gauge("worker_sending_rate", "Mails a second it can send")
        self._info = gauge("build_info", "The release that runs", "role", "version")
        self._start()

    def delivered(self, tally: Tally, *, per_second: float) -> None:
        """Count what became of messages."""
        self._rate.set(per_second)
        self._lateness.add(tally)
        for end, messages in tally.ends.items():
            outcome = OUTCOMES[end.state]
            self._messages.labels(end.kind, outcome, end.reason).inc(messages)
            if end.provider:
                self._providers.labels(end.provider, outcome).inc(messages)

    def planned(self, done: Planned) -> None:
        """Count reminders that were planned."""
        self._planned.labels("no").inc(done.queued)
        self._planned.labels("yes").inc(done.too_late)

    def left_behind(self, left: Leftovers) -> None:
        """Count what a worker or its hour had left behind."""
        for outcome in LEFT_BEHIND:
            self._left_behind.labels(outcome).inc(getattr(left, outcome))

    def came_back(self, verdicts: Mapping[str, int]) -> None:
        """Count mail that came back."""
        for verdict, messages in verdicts.items():
            self._feedback.labels(verdict).inc(messages)

    def stands(self, standing: Standing) -> None:
        """Note whether mail may leave."""
        for each in Standing:
            self._standing.labels(each).set(each is standing)

    def clock(self, trust: Trust, *, ahead: timedelta) -> None:
        """Note whether the clocks may be acted on."""
        self._ahead.set(ahead.total_seconds())
        self._doubt.labels("own").set(trust is Trust.OWN_WRONG)
        self._doubt.labels("database").set(trust is Trust.HELD)

    def pinged(self, result: str) -> None:
        """Count a dead man's ping."""
        self._pings.labels(result).inc()

    def manners(
        self, gates: Iterable[tuple[str, Gate]], *, paused_domains: int
    ) -> None:
        """Note who is left alone at present."""
        self._paused.set(paused_domains)
        for relay, gate in gates:
            # Half open it waits for a mail that tries it: perhaps until tomorrow.
            self._relays.labels(relay).set(gate is Gate.OPEN)

    def exposition(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self.registry)

    def _start(self) -> None:
        self._info.labels("worker", version("eventide")).set(1)
        for kind in Kind:
            for state, reasons in REASONS.items():
                for reason in reasons:
                    self._messages.labels(kind, OUTCOMES[state], reason)
        for provider in Provider:
            for outcome in OUTCOMES.values():
                self._providers.labels(provider, outcome)
        for verdict in JUDGEMENTS:
            self._feedback.labels(verdict)
        for result in ("sent", "held back", "not heard"):
            self._pings.labels(result)
        self.stands(Standing.SENDS)
        self.clock(Trust.TRUSTED, ahead=timedelta())
        self.planned(Planned())
        self.left_behind(Leftovers(released=0, unknown=0, expired=0))

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"eventide_{name}", says, labels, registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"eventide_{name}", says, labels, registry=self.registry)


class _Lateness(Collector):
    """How late reminders were taken, by the local hour they were for."""

    def __init__(self) -> None:
        self._late = {hour: [0] * (len(LATENESS) + 1) for hour in HOURS}
        self._seconds = dict.fromkeys(HOURS, 0.0)

    def add(self, tally: Tally) -> None:
        for hour, counts in tally.late.items():
            self._late[hour] = list(map(add, self._late[hour], counts))
            self._seconds[hour] += tally.late_seconds[hour]

    def collect(self) -> Iterable[HistogramMetricFamily]:
        family = HistogramMetricFamily(
            "eventide_lateness_seconds",
            "From the time a person chose to when a relay took the reminder",
            labels=("hour",),
        )
        # As Prometheus itself writes them, from its release 3 on.
        bounds = [*(str(float(bound)) for bound in LATENESS), "+Inf"]
        for hour in HOURS:
            buckets = list(zip(bounds, accumulate(self._late[hour]), strict=True))
            family.add_metric([str(hour)], buckets, sum_value=self._seconds[hour])
        yield family
