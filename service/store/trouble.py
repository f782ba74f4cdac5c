"""What the database's errors and addresses mean, in this service's own words."""

import asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.domain.errors import Busy, Misconfigured, ServiceError, TryLater

SETTING = "EVENTIDE_DATABASE__URL"
DRIVER = "postgresql+asyncpg"
#: `server_version_num` of the first release that has all we use.
OLDEST_SERVER = 150000
#: What asyncpg lets through unwrapped while it connects or loses a connection.
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

LOCKED = "55P03"
#: SQLSTATE classes and codes after which the same call may work: connection,
#: log-in, resources, operator's orders; deadlock and conflict, lock not available,
#: no connections allowed, idle for too long, not promoted yet; and a unique key that
#: another transaction took first.
PASSING = (
    "08",
    "28",
    "3D",
    "53",
    "57",
    "40",
    LOCKED,
    "55000",
    "25P03",
    "25006",
    "23505",
)
MAY_NOT = "42501"

REMEDIES = {
    "28": f"Give the user and the password that it knows in {SETTING}",
    "3D": f"Create that database (CREATE DATABASE), or correct its name in {SETTING}",
    "53": "Let fewer clients connect, or raise max_connections there",
    MAY_NOT: "Make the user it names the owner of the database",
}


class RefusedByDatabase(ServiceError):
    """What was to be written breaks a rule of the schema: a fault of this program."""


def translated(error: BaseException) -> ServiceError:
    """The error of this service that stands for one of SQLAlchemy's or asyncpg's.

    Its text never quotes what was to be written: it may be private.
    """
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    state = str(getattr(cause, "sqlstate", None) or "")
    is_lost = isinstance(error, PoolTimeout | OSError | asyncpg.InterfaceError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
    if state == MAY_NOT:
        return Misconfigured(
            what=_in_short(cause),
            where=f"setting {SETTING}",
            remedy=REMEDIES[MAY_NOT],
        )
    if state == LOCKED:
        return Busy(_in_short(cause))
    if is_lost or state.startswith(PASSING):
        return TryLater(_in_short(cause))
    # Messages of other classes (22: bad data) quote the value that is at fault.
    is_quotable = state.startswith(("23", "42"))
    return RefusedByDatabase(_in_short(cause) if is_quotable else f"SQLSTATE {state}")


def remedy(error: BaseException) -> str:
    """What the operator does about an error that came with the connection."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    state = str(getattr(cause, "sqlstate", None) or "")
    for begins, words in REMEDIES.items():
        if state.startswith(begins):
            return words
    return f"Start it and see that this machine reaches it, or correct {SETTING}"


def require_release(version: int, *, where: str) -> None:
    """Return if a server with this `server_version_num` will do; else Misconfigured."""
    if version < OLDEST_SERVER:
        raise Misconfigured(
            what=f"this is PostgreSQL {version // 10000}",
            where=where,
            remedy=f"Use PostgreSQL {OLDEST_SERVER // 10000} or newer",
        )


def address_of(url: str) -> URL:
    """The URL for the driver in use, from the spellings that people have at hand.

    Raises:
        Misconfigured: it does not name a PostgreSQL database.
    """
    try:
        found = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _not_ours("is not a database URL") from error
    if found.drivername not in {"postgres", "postgresql", DRIVER}:
        raise _not_ours(f"names {found.drivername!r}, and only PostgreSQL will do")
    query = dict(found.query)
    if "sslmode" in query:
        # libpq's name for it, which most providers print; asyncpg's is `ssl`.
        query["ssl"] = query.pop("sslmode")
    return found.set(drivername=DRIVER, query=query)


def environment_of(url: str) -> dict[str, str]:
    """The variables that lead PostgreSQL's own programs to the database.

    Raises Misconfigured as `address_of` does.
    """
    found = address_of(url)
    query = {name: str(value) for name, value in found.query.items()}
    values = {
        "PGHOST": found.host or query.get("host"),
        "PGPORT": found.port or query.get("port"),
        "PGUSER": found.username,
        "PGPASSWORD": found.password,
        "PGDATABASE": found.database,
        "PGSSLMODE": query.get("ssl"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
        "PGAPPNAME": "eventide backup",
    }
    return {name: str(value) for name, value in values.items() if value is not None}


def place(url: str) -> str:
    """Host, port and database of a URL, fit to be shown: no user, no password."""
    found = address_of(url)
    host = found.host or found.query.get("host") or "localhost"
    port = f":{found.port}" if found.port else ""
    return f"{host}{port}/{found.database or ''}"


def _in_short(cause: BaseException) -> str:
    if isinstance(cause, PoolTimeout):
        return "all its connections are in use"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    # asyncpg puts a hint on further lines, and the adapter the class in front.
    line = (str(cause).splitlines() or [""])[0]
    return line.partition(">: ")[2] or line or type(cause).__name__


def _not_ours(what: str) -> Misconfigured:
    return Misconfigured(
        what=what,
        where=f"setting {SETTING}",
        remedy="Write postgresql://user:password@host:5432/database, "
        "or leave it empty for the embedded database",
    )
