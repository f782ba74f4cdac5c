"""PostgreSQL for those who have none: started by the first command, stopped by the last.

Several commands may share one data directory. Each holds `users.lock` together with
the others for as long as it runs; starting and stopping happen one at a time, behind
`door.lock`. Whoever leaves tries to hold `users.lock` alone: if that succeeds nobody
else is left and the server is stopped. The kernel drops both locks of a command that
is killed, so there is no list of users to go stale; a server whose last user was
killed runs on until the next command has used it.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog
from platformdirs import user_data_path

from service.domain.errors import Misconfigured
from service.embedded.cluster import SHORT, Cluster
from service.embedded.programs import OWN_SERVER, account_for, find, installed
from service.embedded.sharing import FileLock

SYSTEM_DIRECTORY = Path("/var/lib/eventide")
THROWAWAY = "eventide-throwaway-"
# The server's user may pass through our folder to its own; nobody else may list it.
PASSABLE = 0o711


def _log(line: str) -> None:
    structlog.get_logger().info("embedded database", action="database", line=line)


@asynccontextmanager
async def running(
    directory: Path | None, *, tell: Callable[[str], None] = _log
) -> AsyncIterator[str]:
    """The URL of the database `eventide` in this directory, as SQLAlchemy spells it.

    None means the usual directory. `tell` gets a line when something takes long.

    Raises:
        Misconfigured: PostgreSQL cannot run here; says why and what to do.
    """
    home = data_directory(directory)
    _open(home)
    async with _used(await _cluster(home, is_durable=True, tell=tell)) as url:
        yield url


@asynccontextmanager
async def throwaway(
    *, is_durable: bool = False, tell: Callable[[str], None] = _log
) -> AsyncIterator[str]:
    """The URL of an empty database that is gone afterwards.

    Unless it `is_durable` it would survive no crash, and does not wait for the disk.

    Raises:
        Misconfigured: PostgreSQL cannot run here; says why and what to do.
    """
    await remove_leftovers(tell=tell)
    home = Path(tempfile.mkdtemp(prefix=THROWAWAY, dir=SHORT))
    try:
        await asyncio.to_thread(home.chmod, PASSABLE)
        cluster = await _cluster(home, is_durable=is_durable, tell=tell)
        async with _used(cluster) as url:
            yield url
    finally:
        await asyncio.to_thread(shutil.rmtree, home)


async def remove_leftovers(*, tell: Callable[[str], None] = _log) -> None:
    """Stop and remove throw-away databases of ours whose command was killed."""
    for home in Path(SHORT).glob(f"{THROWAWAY}*"):  # noqa: ASYNC240 - one short folder
        # Another process may be removing it at this moment.
        with suppress(FileNotFoundError):
            await _remove_leftover(home, tell=tell)


async def _remove_leftover(home: Path, *, tell: Callable[[str], None]) -> None:
    # No users.lock: it is being made at this moment.
    is_ours = home.lstat().st_uid == os.geteuid()  # noqa: ASYNC240 - as above
    if not is_ours or not (home / "users.lock").exists():
        return
    with (
        FileLock(home / "door.lock") as door,
        FileLock(home / "users.lock") as users,
    ):
        if door.take() and users.take():
            await (await _cluster(home, is_durable=False, tell=tell)).stop()
            await asyncio.to_thread(shutil.rmtree, home)


def data_directory(configured: Path | None) -> Path:
    """Where the data is kept: as configured, else where this user's data belongs."""
    if configured is not None:
        return configured.expanduser().absolute()
    return SYSTEM_DIRECTORY if os.geteuid() == 0 else user_data_path("eventide")


def _open(home: Path) -> None:
    try:
        ours = [
            folder
            for folder in (home, *home.parents)
            if folder == SYSTEM_DIRECTORY or not folder.exists()
        ]
        home.mkdir(parents=True, exist_ok=True)
        for folder in ours:
            folder.chmod(PASSABLE)
    except OSError as error:
        raise _unusable(home, error) from error


async def _cluster(
    home: Path, *, is_durable: bool, tell: Callable[[str], None]
) -> Cluster:
    account = account_for(home / "postgres", uid=os.geteuid())
    programs = await find(account, site=installed(), copies=data_directory(None))
    return Cluster(home=home, programs=programs, is_durable=is_durable, tell=tell)


@asynccontextmanager
async def _used(cluster: Cluster) -> AsyncIterator[str]:
    home = cluster.home
    try:
        door, users = FileLock(home / "door.lock"), FileLock(home / "users.lock")
    except OSError as error:
        raise _unusable(home, error) from error
    with door, users:
        async with door.held():
            users.share()
            try:
                url = await cluster.ensure_running()
            except BaseException as error:
                with suppress(OSError):
                    await _left(cluster, users)
                if isinstance(error, OSError):
                    raise _unusable(home, error) from error
                raise
        try:
            yield url
        finally:
            async with door.held():
                await _left(cluster, users)


async def _left(cluster: Cluster, users: FileLock) -> None:
    """Stop the server if no other command uses it."""
    if users.take():
        await cluster.stop()


def _unusable(home: Path, error: OSError) -> Misconfigured:
    return Misconfigured(
        what=f"the data directory cannot be used ({error.strerror})",
        where=str(home),
        remedy=f"Choose another with EVENTIDE_DATABASE__DIR, {OWN_SERVER}",
    )
