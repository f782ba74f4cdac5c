"""The database, opened once; `Store.transaction()` is the only thing that commits."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path
from time import monotonic

from asyncpg import PostgresLogMessage
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from service.domain.errors import Misconfigured, ServiceError, TryLater
from service.store import migrate
from service.store.audit import Audit, Seal
from service.store.audit_mark import StateMark
from service.store.census import Census
from service.store.changes import Changes
from service.store.consents import Consents
from service.store.deployment import WAITS_FOR_STANDBY, Deployment
from service.store.dossier import Dossier
from service.store.feedback import Feedback
from service.store.figures import Figures
from service.store.inventory import Inventory
from service.store.limits import Limits
from service.store.nights import Nights
from service.store.operators import Operators
from service.store.outbox import Outbox
from service.store.refusals import RefusedReminders
from service.store.rehearsal import Rehearsal
from service.store.requests import Requests
from service.store.resealing import Resealing
from service.store.sealing import PROCESS, Sealer
from service.store.sessions import Sessions
from service.store.signups import Signups
from service.store.subscriber_sessions import SubscriberSessions
from service.store.subscribers import Subscribers
from service.store.suppression import Suppression
from service.store.timekeeping import Timekeeping
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

POOL_SIZE = 5
#: Seconds to wait for the server to take a connection.
PATIENCE = 10
#: And for the longest command, which lets go of a night of millions.
LONGEST_COMMAND = 600
#: Within so many seconds it must say that it is there; whoever asks gives up soon after.
ANSWER_SECONDS = 5
#: Seconds after which a connection that nobody used may have died unnoticed.
RESTED = 1
#: Of each of our sessions.
SERVER_SETTINGS: Mapping[str, str] = {
    # Planning a query just in time costs more than running ours does.
    "jit": "off",
    # However the server is tuned: a mail that was begun must be known to be so after a
    # crash, or it is sent twice (docs/reliability.md).
    "synchronous_commit": "on",
    # A machine that vanishes in the middle of a transaction lets go of its rows, and
    # nobody waits longer for those of another.
    "idle_in_transaction_session_timeout": "30s",
    "lock_timeout": "10s",
}
#: The function of PostgreSQL that gives up waiting for a standby, and our note of it.
GIVES_UP_WAITING, NOT_AWAITED = "SyncRepWaitForLSN", "a standby was not awaited"


@asynccontextmanager
async def opened(
    url: str,
    sealer: Sealer,
    *,
    rested: float = RESTED,
    longest_command: float = LONGEST_COMMAND,
    is_promised: bool = False,
    state: Path | None = None,
) -> AsyncIterator["Store"]:
    """A store on the database at `url`; its connections are closed at the end.

    One that has `rested` for so many seconds is replaced if it has died meanwhile. A
    command that takes `longest_command` seconds is given up. With `is_promised` its
    commits wait for a standby, or no reminder is begun.
    `state` is the folder where the audit log's mark is kept, None for nowhere.
    Nothing is connected yet: call `check()` to learn whether the database is there.

    Raises:
        Misconfigured: the URL does not name a PostgreSQL database.
    """
    engine = create_async_engine(
        address_of(url),
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=PATIENCE,
        connect_args={
            "timeout": PATIENCE,
            "command_timeout": longest_command,
            "server_settings": {**SERVER_SETTINGS, **_named(sealer)},
        },
    )
    _ask(engine, rested)
    _listen(engine)
    try:
        outside = StateMark(folder=state) if state else None
        seal = Seal(key=sealer.audit_key, outside=outside)
        yield Store(engine, sealer, seal, name=place(url), is_promised=is_promised)
    finally:
        await engine.dispose()


def _named(sealer: Sealer) -> Mapping[str, str]:
    """The name of our sessions, by which it is known which process seals with which key.

    PostgreSQL keeps 63 bytes of it.
    """
    name = f"{PROCESS} {sealer.fingerprint} {os.getpid()}@{socket.gethostname()}"
    return {"application_name": name[:63]}


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


def _listen(engine: AsyncEngine) -> None:
    """Note on a connection that the server gave up waiting for a standby.

    It says so in a warning and then commits all the same: after a cancel request, that of
    `command_timeout` or of an operator. The name of the function that says it is the same
    in all languages.
    """

    @event.listens_for(engine.sync_engine.pool, "connect")
    def _made(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        def heard(_: object, message: PostgresLogMessage) -> None:
            if message.server_source_function == GIVES_UP_WAITING:
                record.info[NOT_AWAITED] = True

        connection.driver_connection.add_log_listener(heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What can be read and written, by table. All of it is kept, or none."""

    requests: Requests
    signups: Signups
    subscribers: Subscribers
    outbox: Outbox
    nights: Nights
    suppression: Suppression
    consents: Consents
    rehearsal: Rehearsal
    feedback: Feedback
    refusals: RefusedReminders
    figures: Figures
    dossier: Dossier
    workers: Workers
    checkup: Checkup
    census: Census
    deployment: Deployment
    operators: Operators
    sessions: Sessions
    subscriber_sessions: SubscriberSessions
    changes: Changes
    audit: Audit
    inventory: Inventory
    timekeeping: Timekeeping
    resealing: Resealing
    limits: Limits


