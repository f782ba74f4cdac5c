"""How fast mail leaves."""

from dataclasses import replace

import pytest

from service.domain.meter import End, Meter
from service.domain.outbox import Kind, State, ended, settle
from service.domain.provider import Provider
from service.domain.refusals import Stage
from tests.builders import NOON, message, relay_refused


def test_the_rate_counts_only_times_with_enough_to_do():
    meter = Meter()
    sent = [ended(message(n), State.SENT, "accepted", NOON) for n in range(10)]
    lost = [ended(message(99), State.UNKNOWN, "hung up", NOON)]

    meter.note(sent, busy_seconds=0)
    meter.note(sent, busy_seconds=1.5)
    assert meter.per_second == 0
    meter.note([*sent, *lost], busy_seconds=1)

    assert meter.per_second == 20 / 2.5
    assert meter.read().states == {State.SENT: 30, State.UNKNOWN: 1}
    assert meter.read().states == {}


def test_what_is_counted_holds_no_word_of_a_relay():
    answer = relay_refused(Stage.RCPT, 550, "5.1.1", "ada@example.org is unknown")
    settled = settle(message(attempts=1), answer, now=NOON)
    meter = Meter()

    meter.note([replace(settled, provider=Provider.GMAIL)] * 2, busy_seconds=0)

    end = End(Kind.REMINDER, State.FAILED, "no such address", Provider.GMAIL)
    assert meter.read().ends == {end: 2}


def test_how_late_reminders_are_is_counted_by_the_hour_they_were_for():
    meter = Meter()

    for seconds in (-5, 10, 10.4, 20_000):
        meter.came(minute=20 * 60 + 59, late_seconds=seconds)
    meter.came(minute=16 * 60, late_seconds=60)

    tally = meter.read()
    assert tally.late == {
        20: [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        16: [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    }
    assert tally.late_seconds == {20: pytest.approx(20_015.4), 16: 60}
