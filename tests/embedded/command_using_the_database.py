"""A command of its own process: says the database's URL, ends when its input does.

Called with a directory, or with `throwaway`.
"""

import asyncio
import sys
from pathlib import Path

from service.embedded.postgres import running, throwaway


def ignore(_line: str) -> None:
    """Take a line of progress."""


async def main() -> None:
    where = sys.argv[1]
    is_brief = where == "throwaway"
    using = throwaway(tell=ignore) if is_brief else running(Path(where), tell=ignore)
    async with using as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
