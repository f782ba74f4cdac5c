"""The signs that need help before any reminder, and how soon."""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Urgency(StrEnum):
    """How soon a sign needs help, the most urgent first."""

    EMERGENCY = "emergency"
    CRISIS = "crisis"
    MATERNITY = "maternity"
    TODAY = "today"


RED_FLAGS: Mapping[str, Urgency] = {
    "chest": Urgency.EMERGENCY,
    "cold_leg": Urgency.EMERGENCY,
    "bladder": Urgency.EMERGENCY,
    "stiff": Urgency.EMERGENCY,
    "coming_off": Urgency.EMERGENCY,
    "one_side": Urgency.EMERGENCY,
    "dark_pee": Urgency.EMERGENCY,
    "heartbeat": Urgency.EMERGENCY,
    "self_harm": Urgency.CRISIS,
    "expecting_leg": Urgency.MATERNITY,
    "expecting_head": Urgency.MATERNITY,
    "expecting_sight": Urgency.MATERNITY,
    "expecting_ribs": Urgency.MATERNITY,
    "expecting_swelling": Urgency.MATERNITY,
    "expecting_bleeding": Urgency.MATERNITY,
    "expecting_tummy": Urgency.MATERNITY,
    "expecting_baby": Urgency.MATERNITY,
    # Any of these: what lists and pages said before each had a box of its own.
    "expecting": Urgency.MATERNITY,
    "one_leg": Urgency.TODAY,
    "long_cramp": Urgency.TODAY,
    "dirty_wound": Urgency.TODAY,
    "statin_pain": Urgency.TODAY,
    "dried_out": Urgency.TODAY,
    "foot": Urgency.TODAY,
    "tingling": Urgency.TODAY,
    "pulling": Urgency.TODAY,
    "quinine": Urgency.TODAY,
    "dragging": Urgency.TODAY,
}


def urgencies(ticked: Iterable[str]) -> tuple[Urgency, ...]:
    """How soon the ticked signs need help, the most urgent first; () for no sign."""
    found = {RED_FLAGS[sign] for sign in ticked if sign in RED_FLAGS}
    return tuple(urgency for urgency in Urgency if urgency in found)
