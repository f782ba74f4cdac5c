"""When refusals end somebody's reminders: by memory, never at once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.fence import Fence
from service.domain.memory import (
    DEAD_APART,
    SENDS_OURS,
    SENDS_UNDELIVERED,
    UNDELIVERED_FOR,
    Send,
    ends,
    unreached,
)
from service.domain.refusals import Verdict

FIRST = date(2026, 9, 1)
LATER = datetime(2027, 3, 1, tzinfo=UTC)
LETTERS = {
    "D": Verdict.DEAD,
    "U": Verdict.UNDELIVERED,
    "O": Verdict.OURS,
    # Held by the fence.
    "d": Verdict.DEAD,
    "u": Verdict.UNDELIVERED,
}
SENDS = st.lists(
    st.builds(
        Send,
        night=st.dates(FIRST, FIRST + timedelta(days=70)),
        sent_at=st.just(LATER),
        verdict=st.sampled_from([None, *LETTERS.values()]),
        fence=st.sampled_from([None, *Fence]),
    ),
    max_size=40,
    unique_by=lambda send: send.night,
).map(lambda sends: [timed(send) for send in sends])


def timed(send):
    sent_at = datetime(
        send.night.year, send.night.month, send.night.day, 20, tzinfo=UTC
    )
    fence = send.fence if send.verdict else None
    return Send(night=send.night, sent_at=sent_at, verdict=send.verdict, fence=fence)


def lived(nights, *, every=1, fence=Fence.OPEN):
    """Sends by letter: one each `every` nights, "." a success, " " a night without."""
    return [
        timed(
            Send(
                night=FIRST + timedelta(days=n * every),
                sent_at=LATER,
                verdict=LETTERS.get(letter),
                fence=Fence.HELD if letter.islower() else fence,
            )
        )
        for n, letter in enumerate(nights)
        if letter != " "
    ]


@pytest.mark.parametrize(
    ("nights", "verdict"),
    [
        ("D", None),
        ("DD", Verdict.DEAD),
        ("D.D", None),
        ("D.DD", Verdict.DEAD),
        ("DD.", None),
        # Nothing of it was said by the mailbox.
        ("Dd", None),
        ("ddddddddddddddd", None),
        ("D" + "d" * 9 + "D", Verdict.DEAD),
        ("DOUD", Verdict.DEAD),
        # Full for a spell, again and again.
        ("UUUU.UUUU.UUUU.", None),
        ("UUUUUUUUUU", None),
        ("U" * 11, Verdict.UNDELIVERED),
        ("UUUU      U", Verdict.UNDELIVERED),
        ("UUU       U", None),
        ("UUUUUU.UUUUU", None),
        ("UUUUDuuuuuU", Verdict.UNDELIVERED),
        # About us: for long, and only while others are reached.
        ("O" * (SENDS_OURS - 1), None),
        ("O" * SENDS_OURS, Verdict.UNDELIVERED),
        ("O" * 20 + "." + "O" * 20, None),
        ("", None),
    ],
)
def test_reminders_end_by_what_is_remembered(nights, verdict):
    assert ends(lived(nights), now=LATER) is verdict


def test_two_that_are_dead_on_one_day_are_one():
    (first,) = lived("D")
    at = first.sent_at + DEAD_APART
    early = Send(
        night=first.night + timedelta(days=1),
        sent_at=at - timedelta(minutes=1),
        verdict=Verdict.DEAD,
        fence=Fence.OPEN,
    )
    late = Send(night=early.night, sent_at=at, verdict=Verdict.DEAD, fence=Fence.OPEN)

    assert ends([first, early], now=LATER) is None
    assert ends([first, late], now=LATER) is Verdict.DEAD


def test_where_few_others_are_known_nobody_ends_before_ten_days():
    assert ends(lived("D" * 10, fence=Fence.THIN), now=LATER) is None
    assert ends(lived("D" * 11, fence=Fence.THIN), now=LATER) is Verdict.DEAD
    assert ends(lived("DD", fence=Fence.RELAY), now=LATER) is Verdict.DEAD


@pytest.mark.parametrize("fence", [Fence.RELAY, Fence.THIN])
def test_ours_ends_nobody_where_no_other_at_the_provider_is_known(fence):
    assert ends(lived("O" * 60, fence=fence), now=LATER) is None


def test_a_weekly_reminder_ends_by_the_same_memory():
    assert ends(lived("UUUU", every=7), now=LATER) is None
    assert ends(lived("UUUUU", every=7), now=LATER) is Verdict.UNDELIVERED


def test_a_send_of_unknown_fate_may_have_been_a_success():
    sends = lived("D.D")
    young = sends[-1].sent_at + timedelta(days=1)

    assert ends(sends, now=young) is None
    assert unreached(sends, now=young) == (sends[2], sends[0])
    old = sends[1].sent_at + timedelta(days=5, minutes=1)
    assert unreached(sends, now=old) == (sends[2],)


def test_what_is_not_judged_yet_does_not_count():
    sends = [
        *lived("D"),
        timed(
            Send(night=FIRST + timedelta(days=1), sent_at=LATER, verdict=Verdict.DEAD)
        ),
    ]

    assert ends(sends, now=LATER) is None
    assert len(unreached(sends, now=LATER)) == 2


@given(sends=SENDS)
def test_a_success_after_all_of_it_ends_nothing(sends):
    last = timed(Send(night=FIRST + timedelta(days=71), sent_at=LATER))

    assert ends([*sends, last], now=LATER) is None
    assert unreached([*sends, last], now=LATER) == ()


@given(data=st.data(), sends=SENDS)
def test_the_order_in_which_reports_come_changes_nothing(data, sends):
    shuffled = data.draw(st.permutations(sends))

    assert ends(shuffled, now=LATER) is ends(sends, now=LATER)


@given(sends=SENDS)
def test_what_is_held_never_counts(sends):
    without = [send for send in sends if not send.verdict or send.counts]

    assert ends(sends, now=LATER) is ends(without, now=LATER)


@example(sends=lived("DD"))
@example(sends=lived("U" * 11))
@given(sends=SENDS)
def test_nobody_ends_by_less_than_the_rule_asks_for(sends):
    verdict = ends(sends, now=LATER)

    counted = sorted((s for s in sends if s.counts), key=lambda send: send.night)
    dead = [send for send in counted if send.verdict is Verdict.DEAD]
    missed = [send for send in counted if send.verdict is not Verdict.OURS]
    ours = [send for send in counted if send.verdict is Verdict.OURS]
    if verdict is Verdict.DEAD:
        assert dead[-1].sent_at - dead[0].sent_at >= DEAD_APART
    if verdict is Verdict.UNDELIVERED:
        times = [send.sent_at for send in missed]
        is_long = bool(times) and max(times) - min(times) >= UNDELIVERED_FOR
        assert (len(missed) >= SENDS_UNDELIVERED and is_long) or len(ours) >= SENDS_OURS


@given(sends=SENDS)
def test_nobody_ends_while_the_fence_is_held(sends):
    held = [
        Send(
            night=send.night,
            sent_at=send.sent_at,
            verdict=send.verdict,
            fence=Fence.HELD,
        )
        for send in sends
    ]

    assert ends(held, now=LATER) is None
