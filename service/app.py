"""The composition root: settings become a store, a mailer, a catalogue, web, worker."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from service import keys as key_ring
from service import logs
from service import settings as configuration
from service.clock import DatabaseClock, SystemClock
from service.content.catalogue import Library, load
from service.content.refusals import load_refusals
from service.content.templating import Templates
from service.domain.errors import Misconfigured, ServiceError, TryLater
from service.domain.outbox import Lane
from service.domain.refusals import Refusals
from service.domain.tokens import Links
from service.domain.verp import Verp
from service.embedded import postgres
from service.flows import timekeeping
from service.flows.bounces import Desk
from service.flows.timekeeping import Timekeeper
from service.keys import Keys
from service.mail.letters import Letters
from service.mail.relays import Relays
from service.passwords import Passwords
from service.settings import (
    BouncesSettings,
    OidcSettings,
    SecretsSettings,
    Settings,
    SmtpSettings,
)
from service.store import engine, migrate
from service.store.engine import Store
from service.store.sealing import Sealer
from service.store.trouble import SETTING
from service.web.site import Site
from service.worker.figures import Figures
from service.worker.health import Health
from service.worker.intake import intake
from service.worker.lanes import couriers, lanes
from service.worker.ping import Ping
from service.worker.schedule import Schedule
from service.worker.shift import Shift

if TYPE_CHECKING:
    from service.oidc import Provider

DEMO_TICK_SECONDS = 0.5
#: A laptop that slept is no reason to wait ten minutes for a mail that goes nowhere.
DEMO_HOLD_SECONDS = 1
KEY_FILE = "keys"
THIS_MACHINE = SystemClock()

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that is open while a role runs."""

    settings: Settings
    timekeeper: Timekeeper
    store: Store
    library: Library
    refusals: Refusals
    templates: Templates
    links: Links
    letters: Letters

    @property
    def clock(self) -> DatabaseClock:
        """The database's time."""
        return self.timekeeper.clock


def settings() -> Settings:
    """The settings, with logging set up as they say. Raises Misconfigured."""
    found = configuration.read()
    logs.configure(form=found.log.form)
    return found


def kept_here(settings: Settings, *, base_url: str, smtp_port: int) -> Settings:
    """The settings of a demo: its pages and its mail stay on this machine."""
    postal_address = "Demo only, 1 Example Street, Sampletown"
    here = {
        "web": settings.web.model_copy(update={"base_url": base_url}),
        # Nothing of the operator's relays and mailboxes is left.
        "smtp": SmtpSettings(
            host="127.0.0.1",
            port=smtp_port,
            tls="none",
            sender="Eventide <evening@eventide.example>",
            hostname="localhost",
        ),
        "bounces": BouncesSettings(),
        "oidc": OidcSettings(),
        "operator": settings.operator.model_copy(
            update={
                "postal_address": postal_address,
                "ping_url": "",
                # Who looks at a demo need not own an authenticator app.
                "second_factor": "optional",
            }
        ),
        "schedule": settings.schedule.model_copy(
            update={
                "tick_seconds": DEMO_TICK_SECONDS,
                "hold_seconds": DEMO_HOLD_SECONDS,
            }
        ),
    }
    return settings.model_copy(update=here)


@asynccontextmanager
async def service(settings: Settings) -> AsyncIterator[Service]:
    """All parts on the configured database and keys. Raises Misconfigured."""
    async with (
        database(settings) as url,
        opened(settings, url=url, keys=keys(settings), state=state(settings)) as parts,
    ):
        if parts.timekeeper.is_shifted:
            raise Misconfigured(
                what="the clock of this database is a demo's: it can be moved",
                where=f"setting {SETTING}",
                remedy="Name a database in which no demo was ever run",
            )
        yield parts


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """The URL of a PostgreSQL: the operator's, or the embedded one, migrated."""
    if settings.database.url:
        yield settings.database.url
        return
    async with postgres.running(settings.database.dir) as url:
        await migrate.upgrade(url)
        yield url


def keys(settings: Settings) -> Keys:
    """The operator's keys; those of the embedded database are made on first use."""
    return key_ring.keys(secrets(settings))


def secrets(settings: Settings) -> SecretsSettings:
    """The same as text, as a backup keeps them."""
    path = own_key_file(settings)
    return settings.secrets if path is None else key_ring.own_keys(path)


def own_key_file(settings: Settings) -> Path | None:
    """Where the embedded database's keys are, None where the operator keeps them."""
    if settings.secrets.keys.get_secret_value() or settings.database.url:
        return None
    return postgres.data_directory(settings.database.dir) / KEY_FILE


def state(settings: Settings) -> Path | None:
    """The folder of what is known of the database outside it, None where there is none."""
    database = settings.database
    if database.state_dir is not None:
        return database.state_dir.expanduser().absolute()
    return None if database.url else postgres.data_directory(database.dir)


