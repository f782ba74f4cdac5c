"""When tonight will be done."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.domain.forecast import STEP, Arrivals, Waiting, forecast
from service.domain.night import PATIENCE
from tests.builders import NOON


def later(reminders, minutes=60):
    return Arrivals(at=NOON + timedelta(minutes=minutes), reminders=reminders)


def waiting(reminders, minutes=150):
    """So many, so long before their deadline."""
    return Waiting(expires_at=NOON + timedelta(minutes=minutes), reminders=reminders)


def test_what_waits_and_what_is_to_come_is_sent_first_come_first_served():
    found = forecast([waiting(600)], [later(1200)], per_second=1, now=NOON)

    assert str(found) == (
        "1,800 due, at 1.0 a second done 13:20 UTC, deadline 15:30 UTC"
    )
    assert found.too_late == 0


def test_what_would_be_sent_too_late_is_told_before_it_is():
    found = forecast([waiting(10_000)], [later(10_000, 5)], per_second=1, now=NOON)

    # The first 9,000 fit into their two and a half hours; the others have 300 s.
    assert found.too_late == 1_000 + 9_700
    assert str(found).endswith("; 10,700 would be too late")


def test_what_waits_has_no_more_time_than_is_left_of_its_own():
    queue = [waiting(900, minutes=10), waiting(900, minutes=20)]

    found = forecast(queue, [], per_second=1, now=NOON)

    # 300 of the first are too late, and 300 of those that go after the other 600.
    assert found.too_late == 300 + 300
    assert found.deadline == NOON + timedelta(minutes=20)


def test_who_is_planned_late_has_no_more_time_than_is_left_of_their_own():
    found = forecast([], [later(1_200, minutes=-140)], per_second=1, now=NOON)

    assert found.too_late == 600
    assert found.deadline == NOON + timedelta(minutes=10)


def test_a_rate_that_nobody_knows_yet_is_not_guessed():
    found = forecast([waiting(5)], [], per_second=0, now=NOON)

    assert found.done_at is None
    assert str(found) == (
        "5 due; the rate is not known before the first of them are sent"
    )


def test_a_quiet_night_is_called_one():
    assert str(forecast([], [later(0)], per_second=3, now=NOON)) == (
        "nothing is due in the next hours"
    )


@given(
    queued=st.lists(st.integers(0, 5_000), max_size=30),
    coming=st.lists(st.integers(0, 5_000), max_size=30),
    per_second=st.floats(0.1, 1000),
)
def test_whoever_is_not_too_late_is_sent_at_the_rate(queued, coming, per_second):
    steps = [Arrivals(at=NOON + n * STEP, reminders=m) for n, m in enumerate(coming)]

    queue = [waiting(m, minutes=5 * n) for n, m in enumerate(queued)]
    found = forecast(queue, steps, per_second=per_second, now=NOON)

    assert found.due == sum(queued) + sum(coming)
    assert 0 <= found.too_late <= found.due
    if found.done_at and found.deadline:
        sent = found.due - found.too_late
        assert (found.done_at - NOON).total_seconds() >= sent / per_second * 0.999 - 1
        assert found.done_at <= max(found.deadline, NOON + PATIENCE)
