"""What one worker counts, for Prometheus: no address, no answer, no person.

Every series is there from the start, at zero: what has not happened yet is no gap.
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from service.worker.tick import Tick

#: Most ticks take milliseconds; one that delivers takes as long as the evening does.
TICK_SECONDS = (0.01, 0.1, 1, 10, 60, 600)


class Figures:
    """The counters of one worker."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._registry = CollectorRegistry()
        self._tick_seconds = Histogram(
            "eventide_tick_seconds",
            "How long a tick's work took",
            ("tick",),
            registry=self._registry,
            buckets=TICK_SECONDS,
        )
        self._tick_failures = Counter(
            "eventide_tick_failures",
            "Ticks that broke off",
            ("tick",),
            registry=self._registry,
        )
        self._tick_age = Gauge(
            "eventide_tick_age_seconds",
            "Since a tick last got somewhere",
            ("tick",),
            registry=self._registry,
        )
        self._tick_patience = Gauge(
            "eventide_tick_patience_seconds",
            "How old that may be",
            ("tick",),
            registry=self._registry,
        )

    def expect(self, ticks: Sequence[Tick]) -> None:
        """Show these ticks from now on."""
        for tick in ticks:
            self._tick_seconds.labels(tick.name)
            self._tick_failures.labels(tick.name)
            self._tick_patience.labels(tick.name).set(tick.patience_seconds)

    def tick_took(self, tick: Tick, seconds: float) -> None:
        """Count a tick that did its work."""
        self._tick_seconds.labels(tick.name).observe(seconds)

    def tick_failed(self, tick: Tick) -> None:
        """Count a tick that did not."""
        self._tick_failures.labels(tick.name).inc()

    def waited(self, tick: Tick, seconds: float) -> None:
        """Note how long ago the tick last got somewhere."""
        self._tick_age.labels(tick.name).set(seconds)

    def exposition(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)
