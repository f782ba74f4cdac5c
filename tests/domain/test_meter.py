"""How fast mail leaves."""

from service.domain.meter import Meter
from service.domain.outbox import State, ended
from tests.builders import NOON, message


def test_the_rate_counts_only_times_with_enough_to_do():
    meter = Meter()
    sent = [ended(message(n), State.SENT, "accepted", NOON) for n in range(10)]
    lost = [ended(message(99), State.UNKNOWN, "hung up", NOON)]

    meter.note(sent, busy_seconds=0)
    meter.note(sent, busy_seconds=1.5)
    assert meter.per_second == 0
    meter.note([*sent, *lost], busy_seconds=1)

    assert meter.per_second == 20 / 2.5
    assert meter.read() == {State.SENT: 30, State.UNKNOWN: 1}
