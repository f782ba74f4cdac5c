"""Django's EmailMultiAlternatives, a thread with a kept connection for each."""

import threading
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from benchmarks.peers.senders.cue import say, task

TAKING_TURNS = threading.Lock()


def send_all() -> None:
    """Send from all threads at once."""
    wanted = task()
    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=wanted.port)
    letters = wanted.letters()
    connections = [get_connection() for _ in range(wanted.connections)]
    for connection in connections:
        connection.open()
    threads = [
        threading.Thread(target=_send, args=(connection, letters))
        for connection in connections
    ]
    say("ready")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say("done")
    for connection in connections:
        connection.close()


def _send(connection: BaseEmailBackend, letters: Iterator[dict[str, Any]]) -> None:
    while True:
        with TAKING_TURNS:
            letter = next(letters, None)
        if letter is None:
            return
        message = EmailMultiAlternatives(
            subject=letter["subject"],
            body=letter["text"],
            from_email=letter["from"],
            to=[letter["to"]],
            headers=letter["headers"],
            connection=connection,
        )
        message.attach_alternative(letter["html"], "text/html")
        message.send()


if __name__ == "__main__":
    send_all()
