"""What a worker says once, when it changes: whether it may send, and put-off upkeep."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog

from service.domain.breaker import Gate
from service.store.deployment import Standing

#: What keeps mail from leaving though no operator wished it so.
HELD: Mapping[Standing, str] = {
    Standing.FENCED: "a restored copy: nothing is sent before `eventide adopt`",
    Standing.PROMOTED: (
        "this server was promoted, and what the one before sent last is not known here:"
        " no reminder is sent before `eventide adopt`"
    ),
    Standing.ALONE: (
        "no reminder is sent: EVENTIDE_DATABASE__REPLICATION says synchronous, and"
        " commits wait for no standby (synchronous_standby_names, synchronous_commit)"
    ),
}

log = structlog.get_logger()


class Watch:
    """Says once whenever it changes how things stand; at first all is well."""

    def __init__(self) -> None:
        """Begin with a service that sends, which is not worth a line."""
        self._last = Standing.SENDS
        self._is_put_off = False
        self._left_alone: Mapping[str, datetime] = {}

    def note(self, standing: Standing) -> None:
        """Log one line if this is news."""
        if standing is self._last:
            return
        self._last = standing
        match standing:
            case Standing.SENDS:
                log.info("sending again", action="standing")
            case Standing.PAUSED:
                what = "paused: nothing is sent before `eventide resume`"
                log.warning(what, action="standing")
            case Standing.FENCED | Standing.PROMOTED | Standing.ALONE:
                log.error(HELD[standing], action="standing")

    @property
    def trouble(self) -> str:
        """Why reminders are held that should go out, in a line; "" if they are not."""
        return HELD[self._last] if self._last is Standing.ALONE else ""

    def succeeded(self) -> None:
        """Log one line: a server was promoted, and nothing was lost."""
        what = "this server was promoted and has all that was begun before: it goes on"
        log.warning(what, action="standing")

    def left_alone(
        self, gates: Iterable[tuple[str, Gate]], *, now: datetime
    ) -> Mapping[str, datetime]:
        """Which relays get no mail but for a try, and since when (UTC)."""
        before = self._left_alone
        self._left_alone = {
            relay: before.get(relay, now)
            for relay, gate in gates
            if gate is not Gate.CLOSED
        }
        return self._left_alone

    def dropping(self, *, is_put_off: bool) -> None:
        """Log one line if old nights cannot be dropped now, and one when they were."""
        if is_put_off is self._is_put_off:
            return
        self._is_put_off = is_put_off
        if is_put_off:
            what = "old nights are in use, by a backup perhaps: dropped later"
            log.info(what, action="upkeep")
        else:
            log.info("old nights are dropped again", action="upkeep")
