"""The evening as an operator looks at it, hour by hour."""

from datetime import UTC, date, datetime, timedelta

from service.domain.hours import HOURS, Coming, Counted, Seen, by_hour, tonight
from service.domain.outbox import State
from tests.builders import NOON, TODAY

A_DAY = timedelta(days=1)


def counted(state=State.SENT, **named):
    plain = {"hour": 19, "reason": "", "messages": 1, "late": 0}
    return Counted(state=state, **{**plain, **named})


def coming(zone="Europe/London", at=NOON, hour=19, people=1):
    return Coming(zone=zone, at=at, hour=hour, people=people)


def seen(night, *, is_open=False):
    return Seen(night=night, is_open=is_open)


def test_everybody_of_an_hour_is_counted_once():
    night = by_hour(
        TODAY,
        [
            counted(messages=5, late=2),
            counted(State.DUE, messages=3),
            counted(State.CLAIMED, messages=2),
            counted(State.SENDING, messages=1),
            counted(State.EXPIRED, reason="deadline passed", messages=4),
            counted(State.SENT, hour=22, messages=7),
        ],
        [coming(people=10)],
    )

    seven = next(hour for hour in night.hours if hour.hour == 19)
    assert (seven.coming, seven.waiting, seven.sent) == (10, 6, 5)
    assert (seven.late, seven.not_sent, seven.due) == (2, 4, 25)
    assert [hour.hour for hour in night.hours] == list(HOURS)
    assert (night.total.due, night.total.sent, night.total.late) == (32, 12, 2)


def test_what_was_not_sent_has_its_reason_over_all_hours_the_commonest_first():
    night = by_hour(
        TODAY,
        [
            counted(State.SUPPRESSED, reason="paused"),
            counted(State.FAILED, hour=16, reason="policy", messages=2),
            counted(State.FAILED, hour=17, reason="policy", messages=3),
        ],
        [],
    )

    assert list(night.why.items()) == [
        ((State.FAILED, "policy"), 5),
        ((State.SUPPRESSED, "paused"), 1),
    ]


def test_somebody_who_is_to_come_belongs_to_the_night_of_their_zone():
    at = datetime(2026, 11, 24, 1, tzinfo=UTC)
    ahead = [coming("America/New_York", at, people=3), coming("Asia/Tokyo", at)]

    assert by_hour(TODAY, [], ahead).total.coming == 3
    assert by_hour(date(2026, 11, 24), [], ahead).total.coming == 1


def test_tonight_is_the_first_night_that_is_not_over():
    nights = [
        seen(TODAY - A_DAY),
        seen(TODAY, is_open=True),
        seen(TODAY + A_DAY, is_open=True),
    ]

    assert tonight(nights, [], today=TODAY + A_DAY) == TODAY
    before = [coming(at=NOON - A_DAY)]
    assert tonight(nights, before, today=TODAY) == TODAY - A_DAY


def test_when_all_is_over_the_last_night_is_looked_at():
    nights = [seen(TODAY - 2 * A_DAY), seen(TODAY - A_DAY)]

    assert tonight(nights, [], today=TODAY) == TODAY - A_DAY
    assert tonight([], [], today=TODAY) == TODAY
