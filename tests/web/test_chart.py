"""A night as a picture."""

import pytest

from service.domain.hours import Counted, by_hour
from service.domain.outbox import State
from service.web.operator.chart import FLOOR, LEAST, MARGIN, TOP, chart
from tests.builders import TODAY


def night(*counted):
    return by_hour(
        TODAY,
        [
            Counted(hour=h, state=s, reason="", messages=n, late=late)
            for h, s, n, late in counted
        ],
        [],
    )


@pytest.mark.parametrize(
    ("most", "line"),
    [
        (1, "1"),
        (4, "1"),
        (5, "2"),
        (118, "30"),
        (401, "200"),
        (5000, "2k"),
        (5_800, "2k"),
        (1_000_000, "300k"),
    ],
)
def test_the_lines_stand_at_round_numbers_and_the_highest_column_below_them(most, line):
    found = chart(night((19, State.SENT, most, 0)))

    assert found.lines[0][1] == line
    assert found.lines[-1][0] == pytest.approx(TOP)
    assert min(column.top for column in found.columns) >= TOP - 1


def test_a_column_has_its_parts_from_the_floor_up():
    found = chart(
        night(
            (16, State.SENT, 60, 20), (16, State.FAILED, 20, 0), (16, State.DUE, 20, 0)
        )
    )

    first = found.columns[0]
    assert [part.kind for part in first.parts] == [
        "sent",
        "late",
        "not-sent",
        "waiting",
    ]
    assert first.parts[0].y + first.parts[0].height == FLOOR
    for lower, upper in zip(first.parts, first.parts[1:], strict=False):
        assert upper.y + upper.height == pytest.approx(lower.y, abs=0.2)
    assert (first.label, first.due, first.top) == ("16", 100, first.parts[-1].y)


def test_one_of_a_million_can_be_seen():
    found = chart(night((19, State.SENT, 1_000_000, 0), (20, State.FAILED, 1, 0)))

    (part,) = found.columns[4].parts
    assert part.height == LEAST


def test_an_empty_night_has_an_empty_picture():
    found = chart(night())

    assert all(not column.parts and column.top == FLOOR for column in found.columns)
    assert found.columns[0].left >= MARGIN
    last = found.columns[-1]
    assert last.left + last.width <= 100
