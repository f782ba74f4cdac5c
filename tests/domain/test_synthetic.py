"""Invented subscribers: varied, repeatable, and somewhere it is evening."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.content.zones import known_zones
from service.domain.night import LATEST, jitter, local, night_at, slot
from service.domain.risk import (
    CAUSES,
    CONDITIONS,
    DRINKING,
    MEDICINES,
    Answers,
    Pregnancy,
    Stretching,
)
from service.domain.subscriber import Frequency, is_evening_due
from service.domain.synthetic import DOMAIN, address, crowd
from tests.builders import NOON

HOURS = [datetime(2026, 3, 29, tzinfo=UTC) + timedelta(hours=n) for n in range(24)]
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC)
)
numbers = st.integers(1, 2**62)


def here(now):
    return crowd(known_zones(), ["GB", "US", "DE"], now=now)


@pytest.mark.parametrize("now", HOURS, ids=lambda now: f"{now:%H}")
def test_it_is_always_evening_somewhere(now):
    assert len(here(now).zones) > 1


@given(numbers, instants)
def test_somebody_due_can_be_mailed_now_and_for_a_good_while(number, now):
    person = here(now).newcomer_due(number, now=now)

    evening, zone = person.subscriber.evening, person.subscriber.evening.zone
    night = night_at(zone, now=now)
    tonight = slot(evening, night, subscriber_id=number)
    assert person.next_due_at == tonight.due_at <= now
    assert tonight.expires_at - now > timedelta(hours=1)
    assert is_evening_due(
        evening.frequency, started_on=person.subscriber.started_on, night=night
    )


@given(numbers, instants)
def test_the_others_are_due_on_an_evening_of_theirs_that_lies_ahead(number, now):
    person = here(now).newcomer(number, now=now)

    there = local(person.subscriber.evening.zone, at=person.next_due_at)
    minute = there.hour * 60 + there.minute
    assert now < person.next_due_at < now + timedelta(days=9)
    assert minute <= LATEST + jitter(number) // 60 + 1


def test_the_same_number_is_the_same_person():
    people = [here(NOON).newcomer(7, now=NOON) for _ in range(2)]

    assert people[0] == people[1]
    assert people[0].subscriber.person.address == address(7)
    assert address(7).endswith(f".{DOMAIN}")


def test_between_them_they_give_every_answer_there_is():
    those = here(NOON)
    people = [those.newcomer(n, now=NOON).subscriber for n in range(3000)]

    given_answers = {
        field.name: {getattr(p.person.answers, field.name) for p in people}
        for field in fields(Answers)
    }
    for name, each in (
        ("causes", CAUSES),
        ("conditions", CONDITIONS),
        ("medicines", MEDICINES),
    ):
        said = {one for some in given_answers[name] for one in some or ()}
        assert said == set(each), name
    assert {None, ()} <= given_answers["conditions"]
    assert {None, ()} <= given_answers["medicines"]
    assert given_answers["pregnancy"] == set(Pregnancy)
    assert given_answers["alcohol"] == set(DRINKING)
    assert given_answers["severe"] == {True, False, None}
    assert given_answers["stretching"] == {None, *Stretching}
    assert given_answers["country"] == {"GB", "US", "DE"}
    assert {p.evening.frequency for p in people} == set(Frequency)
    assert {p.evening.zone for p in people} == set(those.zones)
