"""How things stand as Prometheus reads it. No address, no answer, no person."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest

from service.content.catalogue import Library
from service.domain.fence import NIGHTS_EXCUSED
from service.domain.provider import Provider
from service.flows.crew import Outlook
from service.store.census import Count, Waits
from service.store.deployment import Standing
from service.store.limits import Pressure
from service.store.refusals import Row


class Gauges:
    """Figures of one moment, put together by what is known at that moment."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._registry = CollectorRegistry()

    def exposition(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)

    def database(self, *, is_up: bool, schema: str) -> None:
        """Whether there is a database, and the release that asks it."""
        self._set("database_up", "1 while the database answers", is_up)
        info = self._by(
            "build_info", "The release that runs", "role", "version", "schema"
        )
        info.labels("web", version("eventide"), schema).set(1)

    def evening(self, evening: Outlook) -> None:
        """How the evening goes."""
        ahead = evening.forecast
        self._set("workers", "Workers that are alive", evening.crew.workers)
        self._set("due_messages", "Reminders due in the next 12 hours", ahead.due)
        self._set("sending_rate", "Mails a second that can be sent", ahead.per_second)
        self._set(
            "too_late_messages", "Reminders that would be too late", ahead.too_late
        )
        if ahead.done_at and ahead.deadline:
            done, deadline = ahead.done_at.timestamp(), ahead.deadline.timestamp()
            self._set("done_timestamp_seconds", "When all is sent", done)
            self._set("deadline_timestamp_seconds", "The last deadline", deadline)
        not_sent = self._by(
            "not_sent_messages",
            "Messages since yesterday that were not sent, and why",
            "state",
            "reason",
        )
        for one in evening.not_sent:
            not_sent.labels(one.state.value, one.reason).set(one.messages)

    def waits(self, standing: Standing, waits: Waits, *, queued: int) -> None:
        """What waits, and whether it may go."""
        backlog = self._by("backlog_messages", "Reminders due by now", "where")
        backlog.labels("unplanned").set(waits.unplanned)
        backlog.labels("queued").set(queued)
        oldest = waits.reminder_for.total_seconds()
        self._set("oldest_reminder_seconds", "The longest wait of a reminder", oldest)
        self._set("asked_for_messages", "Mails somebody waits for", waits.waited_for)
        asked = waits.waited_for_for.total_seconds()
        says = "The longest wait of those before a first try"
        self._set("oldest_asked_for_seconds", says, asked)
        stands = self._by("standing", "1 for what this database does", "standing")
        for each in Standing:
            stands.labels(each).set(each is standing)

    def held(self, rows: Sequence[Row]) -> None:
        """Where most of a night's reminders were refused; the last two nights."""
        held = self._by(
            "held_refusals",
            "Refusals of a night on which most were refused, by what they are worth",
            "provider",
            "is_counted",
        )
        for provider in (*Provider, "all"):
            for is_counted in ("yes", "no"):
                held.labels(provider, is_counted).set(0)
        for row in rows:
            is_counted = "yes" if row.nights_down >= NIGHTS_EXCUSED else "no"
            series = held.labels(row.provider or "all", is_counted)
            series.inc(row.tally.refused)

    def pressure(self, found: Pressure) -> None:
        """Which budgets of strangers' requests are used up."""
        spent = self._by(
            "budgets_spent", "Budgets of requests for a mail that are used up", "scope"
        )
        spent.labels("instance").set(found.is_instance_over)
        spent.labels("domain").set(found.domains)

    def everybody(self, count: Count) -> None:
        """Everybody, by what they are."""
        people = self._by("subscribers", "People by their status", "status")
        for status, number in count.people.items():
            people.labels(status).set(number)
        addresses = self._by("suppressed_addresses", "Addresses without mail", "reason")
        lately = self._by(
            "suppressed_lately_addresses", "Of these, since a day", "reason"
        )
        for reason, suppressed in count.suppressed.items():
            addresses.labels(reason).set(suppressed.addresses)
            lately.labels(reason).set(suppressed.lately)
        self._set("pending_signups", "Sign-ups that wait for a click", count.pending)
        self._set("unread_feedback", "Mail that came back and is kept", count.unread)

    def catalogue(self, library: Library, *, now: datetime) -> None:
        """How many tips a clinician has reviewed, and when the first review runs out."""
        reviews = library.review_summary
        tips = self._by("catalogue_tips", "Tips by their review", "review")
        running = reviews.reviewed - len(reviews.expired)
        tips.labels("running").set(running)
        tips.labels("expired").set(len(reviews.expired))
        tips.labels("none").set(reviews.tips - reviews.reviewed)
        known = library.catalogue.tips.values()
        if ends := [tip.expires_on for tip in known if tip.expires_on]:
            first = datetime.combine(min(ends), time(), UTC) - now
            says = "Until the first review of a tip that is said runs out"
            self._set("catalogue_review_left_seconds", says, first.total_seconds())

    def _set(self, name: str, says: str, value: float) -> None:
        Gauge(f"eventide_{name}", says, registry=self._registry).set(value)

    def _by(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"eventide_{name}", says, labels, registry=self._registry)
