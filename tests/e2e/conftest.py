"""The demo as a stranger starts it, and a browser to try it with."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

EVENTIDE = Path(sys.executable).with_name("eventide")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def demo() -> Iterator[str]:
    """The address of a running demo with a database of its own."""
    # Not pytest's folder: as root, PostgreSQL's own user must be able to reach it.
    home = Path(tempfile.mkdtemp(prefix="eventide-e2e-"))
    home.chmod(0o711)
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
        shutil.rmtree(home)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    while "/inbox" not in (line := process.stdout.readline()):
        assert line, f"the demo ended with {process.wait()} before it was ready"
    return line.split()[-1].removesuffix("/inbox")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, or the one that Playwright installed."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox"]
        )
        yield chromium
        await chromium.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Where pictures of the console go: CONSOLE_PICTURES, or nowhere lasting."""
    folder = Path(os.environ.get("CONSOLE_PICTURES") or tmp_path_factory.mktemp("p"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
