"""What a doctor asks of the database, whatever state its schema is in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from service.domain.errors import Misconfigured
from service.domain.records import person_from_json
from service.store import migrate
from service.store.sealing import SETTING as KEYS
from service.store.sealing import SealBroken, Sealer
from service.store.trouble import AWAY, SETTING, address_of, place, remedy, translated

#: Seconds until a database that does not answer is taken to be away.
PATIENCE = 8
#: Of the people who came first and last, so many are opened to try the keys.
TRIED = 5

VITALS = text(
    """
    SELECT current_setting('server_version_num')::integer AS version,
        clock_timestamp() AS now, pg_database_size(current_database()) AS size
    """
)
# Without the rights of pg_monitor, of a standby it can only be seen that it is there.
REPLICATION = text(
    """
    SELECT pg_is_in_recovery() AS is_standby,
        current_setting('synchronous_standby_names') <> '' AS is_synchronous,
        count(s.pid) AS standbys,
        count(s.pid) FILTER (WHERE s.sync_state IN ('sync', 'quorum')) AS waited_for,
        count(s.pid) FILTER (WHERE s.sync_state IS NULL) AS unseen
    FROM (SELECT) AS one
    LEFT JOIN pg_stat_replication AS s ON s.state IS DISTINCT FROM 'backup'
    """
)
SOME_PEOPLE = text(
    """
    (SELECT id, address_key, sealed, key_id FROM subscriber ORDER BY id LIMIT :tried)
    UNION ALL
    (SELECT id, address_key, sealed, key_id FROM subscriber
    ORDER BY id DESC LIMIT :tried)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """Whose standby a server is, or who its standbys are.

    `is_synchronous`: every commit waits for those that are `waited_for`. Of those that
    are `unseen` our user may not see whether they are.
    """

    is_standby: bool
    is_synchronous: bool
    standbys: int
    waited_for: int
    unseen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """A database that answers: its release, clock, size in bytes, and schema.

    `revision` is None where there is no schema; `pending` are the migrations to come,
    None where a newer release made the schema.
    """

    place: str
    version: int
    now: datetime
    size: int
    replication: Replication
    revision: str | None
    pending: tuple[str, ...] | None


async def vitals(url: str) -> Vitals:
    """How the database is. Raises Misconfigured, by what there is to mend."""
    engine = create_async_engine(
        address_of(url), poolclass=NullPool, connect_args={"timeout": PATIENCE}
    )
    try:
        async with engine.connect() as connection:
            row = (await connection.execute(VITALS)).one()
            others = (await connection.execute(REPLICATION)).one()
            revision = await migrate.revision_of(connection)
    except (SQLAlchemyError, *AWAY) as error:
        raise Misconfigured(
            what=f"the database does not let us in ({translated(error)})",
            where=f"setting {SETTING} ({place(url)})",
            remedy=remedy(error),
        ) from error
    finally:
        await engine.dispose()
    return Vitals(
        place=place(url),
        version=row.version,
        now=row.now,
        size=row.size,
        replication=Replication(**others._asdict()),
        revision=revision,
        pending=migrate.pending(revision),
    )


class Checkup:
    """What a doctor asks of the tables of this release."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def try_keys(self) -> int:
        """How many people's rows were opened with our keys. Raises SealBroken."""
        found = await self._connection.execute(SOME_PEOPLE, {"tried": TRIED})
        rows = found.all()
        for row in rows:
            about = f"subscriber:{row.id}"
            plain = self._sealer.open(row.sealed, row.key_id, about=about)
            address = person_from_json(plain.decode()).address
            if self._sealer.address_key(address) != row.address_key:
                raise SealBroken(
                    what=f"the look-up key does not find the row {about}",
                    where=KEYS,
                    remedy="Put the look-up key back that was there when people joined",
                )
        return len({row.id for row in rows})
