"""`eventide bench`: how fast due rows become recorded outcomes, and at what cost."""

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from service import app as composition
from service import settings as configuration
from service.app import PLAN_AT_ONCE, Service
from service.commands.meter import Cost, Meter, peak_memory
from service.commands.people import invite, progress
from service.domain.errors import Misconfigured
from service.domain.outbox import Lane
from service.embedded import postgres
from service.flows.deliver import Courier, deliver
from service.flows.plan import plan
from service.flows.upkeep import upkeep
from service.mail.smtp import Mailer
from service.settings import SecretsSettings
from service.store import migrate

RELAY = re.compile(r"(?P<host>[\w.-]+):(?P<port>\d{1,5})")
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
#: A cost of one message is shown in thousandths of these units.
MILLI = 1000

def bench(
    messages: Annotated[int, typer.Option(min=1, help="How many mails.")],
    relay: Annotated[str, typer.Option(help="HOST:PORT of an SMTP server.")],
    *,
    connections: Annotated[
        int, typer.Option(min=1, max=200, help="To the relay, at the same time.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    database: Annotated[
        str, typer.Option(help="URL of a migrated database without real people.")
    ] = "",
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="The relay may be elsewhere.")
    ] = False,
) -> None:
    """Measure delivery end to end: claimed, composed, sent and recorded.

    The mails are reminders of invented subscribers, planned before the clock starts.
    The database is one of its own, kept on disk and thrown away, unless you name one.
    """