class Store:
    """The tables of one database; hands out transactions."""

    def __init__(
        self,
        engine: AsyncEngine,
        sealer: Sealer,
        seal: Seal,
        *,
        name: str,
        is_promised: bool,
    ) -> None:
        """Keep what `opened` made; `name` is the database without its password."""
        self._engine = engine
        self._sealer = sealer
        self._seal = seal
        self._name = name
        self.is_promised = is_promised

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction: committed at the end of the block, undone by an error.

        Raises:
            TryLater: the database is away, or another transaction was in the way; or it
                is committed, and a standby that was to have it may not have it.
            RefusedByDatabase: what was written breaks a rule of the schema.
        """
        try:
            async with self._engine.connect() as connection:
                connection.info.pop(NOT_AWAITED, None)
                async with connection.begin():
                    parts = _parts(
                        connection,
                        self._sealer,
                        self._seal,
                        is_promised=self.is_promised,
                    )
                    yield parts
                await _insist_on_standby(connection, parts)
            parts.audit.announce()
        except (SQLAlchemyError, *AWAY) as error:
            raise translated(error) from error

    async def now(self) -> datetime:
        """The database's time (UTC), which decides what is due. Raises TryLater."""
        async with self.transaction() as tx:
            return (await tx.timekeeping.read()).instant

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


async def _insist_on_standby(connection: AsyncConnection, parts: Transaction) -> None:
    """Return if no standby was to have what is committed, or one has it.

    Whoever empties `synchronous_standby_names` also lets those commits go that wait, and
    without a warning: so what must have been waited for is asked about once more.

    Raises:
        TryLater: it is kept here, and nowhere else perhaps.
    """
    is_kept = NOT_AWAITED not in connection.info
    if is_kept and (parts.outbox.awaits_standby or parts.deployment.awaits_standby):
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None  # noqa: S101 - it has just committed
        is_kept = await driver.fetchval(f"SELECT {WAITS_FOR_STANDBY}")
    if not is_kept:
        what = "no standby is known to have what was committed"
        raise TryLater(what)


def _parts(
    connection: AsyncConnection, sealer: Sealer, seal: Seal, *, is_promised: bool
) -> Transaction:
    return Transaction(
        requests=Requests(connection, sealer),
        signups=Signups(connection, sealer),
        subscribers=Subscribers(connection, sealer),
        outbox=Outbox(connection, sealer, is_promised=is_promised),
        nights=Nights(connection, sealer),
        suppression=Suppression(connection, sealer),
        consents=Consents(connection),
        rehearsal=Rehearsal(connection, sealer),
        feedback=Feedback(connection, sealer),
        refusals=RefusedReminders(connection, sealer),
        figures=Figures(connection),
        dossier=Dossier(connection),
        workers=Workers(connection),
        checkup=Checkup(connection, sealer),
        census=Census(connection),
        deployment=Deployment(connection, is_promised=is_promised),
        operators=Operators(connection, sealer),
        sessions=Sessions(connection),
        subscriber_sessions=SubscriberSessions(connection),
        changes=Changes(connection, sealer),
        audit=Audit(connection, seal),
        inventory=Inventory(connection),
        timekeeping=Timekeeping(connection),
        resealing=Resealing(connection, sealer),
        limits=Limits(connection, sealer),
    )
