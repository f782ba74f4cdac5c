"""`eventide web`, `worker`, `migrate`: the production roles and their set-up."""

import asyncio
import signal
import socket
from contextlib import AsyncExitStack
from typing import Annotated

import structlog
import typer

from service import app as composition
from service.commands.loop import run
from service.domain.errors import Misconfigured
from service.embedded import postgres
from service.store import migrate as migrations
from service.web import bounces
from service.web.app import create_app
from service.web.probes import create_probes
from service.web.server import bound, serving

log = structlog.get_logger()


def web() -> None:
    """Serve the pages, until SIGTERM or Ctrl-C."""
    run(_web())


def worker() -> None:
    """Plan and send, until SIGTERM or Ctrl-C; mail in hand is finished first."""
    run(_worker())


def migrate(
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only compare tables and migrations, elsewhere."),
    ] = False,
) -> None:
    """Take the database to the schema of this release; safe to run at any time."""
    asyncio.run(_check_migrations() if check else _migrate())


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM or Ctrl-C sets, from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _web() -> None:
    stop = stop_signal()
    settings = composition.settings()
    listener = bound(settings.web.host, settings.web.port)
    key = settings.bounces.http_key.get_secret_value()
    async with composition.service(settings) as parts:
        site = composition.site(parts)
        returned = bounces.routes(composition.desk(parts), key, site.figures)
        app = create_app(site, returned)
        trusted = settings.web.proxies
        async with (
            composition.keeping_time(parts),
            serving(app, listener, trusted=trusted),
        ):
            host, port = listener.getsockname()[:2]
            log.info(
                "Serving",
                action="start",
                url=settings.web.base_url,
                on=f"{host}:{port}",
            )
            await stop.wait()


async def _worker() -> None:
    stop = stop_signal()
    settings = composition.settings()
    async with AsyncExitStack() as stack:
        # Bound first: a taken port is told before any mail is sent.
        listener = _listener(settings.worker.listen)
        parts = await stack.enter_async_context(composition.service(settings))
        health = await stack.enter_async_context(composition.working(parts))
        if listener:
            app = create_probes(health.trouble, health.figures)
            await stack.enter_async_context(serving(app, listener))
        log.info("At work", action="start", listen=settings.worker.listen)
        await stop.wait()


def _listener(where: str) -> socket.socket | None:
    host, _, port = where.rpartition(":")
    remedy = "Choose another EVENTIDE_WORKER__LISTEN, or leave it empty"
    return bound(host, int(port), remedy=remedy) if where else None


async def _migrate() -> None:
    async with composition.database(composition.settings()) as url:
        await migrations.upgrade(url)
        await migrations.hand_over(url)
    typer.echo(f"The schema is at {migrations.head()}")


async def _check_migrations() -> None:
    composition.settings()
    async with postgres.throwaway() as url:
        await migrations.upgrade(url)
        differences = await migrations.check(url)
    insist_on_none(differences)
    typer.echo("Migrations and tables agree")


def insist_on_none(differences: tuple[str, ...]) -> None:
    """Return if tables and migrations agree. Raises Misconfigured."""
    if differences:
        raise Misconfigured(
            what="; ".join(differences),
            where="service/store/migrations",
            remedy="Write a migration for it",
        )
