"""What tells the time. Only who runs for long is given one; others are told `now`."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The machine's clock, the demo's that is moved ahead, or one that a test sets."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
