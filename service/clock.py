"""The only reader of the wall clock; the demo's can be moved to the next evening."""

from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return datetime.now(UTC)


class DemoClock(SystemClock):
    """The machine's clock plus what it was moved ahead by; it never goes back."""

    def __init__(self) -> None:
        """Start level with the machine's clock."""
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The demo's current instant, aware, in UTC."""
        return super().now() + self._ahead

    def move_to(self, instant: datetime) -> None:
        """Let it be `instant` (UTC) now; an instant already past changes nothing."""
        self._ahead += max(instant - self.now(), timedelta())
