"""The demo as a stranger starts it, and a browser to try it with."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from service import keys as key_ring
from service.app import KEY_FILE
from service.commands.demo import DATA
from service.domain.tokens import Links, Purpose
from tests.builders import NOON
from tests.e2e.phones import CONFIRMATION, PATIENCE_SECONDS, Mail, listed, read

EVENTIDE = Path(sys.executable).with_name("eventide")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """The folder of the demo's database and keys."""
    # Not pytest's folder: as root, PostgreSQL's own user must be able to reach it.
    home = Path(tempfile.mkdtemp(prefix="eventide-e2e-"))
    home.chmod(0o711)
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def demo(home: Path) -> Iterator[str]:
    """The address of a running demo with a database of its own."""
    process = subprocess.Popen(
        [EVENTIDE, "demo", "--port", "0"],
        env={**os.environ, "EVENTIDE_DATABASE__DIR": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _address(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.fixture(scope="session")
def links(demo: str, home: Path) -> Links:
    """What makes and reads the links of the demo's mails."""
    keys = key_ring.keys(key_ring.own_keys(home / DATA / KEY_FILE))
    return Links(keys=keys.link, base_url=demo)


@pytest_asyncio.fixture(loop_scope="session")
async def mails(demo: str, links: Links) -> AsyncIterator[httpx.AsyncClient]:
    """Reads the demo's inbox. Whoever joined meanwhile leaves in the end.

    The demo is shared, and its next evening is that of whoever still waits for one.
    """
    # A page that is asked for while many browsers start can take its time.
    async with httpx.AsyncClient(base_url=demo, timeout=PATIENCE_SECONDS) as client:
        before = {number for number, *_ in await listed(client)}
        yield client
        for number, subject, _ in await listed(client):
            if subject == CONFIRMATION and number not in before:
                mail = await read(client, number, subject)
                await client.post(_way_out(mail, links), data=ONE_CLICK)


def _way_out(mail: Mail, links: Links) -> str:
    """The link that unsubscribes whoever confirmed with this mail."""
    token = mail.link("/confirm").partition("=")[2]
    # Read as if it were new: the clock of the demo may have moved on by weeks.
    person = links.subject(Purpose.CONFIRM, token, now=NOON)
    return links.url(Purpose.UNSUBSCRIBE, person, now=NOON)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    while "/inbox" not in (line := process.stdout.readline()):
        assert line, f"the demo ended with {process.wait()} before it was ready"
    return line.split()[-1].removesuffix("/inbox")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, or the one that Playwright installed."""
    async with _chromium() as chromium:
        yield chromium


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def large_print() -> AsyncIterator[Browser]:
    """The same, set to letters twice as large."""
    async with _chromium("--blink-settings=defaultFontSize=32") as chromium:
        yield chromium


@asynccontextmanager
async def _chromium(*settings: str) -> AsyncIterator[Browser]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", *settings]
        )
        yield chromium
        await chromium.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Where pictures of the console go: CONSOLE_PICTURES, or nowhere lasting."""
    folder = Path(os.environ.get("CONSOLE_PICTURES") or tmp_path_factory.mktemp("p"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
