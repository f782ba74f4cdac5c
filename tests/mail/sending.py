"""A mailer as the tests use it, and messages for it."""

import asyncio
from datetime import timedelta
from typing import Any

from service.domain.clock import Clock
from service.domain.outbox import Outcome
from service.mail.envelope import Envelope
from service.mail.session import Patience
from service.mail.smtp import Mailer
from service.settings import SmtpSettings
from tests.builders import NOON, REFUSALS
from tests.fakes import StoppedClock
from tests.mail.relay import HOST

DATA = b"From: a@example.org\r\nSubject: x\r\n\r\n.one dot\r\n..\r\nend\r\n"
#: More than fits on the way to a relay that does not read.
BIG = (b"x" * 76 + b"\r\n") * 100_000
SOON = Patience(
    command=0.2, data=0.2, block=0.2, final_dot=0.2, courtesy=0.2, refused=0.2
)
EXPIRES_AT = NOON + timedelta(hours=2)


def mailing(
    port: int,
    *,
    patience: Patience | None = None,
    clock: Clock | None = None,
    **change: object,
) -> Mailer:
    """One connection to a plain relay on loopback, at noon."""
    values: dict[str, object] = {
        "host": HOST,
        "port": port,
        "tls": "none",
        "connections": 1,
        "hostname": "eventide.example",
    }
    settings = SmtpSettings.model_validate(values | change)
    return Mailer(
        settings, REFUSALS, clock=clock or StoppedClock(NOON), patience=patience
    )


def envelope(recipient: str = "ann@example.com", **change: Any) -> Envelope:
    """The usual message."""
    values: dict[str, Any] = {
        "sender": "tips@example.org",
        "recipient": recipient,
        "data": DATA,
        "envid": "n1.k2@example.org",
        "expires_at": EXPIRES_AT,
    }
    return Envelope(**(values | change))


async def send(mailer: Mailer, recipient: str = "ann@example.com") -> Outcome:
    """What becomes of the usual message."""
    return await mailer.send(envelope(recipient))


async def send_all(mailer: Mailer, *recipients: str) -> list[Outcome]:
    """What becomes of one message to each, all of them waiting at the same time."""
    return await asyncio.gather(*(send(mailer, to) for to in recipients))
