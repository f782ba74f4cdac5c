"""One line per event: a constant message, `action=` and ids; never what people said.

Addresses, answers, chosen tips and tokens are not logged anywhere; a field whose name
could hold one of them is redacted, in case a caller forgets. People are numbers.

The libraries' own lines come out in the same form, from warnings on. Their words are
not ours, so whatever looks like an address or a link's token is taken out of them, and
of an error only its kind and place is kept: its text may quote what a person typed.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Literal, cast

import structlog
from structlog.typing import Processor

Raised = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
NOTHING_RAISED: Raised = (None, None, None)
PRIVATE = frozenset(
    {"address", "answers", "choice", "email", "payload", "recipient", "tips", "token"}
)
HANDLER = "eventide"
#: An address; and what follows a `?` in a link or stands in a token's own form.
QUOTED = re.compile(r"[^\s<>\"']+@[^\s<>\"']+|(?<=\?)[^\s\"']+|\S{40,}")


def configure(*, form: Literal["console", "json"]) -> None:
    """Send log lines to standard error, for people (console) or programs (json)."""
    render: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    stamped: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*stamped, redact, structlog.processors.format_exc_info, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*stamped, structlog.stdlib.add_logger_name, scrub],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(HANDLER)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if each.name != HANDLER]
    root.addHandler(handler)
    # At INFO some tell every URL they ask, and ours hold tokens.
    root.setLevel(logging.WARNING)


def redact(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """The event with the values of private fields taken out."""
    for name in PRIVATE & event.keys():
        event[name] = "(redacted)"
    return event


def scrub(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """A library's event without what could be private in its words."""
    # One line whatever is in it: a forged one could follow a line break.
    text = " ".join(str(event["event"]).split())
    event["event"] = QUOTED.sub("(redacted)", text)
    event["action"] = "library"
    event.pop("stack_info", None)
    _, error, trace = cast("Raised", event.pop("exc_info", NOTHING_RAISED))
    if error is not None:
        event["error"] = type(error).__name__
        places = traceback.extract_tb(trace)[-1:]
        event["where"] = "".join(f"{at.filename}:{at.lineno}" for at in places)
    return event
