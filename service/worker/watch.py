"""What a worker says when it may not send, and when it may again."""

import structlog

from service.store.deployment import Standing

log = structlog.get_logger()


class Watch:
    """Says once whenever it changes whether mail goes out; at first it does."""

    def __init__(self) -> None:
        """Begin with a service that sends, which is not worth a line."""
        self._last = Standing.SENDS

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
