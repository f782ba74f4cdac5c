"""The clocks of this machine, and the database's time as it is kept here."""

import ctypes
from datetime import UTC, datetime
from time import monotonic

from service.domain.clock import Reading

#: adjtimex(2): the clock is not synchronised.
TIME_ERROR = 5
STA_UNSYNC = 0x40


class SystemClock:
    """What this machine knows of the time: its clock, steady seconds, and its kernel."""

    def now(self) -> datetime:
        """The current instant by the machine's clock, aware, in UTC."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """Seconds that no step of the clock changes; only their differences count."""
        return monotonic()

    def synchronised(self) -> datetime | None:
        """The kernel's time, None where it does not say that it is synchronised."""
        return believed(*asked())


class DatabaseClock:
    """The database's time: what it told, and the steady seconds that passed since.

    A step of this machine's clock changes nothing here.
    """

    def __init__(self, reading: Reading, machine: SystemClock) -> None:
        """Go on from this reading."""
        self._reading = reading
        self._machine = machine

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return self._reading.at(self._machine.seconds())

    def set(self, reading: Reading) -> None:
        """Go on from a newer reading."""
        self._reading = reading


class Timex(ctypes.Structure):
    """`struct timex`, as far as it is read here; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", ctypes.c_int),
        *((name, ctypes.c_long) for name in ("constant", "precision", "tolerance")),
        ("seconds", ctypes.c_long),
        ("room", ctypes.c_char * 256),
    )


def asked() -> tuple[int, Timex]:
    """What adjtimex(2) answers; -1 where there is none, as anywhere but on Linux."""
    ask = getattr(ctypes.CDLL(None), "adjtimex", lambda _: -1)
    found = Timex()
    return int(ask(ctypes.byref(found))), found


def believed(state: int, found: Timex) -> datetime | None:
    """The time in an answer of adjtimex(2), None where it is not synchronised."""
    if state < 0 or state == TIME_ERROR or found.status & STA_UNSYNC:
        return None
    return datetime.fromtimestamp(found.seconds, UTC)
