"""The relays (for now one)."""

from datetime import datetime
from types import TracebackType
from typing import Self

from service.domain.clock import Clock
from service.domain.outbox import Outcome
from service.mail.envelope import Envelope
from service.mail.smtp import Mailer
from service.settings import SmtpSettings


class Relays:
    """One relay."""

    def __init__(self, settings: SmtpSettings, *, clock: Clock) -> None:
        """Keep."""
        self._mailer = Mailer(settings)
        self.connections = settings.connections
        self._clock = clock

    async def __aenter__(self) -> Self:
        """Open."""
        await self._mailer.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self._mailer.__aexit__(kind, error, trace)

    async def send(self, envelope: Envelope) -> Outcome:
        """Send."""
        return await self._mailer.send(envelope)

    async def probe(self) -> None:
        """Probe."""
        await self._mailer.probe()

    def room(self, now: datetime) -> int:
        """Room."""
        return 10**9

    def hold(self, domain: str, now: datetime) -> datetime | None:
        """Hold."""
        return None

    def share(self, workers: int) -> None:
        """Share."""
