"""What a subscriber may become, and which evenings are theirs."""

from datetime import timedelta

import pytest

from service.domain.subscriber import Frequency, Status, is_evening_due, may_become
from tests.builders import TODAY


@pytest.mark.parametrize(
    ("status", "new", "allowed"),
    [
        (Status.ACTIVE, Status.PAUSED, True),
        (Status.PAUSED, Status.ACTIVE, True),
        (Status.STOPPED, Status.ACTIVE, True),
        (Status.STOPPED, Status.PAUSED, False),
        (Status.SUPPRESSED, Status.ACTIVE, False),
        (Status.SUPPRESSED, Status.SUPPRESSED, True),
        (Status.ACTIVE, Status.SUPPRESSED, True),
    ],
)
def test_a_subscriber_changes_only_in_allowed_ways(status, new, allowed):
    assert may_become(status, new) is allowed


@pytest.mark.parametrize(
    ("frequency", "evenings"),
    [
        (Frequency.EVERY, 70),
        (Frequency.SECOND, 35),
        (Frequency.TAPERING, 14 + 14 + 4),
    ],
)
def test_reminders_come_as_often_as_chosen(frequency, evenings):
    due = [
        is_evening_due(frequency, started_on=TODAY, night=TODAY + timedelta(days=n))
        for n in range(70)
    ]

    assert due[0]
    assert sum(due) == evenings
