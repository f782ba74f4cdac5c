"""What keeps a message from its relay, in our own few words."""

from enum import StrEnum


class Obstacle(StrEnum):
    """Why a message stands where it does, where no relay refused it.

    Details may follow in the reason that is kept: a stage, a relay, a kind of error.
    """

    NO_RELAY_NOW = "no relay takes mail at present"
    NO_RELAY = "no relay took mail"
    LEFT_ALONE = "the relay was left alone meanwhile"
    NO_CONNECTION = "no connection to the relay"
    BROKEN_CONNECTION = "the connection broke"
    LOST_BEFORE = "connection lost at"
    LOST_AFTER = "connection lost after the message"
    BROKEN = "broke on the wire"
    NO_TURN = "no turn before its deadline"
    TOO_LATE = "the deadline has passed"
    CLOSING = "we are closing down"
    STOPPED = "its worker stopped"
    CLOCK = "a clock was in doubt"
    HELD_HERE = "the database let it not go"
    DOMAIN_HELD = "its domain takes no more at the moment"
    NOT_YET_WRITABLE = "it cannot be written before a setting is mended"
    UNWRITABLE = "cannot be written"
