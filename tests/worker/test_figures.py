"""What a worker tells Prometheus: every series from the start, and no word of a relay's."""

from datetime import timedelta

import pytest

from service.domain.breaker import Gate
from service.domain.meter import Meter
from service.domain.obstacle import Obstacle
from service.domain.outbox import (
    Accepted,
    Kind,
    Outcome,
    Refused,
    State,
    Unknown,
    Unsent,
    ended,
    put_back,
    settle,
)
from service.domain.refusals import Meaning, Stage
from service.worker.figures import Figures
from tests.builders import NOON, message, relay_refused
from tests.prometheus import samples

AN_HOUR = timedelta(hours=1)
REFUSED: list[Refused] = [
    relay_refused(Stage.RCPT, code, enhanced, words)
    for code, enhanced, words in (
        (421, "", "words of theirs"),
        (450, "", "words of theirs"),
        (450, "4.2.1", "words of theirs"),
        (455, "", "words of theirs"),
        (501, "", "words of theirs"),
        (550, "", "words of theirs"),
        (550, "5.1.1", "words of theirs"),
        (550, "5.1.2", "words of theirs"),
        (550, "5.1.3", "words of theirs"),
        (550, "5.6.0", "words of theirs"),
        (550, "5.6.7", "words of theirs"),
        (550, "5.7.1", "words of theirs"),
        (550, "5.7.8", "words of theirs"),
        (550, "5.7.10", "TLS required"),
        (552, "5.2.2", "words of theirs"),
        (552, "5.3.4", "words of theirs"),
    )
]
LOST: list[Outcome] = [
    Unknown(reason=f"{Obstacle.LOST_AFTER}: in the dark"),
    Unknown(reason=f"{Obstacle.BROKEN} (RuntimeError)"),
]
AWAY: list[Outcome] = [
    Unsent(reason=f"{Obstacle.NO_CONNECTION} mx.example:25: refused"),
    Unsent(reason=f"{Obstacle.LOST_BEFORE} rcpt: gone"),
]


def every_end(kind):
    """A message of this kind, ended in all the ways there are, in time and too late."""
    one = message(kind=kind, attempts=1, expires_at=NOON + AN_HOUR)
    outcomes: list[Outcome] = [Accepted(reply="250"), *REFUSED, *LOST, *AWAY]
    for outcome in outcomes:
        for now in (NOON, NOON + AN_HOUR):
            yield settle(one, outcome, now=now)
    for obstacle in Obstacle:
        if obstacle is not Obstacle.UNWRITABLE:
            yield put_back(one, obstacle, until=NOON)
            yield put_back(one, obstacle, until=NOON + AN_HOUR)
    yield ended(one, State.FAILED, f"{Obstacle.UNWRITABLE} (KeyError)", NOON)


def counted(figures):
    """The series of messages."""
    found = figures.exposition().decode().splitlines()
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in found
        if line.startswith("eventide_messages_total")
    }


def test_every_refusal_there_is_is_tried_here():
    assert {refusal.ruling.about for refusal in REFUSED} == set(Meaning)


@pytest.mark.parametrize("kind", Kind)
def test_whatever_becomes_of_a_message_its_series_was_there_at_zero(kind):
    figures, meter = Figures(), Meter()
    before = counted(figures)
    ends = list(every_end(kind))

    meter.note(ends, busy_seconds=0)
    figures.delivered(meter.read(), per_second=1)

    after = counted(figures)
    assert set(before.values()) == {0}
    assert after.keys() == before.keys()
    assert sum(after.values()) == len(ends)


@pytest.mark.parametrize(
    ("gate", "value"), [(Gate.CLOSED, 0), (Gate.OPEN, 1), (Gate.HALF_OPEN, 0)]
)
def test_a_relay_that_the_next_mail_will_try_is_not_left_alone(gate, value):
    figures = Figures()

    figures.manners([("mx:25", gate)], paused_domains=0)

    found = samples(figures.exposition())
    assert found["eventide_relay_left_alone", {"relay": "mx:25"}] == value
