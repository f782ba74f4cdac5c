"""How mailbox providers take our mail."""

from service.domain.outbox import State
from service.domain.reception import Spoken, receptions
from tests.builders import TODAY


def spoken(state=State.SENT, provider="gmail", **named):
    plain = {"night": TODAY, "reason": "", "minutes": 0, "messages": 1, "retried": 0}
    return Spoken(state=state, provider=provider, **{**plain, **named})


def test_each_end_of_a_message_is_counted_for_its_provider():
    (gmail,) = receptions(
        [
            spoken(messages=10, retried=2),
            spoken(State.UNKNOWN, messages=1),
            spoken(State.DUE, messages=4, retried=4),
            spoken(State.SENDING),
            spoken(State.FAILED, reason="policy", messages=3),
            spoken(State.EXPIRED, reason="policy"),
            spoken(State.EXPIRED, reason="slower"),
        ],
        {"gmail": 2},
    )

    assert (gmail.sent, gmail.retried, gmail.unknown, gmail.waiting) == (10, 6, 1, 5)
    assert gmail.refused == {"policy": 4, "slower": 1}
    assert (gmail.spoken, gmail.complaints) == (21, 2)


def test_half_of_what_was_sent_was_sent_within_the_median():
    (gmail,) = receptions(
        [
            spoken(minutes=40, messages=1),
            spoken(minutes=1, messages=2),
            spoken(minutes=3, messages=2),
        ],
        {},
    )

    assert gmail.median_minutes == 3


def test_whoever_took_nothing_has_no_median():
    (gmail,) = receptions([spoken(State.FAILED, reason="policy")], {})

    assert gmail.median_minutes is None


def test_the_provider_with_most_mail_comes_first():
    found = receptions(
        [spoken(provider="yahoo"), spoken(messages=9)], {"other": 1, "apple": 1}
    )

    assert [one.provider for one in found] == ["gmail", "yahoo", "apple", "other"]
