"""The installed command as a process of its own."""

import asyncio
import os
import sys
from pathlib import Path

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


async def line_with(stream, words):
    """The first line of a process that has these words in it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while words not in (line := (await stream.readline()).decode()):
            assert line, f"the process never said {words!r}"
    return line
