"""`eventide demo`: the whole service on one machine, with a clock that can be moved."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from socket import socket
from typing import Annotated

import typer

from service import app as composition
from service import keys as key_ring
from service.app import Service
from service.commands.loop import run
from service.commands.run import stop_signal
from service.domain.errors import Misconfigured, VisitorError
from service.domain.operators import Role
from service.domain.outbox import State
from service.embedded import postgres
from service.embedded.catcher import Catcher, CaughtMail
from service.embedded.visitor import visit
from service.flows import operators
from service.flows.upkeep import upkeep
from service.keys import Keys
from service.passwords import Passwords
from service.settings import SecretsSettings
from service.store import engine, migrate
from service.store.sealing import Sealer
from service.store.trouble import RefusedByDatabase
from service.web import inbox
from service.web.app import create_app
from service.web.server import bound, serving

HOST = "127.0.0.1"
DATA = "demo"
#: Before the catcher, which tells the database's time, there is no port to send to.
NOT_YET = 1
#: Who may look at the demo's console.
OPERATOR, PASSWORD_BYTES = "demo", 12
#: How long a press of "next evening" waits for mail to go out, and looks again.
PATIENCE_SECONDS = 20
LOOK_AGAIN_SECONDS = 0.1


def demo(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the pages.")
    ] = 8000,
    once: Annotated[
        bool, typer.Option("--once", help="Drive itself once over HTTP and SMTP.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --once: a folder for the mails.")
    ] = None,
) -> None:
    """Try everything on this machine: pages, worker, database, mail and an inbox.

    Nothing leaves the machine. Ctrl-C stops it all.
    """
    if once:
        folder = out or Path("eventide-demo")
        folder.mkdir(parents=True, exist_ok=True)
        run(_once(folder))
    else:
        run(_demo(port))


async def _demo(port: int) -> None:
    stop = stop_signal()
    settings = composition.settings()
    listener = bound(HOST, port)
    typer.echo("Starting the database, the mail catcher, the worker and the pages ...")
    home = postgres.data_directory(settings.database.dir) / DATA
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres.running(home, tell=typer.echo))
        keys = key_ring.keys(key_ring.own_keys(home / composition.KEY_FILE))
        stage = await stack.enter_async_context(
            staged(listener, base_url=near(listener), url=url, keys=keys)
        )
        base = stage.base_url
        typer.echo(f"\n  Sign up     {base}/")
        typer.echo(f"  Inbox       {base}/inbox")
        typer.echo(f"  Your page   {base}/manage")
        password = await _let_in(stage.parts)
        typer.echo(f"  Console     {base}/operator")
        typer.echo(f"              (name {OPERATOR}, password {password})\n")
        typer.echo("Every mail stays in the inbox here. Ctrl-C stops everything.")
        await stop.wait()
        typer.echo("\nStopping ...")


async def _let_in(parts: Service) -> str:
    """The password of an admin of the demo: another one at each start."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    store, by, now = parts.store, "cli:demo", parts.clock.now()
    new = (OPERATOR, Role.ADMIN, password)
    try:
        await operators.add(store, Passwords(), new, by=by, now=now)
    except VisitorError:
        await operators.set_password(
            store, Passwords(), OPERATOR, password, by=by, now=now
        )
    return password


async def _once(out: Path) -> None:
    keys = key_ring.keys(SecretsSettings(keys=key_ring.new_keys(name="1")))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(postgres.throwaway(tell=typer.echo))
        listener = bound(HOST, 0)
        stage = await stack.enter_async_context(
            staged(listener, base_url=near(listener), url=url, keys=keys)
        )
        await visit(stage.base_url, stage.catcher, out, tell=typer.echo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running demo."""

    base_url: str
    catcher: Catcher
    parts: Service


def near(listener: socket) -> str:
    """The base URL of pages that nothing stands before."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


@asynccontextmanager
async def staged(
    listener: socket, *, base_url: str, url: str, keys: Keys
) -> AsyncIterator[Stage]:
    """Everything running on a database: catcher, worker, pages and inbox."""
    await migrate.upgrade(url)
    async with AsyncExitStack() as stack:
        local = partial(
            composition.kept_here, composition.settings(), base_url=base_url
        )
        await _let_move(url, composition.sealer(keys))
        parts = await stack.enter_async_context(
            composition.opened(local(smtp_port=NOT_YET), url=url, keys=keys)
        )
        catcher = await stack.enter_async_context(Catcher(clock=parts.clock))
        parts = replace(parts, settings=local(smtp_port=catcher.port))
        await stack.enter_async_context(composition.working(parts))
        desk = Inbox(catcher, parts)
        site = composition.site(parts)
        app = create_app(site, inbox.routes(desk, site))
        await stack.enter_async_context(serving(app, listener))
        yield Stage(base_url=base_url, catcher=catcher, parts=parts)


async def _let_move(url: str, sealer: Sealer) -> None:
    """The clock of this database can be moved from now on. Raises Misconfigured."""
    async with engine.opened(url, sealer) as store:
        try:
            async with store.transaction() as tx:
                if not (await tx.timekeeping.read()).is_shifted:
                    await tx.timekeeping.let_shift()
        except RefusedByDatabase as error:
            raise Misconfigured(
                what="it has people whose time cannot be moved",
                where="the demo's database",
                remedy=f"Delete the folder {DATA} in EVENTIDE_DATABASE__DIR",
            ) from error


class Inbox:
    """What the inbox pages show and do: the caught mails and the demo's clock."""

    def __init__(self, catcher: Catcher, parts: Service) -> None:
        """Keep the parts of a running demo."""
        self._catcher = catcher
        self._clock = parts.clock
        self._timekeeper = parts.timekeeper
        self._store = parts.store
        self._turn = asyncio.Lock()

    def mails(self) -> tuple[CaughtMail, ...]:
        """The caught mails, oldest first."""
        return self._catcher.mails

    def now(self) -> datetime:
        """The demo's time (UTC)."""
        return self._clock.now()

    async def next_evening(self) -> datetime | None:
        """Move the clock to the next reminder; None where nobody is waiting for one.

        The mail of an evening that has begun is let go out first, and the new one is
        there when this returns: as often as it is pressed, so many mails come.
        """
        async with self._turn:
            await self._settled()
            due = await self._first_due()
            if due is None:
                return None
            await self._timekeeper.move_to(due)
            await upkeep(self._store, now=self._clock.now())
            await self._settled()
            return self._clock.now()

    async def _settled(self) -> None:
        """Return once the worker has done all that is due by now, or soon after."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await self._is_busy():  # noqa: ASYNC110  # rows send no word
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _is_busy(self) -> bool:
        now = self._clock.now()
        due = await self._first_due()
        async with self._store.transaction() as tx:
            counts = [
                await tx.outbox.counts(now.date() + timedelta(days=step))
                for step in (-1, 0, 1)
            ]
        open_states = (State.DUE, State.CLAIMED, State.SENDING)
        is_open = any(night[state] for night in counts for state in open_states)
        return is_open or (due is not None and due <= now)

    async def _first_due(self) -> datetime | None:
        async with self._store.transaction() as tx:
            return await tx.subscribers.first_due_at()
