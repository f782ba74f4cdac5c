"""The fence: whether the refusals of one night say something about the recipients.

How did the reminders of other people fare on the same night, at the same mailbox
provider, through the same relay? Where most of them arrived, a refusal is about its
recipient and counts (the fence is open). Where most did not, it is about us, the relay
or the provider: it is recorded and never counts (the fence is held).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

#: Fewer other people than these say nothing about a provider or a relay.
FEWEST = 5
#: A provider that refuses most of us for so many nights running, while the relay
#: reaches others, is gone or wants none of our mail: its refusals count from then on.
NIGHTS_EXCUSED = 10
#: The evening of a date ends last at UTC-12: 23:30 there is 11:30 UTC of the day after.
CLOSED_AFTER = timedelta(hours=36)


class Fence(StrEnum):
    """What a refusal is worth. All but HELD count."""

    #: Most of the others at this provider were reached.
    OPEN = "open"
    #: Too few others there; most of those at all providers were reached.
    RELAY = "relay"
    #: Too few others anywhere: it counts, and ends nothing before ten days.
    THIN = "thin"
    #: Most of the others were not reached: it never counts.
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Reminders of one night, one for each person: of `known` outcome, and `refused`.

    Known are those that a relay took or refused for good; one that it took counts as
    delivered until a report says otherwise.
    """

    known: int = 0
    refused: int = 0

    @property
    def delivered(self) -> int:
        """Those that were not refused."""
        return max(self.known - self.refused, 0)

    @property
    def is_enough(self) -> bool:
        """Whether it says anything to one of the refused: there are enough others."""
        return self.known - 1 >= FEWEST

    @property
    def is_down(self) -> bool:
        """Whether fewer than half of the others of each refused were delivered."""
        return self.is_enough and 2 * self.delivered < self.known - 1

    def less(self, other: "Tally") -> "Tally":
        """This one without those of the other, which are part of it."""
        return Tally(
            known=self.known - other.known, refused=self.refused - other.refused
        )


NONE = Tally()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Whose refusals are judged alike: one relay, one provider, and how we know.

    `has_reply`: a server of the provider said it; else it is our own relay's report of
    a connection or a name that failed. "" stands for a relay that is not known.
    """

    relay: str
    mailbox: str
    has_reply: bool


def is_closed(night: date, *, now: datetime) -> bool:
    """Whether the evening of that date is over in every zone."""
    return now >= datetime.combine(night, time(), UTC) + CLOSED_AFTER


def nights_down(here: Tally, relay: Tally, *, before: int) -> int:
    """For how many nights running a provider refused most, while the relay reached others.

    `before` is the same up to the night before. A night on which the relay reached few
    others too tells nothing about the provider.
    """
    if not here.is_down:
        return 0
    others = relay.less(here)
    is_reaching = others.known >= FEWEST and 2 * others.delivered >= others.known
    return before + is_reaching


def fence(group: Group, here: Tally, relay: Tally, *, nights_down: int) -> Fence:
    """What the refusals of a group are worth.

    `here` is what became of the night's reminders at its provider through its relay,
    `relay` of all through that relay; `nights_down` counts this night too.
    """
    if not group.relay or (not group.has_reply and not relay.delivered):
        return Fence.HELD
    if here.is_enough:
        is_held = here.is_down and nights_down < NIGHTS_EXCUSED
        return Fence.HELD if is_held else Fence.OPEN
    if relay.is_enough:
        return Fence.HELD if relay.is_down else Fence.RELAY
    return Fence.THIN
