"""The second factor: six digits that an authenticator app shows for 30 seconds.

And the recovery codes that stand in for a lost device, each of them once.
"""

import hashlib
import hmac
from datetime import datetime

import pyotp

ISSUER = "Eventide"
#: An app whose clock is half a minute off is still believed (RFC 6238, 5.2).
EARLIER_AND_LATER = (-1, 0, 1)
STEP_SECONDS = 30
RECOVERY_CODES = 10
#: Of base32, so 140 bits: nobody finds a code by its digest.
RECOVERY_LENGTH, GROUP = 28, 4


def new_secret() -> str:
    """160 random bits in base32, as apps take them."""
    return pyotp.random_base32()


def address(secret: str, *, name: str, place: str) -> str:
    """The `otpauth:` address that an app reads from a QR code."""
    app = pyotp.TOTP(secret)
    return app.provisioning_uri(name=f"{name} at {place}", issuer_name=ISSUER)


def step_of(code: str, secret: str, *, after: int | None, now: datetime) -> int | None:
    """The step that a code is of, None for a wrong one.

    A code is taken once: one of the step `after`, or an earlier one, is wrong.
    """
    digits = "".join(code.split()).encode()
    app, current = pyotp.HOTP(secret), int(now.timestamp()) // STEP_SECONDS
    for step in (current + shift for shift in EARLIER_AND_LATER):
        is_right = hmac.compare_digest(app.at(step).encode(), digits)
        if is_right and (after is None or step > after):
            return step
    return None


def new_recovery_codes() -> tuple[str, ...]:
    """Codes to be kept on paper: letters and digits in groups, as `abcd-efgh-...`."""
    return tuple(_recovery_code() for _ in range(RECOVERY_CODES))


def recovery_digest(code: str) -> bytes:
    """What is kept of a recovery code, however it was typed."""
    plain = "".join(code.split()).replace("-", "").lower()
    return hashlib.sha256(plain.encode()).digest()


def _recovery_code() -> str:
    text = pyotp.random_base32()[:RECOVERY_LENGTH].lower()
    return "-".join(text[i : i + GROUP] for i in range(0, len(text), GROUP))


def code_at(secret: str, now: datetime) -> str:
    """What an app shows at this instant."""
    return pyotp.TOTP(secret).at(now)
