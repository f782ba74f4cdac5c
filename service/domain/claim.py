"""Whose the answers of a sign-up are: the browser's that gave them, until claimed.

They are claimed by the cookie of that browser, or by the code that its page showed.
Whoever has the mail alone has shown that the address is theirs, not the answers.
"""

import hmac
from dataclasses import dataclass
from enum import StrEnum

#: So often may a wrong code be typed for one sign-up.
TRIES = 5
#: What a link of a reminder is about, where that of a confirmation mail has 0: adding the
#: answers that wait, and nothing else.
IN_A_REMINDER = 1


class Claim(StrEnum):
    """What became of a claim: the answers count, or why they wait."""

    COUNTS = "counts"
    NO_CODE = "no code"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a browser shows: the digest of its cookie and what was typed; "" for nothing."""

    browser: str = ""
    code: str = ""


NO_PROOF = Proof()


def claim(kept: Proof, shown: Proof, *, tries: int) -> Claim:
    """Whether `shown` claims the answers of a sign-up that `kept` this of its browser.

    `tries` wrong codes were typed before. Answers that no browser gave count at once.
    """
    if not kept.browser or _is_same(kept.browser, shown.browser):
        return Claim.COUNTS
    if tries >= TRIES:
        return Claim.LOCKED
    if not shown.code:
        return Claim.NO_CODE
    return Claim.COUNTS if _is_same(kept.code, shown.code) else Claim.WRONG


def _is_same(kept: str, shown: str) -> bool:
    return hmac.compare_digest(kept.encode(), shown.encode())
