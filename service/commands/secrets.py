"""`eventide secrets`: what a deployment in containers must know and nobody may guess."""

import os
import re
import secrets as chance
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import typer

from service.clock import SystemClock
from service.domain.errors import Misconfigured
from service.keys import new_keys
from service.store import audit_owner

PASSWORD_BYTES = 32
#: What PostgreSQL takes as a name without quotes.
NAME = re.compile(r"[a-z_][a-z0-9_]*")
#: The role is no superuser: it owns its database, and reaches no other.
ROLE = """\
CREATE ROLE {role} LOGIN PASSWORD '{password}';
ALTER DATABASE {database} OWNER TO {role};
REVOKE CONNECT ON DATABASE {database}, postgres, template1 FROM PUBLIC;
"""


def secrets(
    url: Annotated[
        str,
        typer.Argument(
            help="postgresql://ROLE@HOST:PORT/DATABASE, without a password."
        ),
    ],
    *,
    service: Annotated[Path, typer.Option(help="The folder that the service reads.")],
    database: Annotated[
        Path, typer.Option(help="The folder that PostgreSQL reads at its first start.")
    ],
    database_group: Annotated[int, typer.Option(help="The group it reads it as.")],
) -> None:
    """Make the keys and passwords of a deployment where they are missing; keep the others.

    The service gets `keys` and `database_url`; PostgreSQL gets `postgres_password`,
    `role.sql` and `second_role.sql`, the role that owns the audit log. Nobody but root and the group of each folder may read them.
    """
    place = _place(url)
    try:
        password = _for_service(service, place, group=os.getgid())
        _for_database(database, place, password, group=database_group)
    except OSError as error:
        raise Misconfigured(
            what=f"the secrets cannot be kept here ({error.strerror})",
            where=str(error.filename),
            remedy="Name two folders that this user may write to",
        ) from error
    typer.echo(f"The secrets are in {service} and {database}")


def _for_service(folder: Path, place: SplitResult, *, group: int) -> str:
    """Make what the service reads; the password of its role."""
    _kept(folder / "keys", _keys, group=group)
    password = _kept(folder / "database_password", _password, group=group)
    login = f"{place.username}:{password}@{place.netloc.rpartition('@')[2]}"
    _write(folder / "database_url", place._replace(netloc=login).geturl(), group=group)
    return password


def _for_database(
    folder: Path, place: SplitResult, password: str, *, group: int
) -> None:
    _kept(folder / "postgres_password", _password, group=group)
    database = place.path.removeprefix("/")
    role = ROLE.format(role=place.username, database=database, password=password)
    _write(folder / "role.sql", role, group=group)
    # PostgreSQL reads them in the order of their names.
    second = audit_owner.statements(str(place.username))
    _write(folder / "second_role.sql", second, group=group)


def _place(url: str) -> SplitResult:
    place = urlsplit(url)
    names = (place.username or "", place.path.removeprefix("/"))
    is_whole = all(NAME.fullmatch(name) for name in names) and place.hostname
    if place.scheme != "postgresql" or not is_whole or place.password is not None:
        raise Misconfigured(
            what="it is not postgresql://ROLE@HOST:PORT/DATABASE without a password",
            where="the URL of the database",
            remedy="Name role and database in small letters; the password is made here",
        )
    return place


def _keys() -> str:
    return new_keys(name=SystemClock().now().strftime("%Y-%m"))


def _password() -> str:
    return chance.token_hex(PASSWORD_BYTES)


def _kept(path: Path, make: Callable[[], str], *, group: int) -> str:
    """What the file holds; it is made where it is missing, and never changed."""
    if not path.exists():
        _write(path, make(), group=group)
    return path.read_text().strip()


def _write(path: Path, text: str, *, group: int) -> None:
    """Replace the file as a whole: whoever reads it meets all of it, or none."""
    partial = path.with_suffix(".partial")
    # Nobody else may read it before it has its group.
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        os.chown(partial, -1, group)
        os.fchmod(handle, 0o640)
        os.fsync(handle)
    partial.replace(path)
