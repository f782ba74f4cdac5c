"""Who is to blame for a refusal."""

from enum import StrEnum


class Verdict(StrEnum):
    """What a refusal or a report says about the person it was for.

    DEAD: the address does not exist. UNDELIVERED: this person did not get it tonight,
    for a reason that is unknown or may pass. COMPLAINT: it was not wanted. OURS: our
    reputation, protocol, relay or network, or a provider's policy. NOTHING: a delay,
    an automatic answer, a test.
    """

    DEAD = "dead"
    UNDELIVERED = "undelivered"
    COMPLAINT = "complaint"
    OURS = "ours"
    NOTHING = "nothing"
