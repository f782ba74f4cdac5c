"""The contract between a sender and the race that measures it.

A sender is started with PORT MESSAGES CONNECTIONS FOLDER, says "ready" when it could
begin, waits for a line, sends, says "done", and waits for the next line before it
ends: so that its start and end count for nobody.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the race asks of a sender."""

    port: int
    messages: int
    connections: int
    folder: Path

    def letters(self) -> Iterator[dict[str, Any]]:
        """So many mails, read from the folder; the same ones again and again."""
        lines = (self.folder / "letters.jsonl").read_text().splitlines()
        return islice(cycle([json.loads(line) for line in lines]), self.messages)


def task() -> Task:
    """What the race asks of this process."""
    port, messages, connections, folder = sys.argv[1:]
    return Task(
        port=int(port),
        messages=int(messages),
        connections=int(connections),
        folder=Path(folder),
    )


def say(word: str) -> None:
    """Tell the race how far we are, and wait for its answer."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()
    sys.stdin.readline()
