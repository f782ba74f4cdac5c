"""What a worker says once, when it changes: whether it may send, and put-off upkeep."""

import structlog

from service.store.deployment import Standing

log = structlog.get_logger()


class Watch:
    """Says once whenever it changes how things stand; at first all is well."""

    def __init__(self) -> None:
        """Begin with a service that sends, which is not worth a line."""
        self._last = Standing.SENDS
        self._is_put_off = False

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
            case Standing.FENCED:
                what = "a restored copy: nothing is sent before `eventide adopt`"
                log.error(what, action="standing")

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
