"""What is counted of a worker's ticks."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service.worker.tick import Tick

#: Most ticks take milliseconds; one that delivers takes as long as the evening does.
SECONDS = (0.01, 0.1, 1, 10, 60, 600)
BY_NAME = ("tick",)


class TickFigures:
    """How long ticks take, how many break off, and how long ago each got somewhere."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Show them in this registry."""
        self._seconds = Histogram(
            "eventide_tick_seconds",
            "How long a tick's work took",
            BY_NAME,
            registry=registry,
            buckets=SECONDS,
        )
        self._failures = Counter(
            "eventide_tick_failures", "Ticks that broke off", BY_NAME, registry=registry
        )
        self._age = Gauge(
            "eventide_tick_age_seconds",
            "Since a tick last got somewhere",
            BY_NAME,
            registry=registry,
        )
        self._patience = Gauge(
            "eventide_tick_patience_seconds",
            "How old that may be",
            BY_NAME,
            registry=registry,
        )

    def expect(self, ticks: Sequence[Tick]) -> None:
        """Show these ticks from now on."""
        for tick in ticks:
            self._seconds.labels(tick.name)
            self._failures.labels(tick.name)
            self._patience.labels(tick.name).set(tick.patience_seconds)

    def took(self, tick: Tick, seconds: float) -> None:
        """Count a tick that did its work."""
        self._seconds.labels(tick.name).observe(seconds)

    def failed(self, tick: Tick) -> None:
        """Count a tick that did not."""
        self._failures.labels(tick.name).inc()

    def waited(self, tick: Tick, seconds: float) -> None:
        """Note how long ago the tick last got somewhere."""
        self._age.labels(tick.name).set(seconds)
