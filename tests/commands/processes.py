"""The installed command as a process of its own."""

import asyncio
import os
import sys
from pathlib import Path

from typer.testing import CliRunner

from service.__main__ import app
from service.domain.errors import ServiceError

EVENTIDE = Path(sys.executable).with_name("eventide")
PATIENCE_SECONDS = 120


async def start(settings, *arguments, takes_input=False):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("EVENTIDE_")}
    return await asyncio.create_subprocess_exec(
        EVENTIDE,
        *arguments,
        env={**kept, **settings},
        stdin=asyncio.subprocess.PIPE if takes_input else None,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def outcome(settings, *arguments):
    process = await start(settings, *arguments)
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def called(settings, *arguments, typed=""):
    """The outcome of a command inside this process, which takes a tenth of the time."""
    kept = {name: None for name in os.environ if name.startswith("EVENTIDE_")}
    result = await asyncio.to_thread(
        CliRunner(env={**kept, **settings}).invoke, app, arguments, input=typed
    )
    if isinstance(result.exception, ServiceError):
        return 1, result.stdout, f"{result.stderr}eventide: {result.exception}\n"
    assert result.exception is None or result.exit_code, result.exception
    return result.exit_code, result.stdout, result.stderr


async def line_with(stream, words):
    """The first line of a process that has these words in it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while words not in (line := (await stream.readline()).decode()):
            assert line, f"the process never said {words!r}"
    return line
