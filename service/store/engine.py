"""The database, opened once; `Store.transaction()` is the only thing that commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from time import monotonic

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from service.domain.errors import Misconfigured, ServiceError
from service.store import migrate
from service.store.audit import Audit
from service.store.census import Census
from service.store.consents import Consents
from service.store.deployment import Deployment
from service.store.dossier import Dossier
from service.store.feedback import Feedback
from service.store.figures import Figures
from service.store.inventory import Inventory
from service.store.nights import Nights
from service.store.operators import Operators
from service.store.outbox import Outbox
from service.store.rehearsal import Rehearsal
from service.store.sealing import Sealer
from service.store.sessions import Sessions
from service.store.signups import Signups
from service.store.subscribers import Subscribers
from service.store.suppression import Suppression
from service.store.trouble import (
    AWAY,
    SETTING,
    address_of,
    place,
    require_release,
    translated,
)
from service.store.vitals import Checkup
from service.store.workers import Workers

#: Seconds to wait for the server to take a connection.
PATIENCE = 10
#: And for the longest command, which lets go of a night of millions.
LONGEST_COMMAND = 600
#: Within so many seconds it must say that it is there; whoever asks gives up soon after.
ANSWER_SECONDS = 5
#: Seconds after which a connection that nobody used may have died unnoticed.
RESTED = 1


@asynccontextmanager
async def opened(
    url: str, sealer: Sealer, *, pool_size: int = 5, rested: float = RESTED
) -> AsyncIterator["Store"]:
    """A store on the database at `url`; its connections are closed at the end.

    One that has `rested` for so many seconds is replaced if it has died meanwhile.
    Nothing is connected yet: call `check()` to learn whether the database is there.

    Raises:
        Misconfigured: the URL does not name a PostgreSQL database.
    """
    engine = create_async_engine(
        address_of(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=PATIENCE,
        connect_args={
            "timeout": PATIENCE,
            "command_timeout": LONGEST_COMMAND,
            "server_settings": {
                "application_name": "eventide",
                # Planning a query just in time costs more than running ours does.
                "jit": "off",
                # However the server is tuned: a mail that was begun must be known
                # to be so after a crash, or it is sent twice (docs/reliability.md).
                "synchronous_commit": "on",
                # A machine that vanishes in the middle of a transaction lets go of
                # its rows, and nobody waits longer for those of another.
                "idle_in_transaction_session_timeout": "30s",
                "lock_timeout": "10s",
            },
        },
    )
    _ask(engine, rested)
    try:
        yield Store(engine, sealer, name=place(url))
    finally:
        await engine.dispose()


def _ask(engine: AsyncEngine, rested: float) -> None:
    """Let a kept connection that has `rested` be asked whether it lives.

    SQLAlchemy would ask each time, which takes as long as three of our statements. One
    that dies while it is in constant use is met with TryLater, and replaced.
    """
    pool, dialect = engine.sync_engine.pool, engine.sync_engine.dialect

    @event.listens_for(pool, "checkin")
    def _rests(_: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = monotonic()

    @event.listens_for(pool, "checkout")
    def _asked(
        connection: DBAPIConnection, record: ConnectionPoolEntry, _: object
    ) -> None:
        if monotonic() - record.info.get("rests_since", inf) <= rested:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What can be read and written, by table. All of it is kept, or none."""

    signups: Signups
    subscribers: Subscribers
    outbox: Outbox
    nights: Nights
    suppression: Suppression
    consents: Consents
    rehearsal: Rehearsal
    feedback: Feedback
    figures: Figures
    dossier: Dossier
    workers: Workers
    checkup: Checkup
    census: Census
    deployment: Deployment
    operators: Operators
    sessions: Sessions
    audit: Audit
    inventory: Inventory


class Store:
    """The tables of one database; hands out transactions."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer, *, name: str) -> None:
        """Keep what `opened` made; `name` is the database without its password."""
        self._engine = engine
        self._sealer = sealer
        self._name = name

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction: committed at the end of the block, undone by an error.

        Raises:
            TryLater: the database is away, or another transaction was in the way.
            RefusedByDatabase: what was written breaks a rule of the schema.
        """
        try:
            async with self._engine.begin() as connection:
                parts = _parts(connection, self._sealer)
                yield parts
            parts.audit.announce()
        except (SQLAlchemyError, *AWAY) as error:
            raise translated(error) from error

    async def check(self) -> None:
        """Return if the database answers and has the schema of this release.

        Raises:
            Misconfigured: it does not; says what to do.
        """
        try:
            async with self._engine.connect() as connection:
                release = await connection.exec_driver_sql("SHOW server_version_num")
                version = int(release.scalar_one())
                current = await migrate.revision_of(connection)
        except (SQLAlchemyError, *AWAY) as error:
            raise self._silent(translated(error)) from error
        require_release(version, where=self._where())
        if current != migrate.head():
            raise migrate.wrong_schema(current, where=self._where())

    async def trouble(self, *, within: float = ANSWER_SECONDS) -> str:
        """Why it cannot be used now, in words that tell strangers nothing; "" if it can.

        It must say that it can `within` so many seconds.
        """
        try:
            async with asyncio.timeout(within):
                await self.check()
        except (ServiceError, TimeoutError):
            return "the database does not answer, or has another schema"
        return ""

    def _silent(self, error: Exception) -> Misconfigured:
        return Misconfigured(
            what=f"the database does not answer ({error})",
            where=self._where(),
            remedy="Start it, or correct the setting",
        )

    def _where(self) -> str:
        return f"setting {SETTING} ({self._name})"


def _parts(connection: AsyncConnection, sealer: Sealer) -> Transaction:
    return Transaction(
        signups=Signups(connection, sealer),
        subscribers=Subscribers(connection, sealer),
        outbox=Outbox(connection, sealer),
        nights=Nights(connection, sealer),
        suppression=Suppression(connection, sealer),
        consents=Consents(connection),
        rehearsal=Rehearsal(connection, sealer),
        feedback=Feedback(connection, sealer),
        figures=Figures(connection),
        dossier=Dossier(connection),
        workers=Workers(connection),
        checkup=Checkup(connection, sealer),
        census=Census(connection),
        deployment=Deployment(connection),
        operators=Operators(connection, sealer),
        sessions=Sessions(connection),
        audit=Audit(connection),
        inventory=Inventory(connection),
    )
