"""A dead man's ping: a page elsewhere is asked while all is well, and misses it else."""

import httpx
import structlog

from service.worker.health import Health
from service.worker.shift import Shift
from service.worker.tick import Tick

PING_SECONDS = 60
PATIENCE_SECONDS = 10
SENT = "sent"

log = structlog.get_logger()


class Ping:
    """Asks a URL every minute while this worker and the evening do well.

    Silence is the alarm. Whatever becomes of it, the worker goes on. The URL is not
    logged: whoever knows it can ask it.
    """

    def __init__(self, url: str, health: Health, shift: Shift) -> None:
        """Nothing is asked yet."""
        self._url = url
        self._health = health
        self._shift = shift
        self._result = SENT

    def tick(self) -> Tick:
        """What the schedule runs."""
        return Tick(name="ping", every_seconds=PING_SECONDS, work=self.ping)

    async def ping(self) -> bool:
        """Ask once; there is never more to do."""
        if why := await self._health.trouble() or await self._shift.trouble():
            self._note("held back", why)
        elif fault := await self._asked():
            self._note("not heard", fault)
        else:
            self._note(SENT, "")
        return False

    async def _asked(self) -> str:
        """What went wrong, without the URL; "" where nothing did."""
        try:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
                answer = await client.get(self._url, follow_redirects=True)
        except httpx.HTTPError as error:
            return type(error).__name__
        return "" if answer.is_success else f"HTTP {answer.status_code}"

    def _note(self, result: str, why: str) -> None:
        """Count it; one line when it changes, not one a minute."""
        self._shift.figures.pinged(result)
        if result != self._result:
            self._result = result
            say = log.info if result == SENT else log.warning
            say("dead man's ping", action="ping", result=result, reason=why)
