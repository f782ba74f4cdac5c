"""This service without its database: mails written and sent as a worker does it."""

import asyncio
from collections.abc import Iterator
from itertools import cycle, islice

from benchmarks.peers.corpus import NOW, messages
from benchmarks.peers.senders.cue import Task, say, task
from service import app as composition
from service.clock import SystemClock
from service.commands.loop import run
from service.domain.outbox import Accepted, Message
from service.domain.refusals import Refusals
from service.mail.letters import Letters
from service.mail.relays import Relays
from service.settings import SmtpSettings


async def send_all(wanted: Task) -> None:
    """Send over all connections at once."""
    studio = composition.studio()
    waiting = islice(cycle(list(messages(studio))), wanted.messages)
    smtp = SmtpSettings(
        host="127.0.0.1",
        port=wanted.port,
        tls="none",
        connections=wanted.connections,
        hostname="localhost",
    )
    async with Relays(smtp, Refusals(()), clock=SystemClock()) as relays:
        say("ready")
        # Twice as many as connections, as in a worker: none waits for its next mail.
        senders = [
            _send(relays, studio.letters, waiting)
            for _ in range(2 * wanted.connections)
        ]
        await asyncio.gather(*senders)
        say("done")


async def _send(relays: Relays, letters: Letters, waiting: Iterator[Message]) -> None:
    for message in waiting:
        outcome = await relays.send(letters.write(message, now=NOW))
        if not isinstance(outcome, Accepted):
            raise SystemExit(f"not accepted: {outcome}")


if __name__ == "__main__":
    run(send_all(task()))
