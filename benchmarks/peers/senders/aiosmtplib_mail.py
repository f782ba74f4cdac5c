"""Plain aiosmtplib with the standard library's EmailMessage, over kept connections."""

import asyncio
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import uvloop
from aiosmtplib import SMTP

from benchmarks.peers.senders.cue import Task, say, task


async def send_all(wanted: Task) -> None:
    """Send over all connections at once."""
    letters = wanted.letters()
    clients = [
        SMTP(hostname="127.0.0.1", port=wanted.port, start_tls=False)
        for _ in range(wanted.connections)
    ]
    await asyncio.gather(*(client.connect() for client in clients))
    say("ready")
    await asyncio.gather(*(_send(client, letters) for client in clients))
    say("done")
    await asyncio.gather(*(client.quit() for client in clients))


async def _send(client: SMTP, letters: Iterator[dict[str, Any]]) -> None:
    for letter in letters:
        await client.send_message(_composed(letter))


def _composed(letter: dict[str, Any]) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = letter["from"], letter["to"]
    message["Subject"] = letter["subject"]
    for name, value in letter["headers"].items():
        message[name] = value
    message.set_content(letter["text"], cte="quoted-printable")
    message.add_alternative(letter["html"], subtype="html", cte="quoted-printable")
    return message


if __name__ == "__main__":
    uvloop.run(send_all(task()))
