"""One evening in a process of its own: `python -m benchmarks.scale.evening MESSAGES`.

Its database and relay are named by the settings; it prints what it measured as JSON.
"""

import json
import sys

from service import app as composition
from service.commands.bench import measured
from service.commands.loop import run


async def evening(messages: int) -> None:
    """Plan and deliver what is due, and print what it took."""
    async with composition.service(composition.settings()) as parts:
        result = await measured(parts, messages)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    run(evening(int(sys.argv[1])))