@asynccontextmanager
async def records() -> AsyncIterator[Store]:
    """The store alone, to look something up. Raises Misconfigured."""
    found = settings()
    async with (
        database(found) as url,
        engine.opened(
            url,
            sealer(keys(found)),
            is_promised=found.database.is_promised,
            state=state(found),
        ) as store,
    ):
        await store.check()
        yield store


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What writes a mail that nobody is sent."""

    library: Library
    letters: Letters


def studio() -> Studio:
    """The catalogue and the letters, without a database and with throw-away keys."""
    found = settings()
    library = load(
        found.content.config, found.content.templates, today=SystemClock().now().date()
    )
    links = Links(keys=(os.urandom(32),), base_url=found.web.base_url)
    templates = Templates(found.content.templates)
    letters = _letters(found, library, templates, links)
    return Studio(library=library, letters=letters)


def _letters(
    settings: Settings, library: Library, templates: Templates, links: Links
) -> Letters:
    return Letters(
        library=library,
        templates=templates,
        links=links,
        verp=Verp(keys=links.keys, address=settings.bounces.address),
        sender_line=settings.smtp.sender,
        operator_name=settings.operator.name,
        postal_address=settings.operator.postal_address,
    )


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    url: str,
    keys: Keys,
    machine: SystemClock = THIS_MACHINE,
    state: Path | None = None,
) -> AsyncIterator[Service]:
    """All parts, checked: the database answers and is migrated, the catalogue loads.

    `machine` is what is known here of the time, to be compared with the database's, and
    `state` where its audit log's mark is kept.
    """
    content = settings.content
    promised = settings.database.is_promised
    async with engine.opened(
        url, sealer(keys), is_promised=promised, state=state
    ) as store:
        await store.check()
        timekeeper = await timekeeping.started(
            store, machine, hold_seconds=settings.schedule.hold_seconds
        )
        today = timekeeper.clock.now().date()
        library = load(content.config, content.templates, today=today)
        for tip in library.dropped:
            log.error("review expired, tip dropped", action="catalogue", tip_id=tip)
        refusals = load_refusals(content.config)
        templates = Templates(content.templates)
        links = Links(keys=keys.link, base_url=settings.web.base_url, ended=keys.ended)
        yield Service(
            settings=settings,
            timekeeper=timekeeper,
            store=store,
            library=library,
            refusals=refusals,
            templates=templates,
            links=links,
            letters=_letters(settings, library, templates, links),
        )


@asynccontextmanager
async def keeping_time(parts: Service) -> AsyncIterator[None]:
    """The database's time stays right inside the block: for a role without heartbeat."""
    task = asyncio.create_task(_beats(parts.timekeeper))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _beats(timekeeper: Timekeeper) -> None:
    while True:
        # While the database is away, the time goes on from its last answer.
        with suppress(ServiceError):
            await timekeeper.check()
        await asyncio.sleep(timekeeping.BEAT_SECONDS)


def sealer(keys: Keys) -> Sealer:
    """What seals and opens health answers; the newest key seals."""
    return Sealer(lookup=keys.lookup, keys=keys.seal, current=next(iter(keys.seal)))


def site(parts: Service) -> Site:
    """What the web pages need."""
    return Site(
        store=parts.store,
        links=parts.links,
        library=parts.library,
        templates=parts.templates,
        clock=parts.clock,
        base_url=parts.settings.web.base_url,
        operator_name=parts.settings.operator.name,
        postal_address=parts.settings.operator.postal_address,
        static=parts.settings.content.templates / "static",
        letters=parts.letters,
        passwords=Passwords(),
        provider=_provider(parts.settings),
        needs_second_factor=parts.settings.operator.second_factor == "required",
        own_networks=parts.settings.operator.networks,
    )


def _provider(settings: Settings) -> "Provider | None":
    if not settings.oidc.issuer:
        return None
    from service.oidc import Provider  # noqa: PLC0415 - 20 MB, and few have one

    callback = f"{settings.web.base_url}/operator/login/callback"
    return Provider(settings.oidc, callback=callback)


def desk(parts: Service) -> Desk:
    """Where bounces are handed in."""
    verp = Verp(
        keys=parts.links.keys,
        address=parts.settings.bounces.address,
        ended=parts.links.ended,
    )
    return Desk(
        store=parts.store, verp=verp, refusals=parts.refusals, clock=parts.clock
    )


@asynccontextmanager
async def working(parts: Service) -> AsyncIterator[Health]:
    """A worker at work inside the block, and how it does.

    Leaving the block lets mail in hand finish.

    Raises:
        Misconfigured: no relay takes our credentials or our kind of TLS.
    """
    stop = asyncio.Event()
    async with lanes(parts.settings.smtp, parts.refusals, parts.clock) as used:
        try:
            await used[Lane.EVENING].probe()
        except TryLater as error:
            log.warning("a relay is away", action="start", error=str(error))
        shift = _shift(parts, used, stop)
        # A promotion is noted before anything is written on the new server.
        await shift.look()
        await shift.keep()
        # Before the first mail: whoever joins takes a part of the rate, not all of it.
        await shift.beat()
        ticks = shift.ticks(parts.settings.schedule.tick_seconds)
        loop = asyncio.get_running_loop()
        health = Health(
            ticks,
            store=parts.store,
            figures=shift.figures,
            doubt=lambda: parts.timekeeper.trouble or shift.watch.trouble,
            seconds=loop.time,
        )
        if parts.settings.operator.ping_url:
            ping = Ping(parts.settings.operator.ping_url, health, shift)
            ticks = [*ticks, ping.tick()]
            log.info("somebody elsewhere is told while all is well", action="start")
        bounces = intake(shift.desk, parts.settings.bounces)
        async with bounces, Schedule(ticks, stop, health).running():
            yield health
        # Without the database the others notice within a minute that we are gone.
        with suppress(TryLater):
            await shift.leave()


def _shift(parts: Service, used: Mapping[Lane, Relays], stop: asyncio.Event) -> Shift:
    return Shift(
        store=parts.store,
        library=parts.library,
        clock=parts.clock,
        timekeeper=parts.timekeeper,
        couriers=couriers(
            used,
            store=parts.store,
            letters=parts.letters,
            timekeeper=parts.timekeeper,
            lease=timedelta(seconds=parts.settings.schedule.lease_seconds),
            stop=stop,
        ),
        desk=desk(parts),
        figures=Figures(),
    )
