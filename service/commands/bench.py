"""`eventide bench`: how fast due rows become recorded outcomes, and at what cost."""

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from service import app as composition
from service import keys as key_ring
from service.app import Service
from service.clock import SystemClock
from service.commands.loop import run
from service.commands.people import invent, progress
from service.commands.stopwatch import Cost, Stopwatch, peak_memory
from service.domain.errors import Misconfigured
from service.domain.outbox import Lane
from service.domain.refusals import Refusals
from service.embedded import postgres
from service.flows.deliver import Courier, deliver
from service.flows.plan import plan
from service.flows.upkeep import upkeep
from service.mail.relays import Relays
from service.mail.smtp import Mailer
from service.settings import LAST_PORT, RelaySettings, SecretsSettings, SmtpSettings
from service.store import migrate
from service.worker.shift import PLAN_AT_ONCE

RELAY = re.compile(r"(?P<host>[\w.-]+):(?P<port>\d{1,5})")
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

LOOK_AGAIN_SECONDS = 0.2

#: What was measured, by name; printed as a table or as JSON.
Result = dict[str, str | int | float | None]


def bench(
    messages: Annotated[int, typer.Option(min=1, help="How many mails.")],
    relay: Annotated[str, typer.Option(help="HOST:PORT of an SMTP server.")],
    *,
    connections: Annotated[
        int, typer.Option(min=1, max=200, help="At the same time, to the relay.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    database: Annotated[
        str, typer.Option(help="URL of a migrated database without real people.")
    ] = "",
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="The relay may be elsewhere.")
    ] = False,
) -> None:
    """Measure delivery end to end: claimed, composed, sent, recorded.

    The mails are reminders of invented subscribers, planned before the clock starts.
    The database is one of its own, safe on disk and thrown away at the end, unless
    you name one. Lateness counts from the start, when all of them were due.
    """
    host, port = _address(relay)
    if not (allow_remote or _is_here(host)):
        raise Misconfigured(
            what=f"{host} is another machine, and the addresses are invented",
            where="--relay",
            remedy="Name a relay on this machine, or add --allow-remote",
        )
    to = RelaySettings(host=host, port=port, tls="none", connections=connections)
    result = run(_bench(messages, database, to))
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        Console().print(_table(result))
    if result["sent"] != messages:
        raise typer.Exit(1)


async def _bench(messages: int, database: str, relay: RelaySettings) -> Result:
    async with Mailer(relay, Refusals(()), clock=SystemClock()) as mailer:
        await mailer.probe()
    async with _parts(database, relay) as parts:
        now = parts.clock.now()
        await upkeep(parts.store, now=now)
        await invent(parts, messages, due_now=True, now=now)
        return await measured(parts, messages)


async def measured(parts: Service, messages: int) -> Result:
    """What it takes to plan and deliver the mails of so many people, due already."""
    async with Relays(parts.settings.smtp, parts.refusals, clock=parts.clock) as relays:
        async with parts.store.transaction() as tx:
            backend = await tx.rehearsal.process()
        planning = await _planned(parts, messages, Stopwatch(backend=backend))
        courier = Courier(
            store=parts.store,
            letters=parts.letters,
            relays=relays,
            clock=parts.clock,
            worker="bench",
            lease=timedelta(seconds=parts.settings.schedule.lease_seconds),
        )
        began = parts.clock.now()
        delivery = await _delivered(courier, messages, Stopwatch(backend=backend))
    async with parts.store.transaction() as tx:
        late = await tx.rehearsal.lateness(tuple(SHARES.values()), since=began)
        sent = await tx.rehearsal.sent(since=began)
    return {
        "messages": messages,
        "sent": sent,
        "connections": parts.settings.smtp.connections,
        "messages_per_second": _rounded(sent / delivery.seconds),
        **_figures("", delivery, messages),
        **{
            f"lateness_{name}_seconds": _rounded(seconds)
            for name, seconds in zip(SHARES, late, strict=True)
        },
        "worker_peak_rss_mb": _rounded(peak_memory()),
        **_figures("planning_", planning, messages),
    }


@asynccontextmanager
async def _parts(database: str, relay: RelaySettings) -> AsyncIterator[Service]:
    """All parts, on the database named or on one to be thrown away."""
    read = composition.settings()
    smtp = SmtpSettings(sender=read.smtp.sender, **relay.model_dump())
    named = read.database.model_copy(update={"url": database})
    settings = read.model_copy(update={"smtp": smtp, "database": named})
    if database:
        async with composition.service(settings) as parts:
            yield parts
        return
    secrets = SecretsSettings(keys=key_ring.new_keys(name="1"))
    async with postgres.throwaway(is_durable=True) as url:
        await migrate.upgrade(url)
        keys = key_ring.keys(secrets)
        opened = composition.opened(settings, url=url, keys=keys)
        async with opened as parts:
            yield parts


async def _planned(parts: Service, people: int, watch: Stopwatch) -> Cost:
    """The evening planned for everybody who is due."""
    with progress() as bar:
        task = bar.add_task("Planning their evening", total=people)
        while True:
            now = parts.clock.now()
            done = await plan(parts.store, parts.library, limit=PLAN_AT_ONCE, now=now)
            if not done.looked_at:
                return watch.cost()
            bar.advance(task, done.looked_at)


async def _delivered(courier: Courier, messages: int, watch: Stopwatch) -> Cost:
    """Everything sent that can be sent now."""
    sending = asyncio.create_task(deliver(courier, Lane.EVENING))
    with progress() as bar:
        task = bar.add_task("Sending", total=messages)
        while not sending.done():
            await asyncio.wait({sending}, timeout=LOOK_AGAIN_SECONDS)
            bar.update(task, completed=courier.meter.tally.ends.total())
    await sending
    return watch.cost()


def _figures(prefix: str, cost: Cost, messages: int) -> Result:
    each = 1000 / messages
    database = cost.database_cpu_seconds
    return {
        f"{prefix}seconds": _rounded(cost.seconds),
        f"{prefix}worker_cpu_ms_per_message": _rounded(cost.worker_cpu_seconds * each),
        # Not known where the database is on another machine.
        f"{prefix}database_cpu_ms_per_message": _rounded(
            None if database is None else database * each
        ),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _table(result: Result) -> Table:
    table = Table("", "measured", title="Delivery, end to end")
    for name, value in result.items():
        shown = "not known" if value is None else f"{value:,}"
        table.add_row(name.replace("_", " "), shown)
    return table


def _address(relay: str) -> tuple[str, int]:
    found = RELAY.fullmatch(relay)
    if found is None or not 0 < int(found["port"]) <= LAST_PORT:
        raise Misconfigured(
            what=f"'{relay}' is not HOST:PORT",
            where="--relay",
            remedy="Write it like 127.0.0.1:2525",
        )
    return found["host"], int(found["port"])


def _is_here(host: str) -> bool:
    """Whether every address of a host is this machine's own."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise Misconfigured(
            what=f"there is no host {host} ({error})",
            where="--relay",
            remedy="Name the host that the relay runs on",
        ) from error
    return all(ipaddress.ip_address(entry[4][0]).is_loopback for entry in found)
