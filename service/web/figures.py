"""What the web role counts itself: steps of joining and leaving, requests, bounces.

Every series is there from the start, at zero: what has not happened yet is no gap.
"""

from collections.abc import Iterator
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest

from service.domain.feedback import JUDGEMENTS
from service.flows.sign_in import No

#: The first part of the path, of those that there are; whoever tries others is nobody's
#: name in our figures.
ROUTES = (
    "home", "signup", "confirm", "manage", "unsubscribe", "checkin", "care", "sources",
    "privacy", "static", "operator", "health", "metrics", "bounces",
)  # fmt: skip
OTHER = "other"
SIGN_INS = ("taken", *No)
STATUSES = ("2xx", "3xx", "4xx", "5xx")
#: A page takes milliseconds; one that waits for the database up to ten seconds.
SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10)


class Step(StrEnum):
    """The steps of joining and leaving."""

    SHOWN = "form shown"
    IN_NEED = "sent to care"
    UNDER_AGE = "under age"
    INVALID = "invalid"
    CLOCK_ASKED = "clock asked"
    TRAPPED = "trapped"
    PUT_OFF = "put off"
    REFUSED = "refused for now"
    QUESTIONED = "asked a question"
    ASKED = "asked to confirm"
    LINK_OPENED = "link opened"
    LINK_BAD = "link bad"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"
    ONE_CLICK = "unsubscribed by one click"
    ONE_CLICK_BAD = "one click with a bad link"


class Figures:
    """The counters of one web process."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._steps = self._counter("signups", "Steps of joining and leaving", "step")
        self._feedback = self._counter("feedback", "Mail that came back", "verdict")
        self._sign_ins = self._counter("sign_ins", "Tries at the console", "outcome")
        self._requests = self._counter("http_requests", "Answers", "route", "status")
        self._seconds = Histogram(
            "eventide_http_request_seconds",
            "How long an answer took",
            ("route",),
            registry=self._registry,
            buckets=SECONDS,
        )
        for counter, values in (
            (self._steps, Step),
            (self._feedback, JUDGEMENTS),
            (self._sign_ins, SIGN_INS),
        ):
            for value in values:
                counter.labels(value)
        for route, status in _all_answers():
            self._requests.labels(route, status)

    def step(self, step: Step) -> None:
        """Count somebody who came this far."""
        self._steps.labels(step).inc()

    def came_back(self, verdict: str) -> None:
        """Count mail that came back."""
        self._feedback.labels(verdict).inc()

    def signed_in(self, outcome: str) -> None:
        """Count somebody who tried to sign in to the console: one of SIGN_INS."""
        self._sign_ins.labels(outcome).inc()

    def answered(self, path: str, status: int, *, seconds: float) -> None:
        """Count an answer to a request for this path."""
        first = path.strip("/").partition("/")[0] or "home"
        route = first if first in ROUTES else OTHER
        self._requests.labels(route, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)

    def exposition(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"eventide_{name}", says, labels, registry=self._registry)


def _all_answers() -> Iterator[tuple[str, str]]:
    for route in (*ROUTES, OTHER):
        for status in STATUSES:
            yield route, status
