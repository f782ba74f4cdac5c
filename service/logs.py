"""One line per event: a constant message, `action=` and ids; never what people said.

Addresses, answers, chosen tips and tokens are not logged anywhere; a field whose name
could hold one of them is redacted, in case a caller forgets.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Literal

import structlog

PRIVATE = frozenset(
    {"address", "answers", "choice", "email", "payload", "recipient", "tips", "token"}
)


def configure(*, form: Literal["console", "json"]) -> None:
    """Send log lines to standard error, for people (console) or programs (json)."""
    render = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def redact(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """The event with the values of private fields taken out."""
    for name in PRIVATE & event.keys():
        event[name] = "(redacted)"
    return event
