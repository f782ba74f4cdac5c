"""One mail ready for the wire: to whom, from whom, until when, and its bytes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a relay is given.

    `sender` is where bounces go (RFC 5321, 4.4); `envid` names the message in them
    (RFC 3461, 4.4), by a signed token. Every line of `data` ends in CRLF.
    After `expires_at` (UTC) it must not be sent any more. `minute` is the local one that
    the person chose for it, None where there is none. `is_retry`: a relay was given it
    before, so what it says of it is no news.
    """

    sender: str
    recipient: str
    data: bytes
    envid: str
    expires_at: datetime
    minute: int | None = None
    is_retry: bool = False
