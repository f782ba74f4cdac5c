"""Directories that the server's user can reach, and commands that use them."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from asyncio import StreamWriter
from asyncio.subprocess import Process
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

import asyncpg
import pytest

from service.embedded.cluster import Cluster
from service.embedded.programs import account_for, find, installed

COMMAND = Path(__file__).with_name("command_using_the_database.py")
CHECKOUT = COMMAND.parents[2]


@pytest.fixture
def home():
    """A directory as an operator would make it; pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="eventide-test-"))
    folder.chmod(0o755)
    yield folder
    with suppress(FileNotFoundError, ValueError):
        os.kill(postmaster_of(folder), signal.SIGQUIT)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def used():
    """A directory that commands have used before, and may use again."""
    folder = Path(tempfile.mkdtemp(prefix="eventide-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def cluster(home):
    """The cluster in `home`, to be started and stopped by the test."""
    account = account_for(home / "postgres", uid=os.geteuid())
    programs = await find(account, site=installed(), copies=Path("/var/lib/eventide"))
    return Cluster(home=home, programs=programs, is_durable=False, tell=lambda _: None)


@pytest.fixture
async def command():
    """Starts real commands; `command(directory)` gives the process and the URL."""
    processes: list[tuple[Process, StreamWriter]] = []

    async def start(where):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            COMMAND,
            str(where),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
            start_new_session=True,
        )
        assert process.stdin
        assert process.stdout
        processes.append((process, process.stdin))
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        return process, line.decode().strip()

    yield start
    for process, stdin in processes:
        stdin.close()
        await process.wait()


@asynccontextmanager
async def connected(url):
    """A connection as the application has one."""
    connection = await asyncpg.connect(
        user="eventide", database="eventide", host=str(socket_folder(url))
    )
    try:
        yield connection
    finally:
        await connection.close()


def postmaster_of(home):
    """The process id of the server's first process."""
    return int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def socket_folder(url):
    """Where the server of this URL listens."""
    return Path(unquote(url.partition("?host=")[2]))
