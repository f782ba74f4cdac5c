"""Invented subscribers for rehearsals: the same number always makes the same person.

Their addresses end in a domain that can never exist (RFC 2606) and follow from the
number, so that a row of theirs is told from a real person's without being opened.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from service.domain.night import EARLIEST, LATEST, first_slot, local, night_at, slot
from service.domain.risk import (
    CAUSES,
    CONDITIONS,
    DRINKING,
    MEDICINES,
    Answers,
    Cause,
    Pregnancy,
    Stretching,
    Tag,
)
from service.domain.subscriber import Evening, Frequency, Person, Status, Subscriber

DOMAIN = "seed.example"
#: They are with so many providers.
PROVIDERS = 50
#: Somebody who is due chose a time so many minutes ago: all their jitter is over, and
#: most of their patience is left.
DUE_SINCE = range(5, 35)
#: The minutes of the day at which both that time and the next evening can be kept.
IS_EVENING = range(EARLIEST + DUE_SINCE.stop, LATEST)
#: They joined an even number of nights ago: tonight is one of theirs, however often
#: they want a reminder.
JOINED = range(0, 40, 2)
#: In pregnancy, the month in which it ends lies so many days ahead.
EXPECTING = range(10, 250)

Choice = TypeVar("Choice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A subscriber to be added, and when they are due for the first time."""

    subscriber: Subscriber
    next_due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Whom to invent: people of these countries, in zones where it is evening now."""

    zones: tuple[str, ...]
    countries: tuple[str, ...]

    def newcomer(self, number: int, *, now: datetime) -> Newcomer:
        """Somebody who chose some time of the evening; the next one lies ahead."""
        someone = self._invented(number, now=now)
        ahead = first_slot(
            someone.evening,
            subscriber_id=number,
            started_on=someone.started_on,
            taken=None,
            now=now,
        )
        return Newcomer(subscriber=someone, next_due_at=ahead.due_at)

    def newcomer_due(self, number: int, *, now: datetime) -> Newcomer:
        """Somebody whose reminder of tonight may be sent now."""
        someone = self._invented(number, now=now)
        zone = someone.evening.zone
        minute = _minute(zone, now) - DUE_SINCE[number % len(DUE_SINCE)]
        evening = replace(someone.evening, minute=minute)
        tonight = slot(evening, night_at(zone, now=now), subscriber_id=number)
        return Newcomer(
            subscriber=replace(someone, evening=evening), next_due_at=tonight.due_at
        )

    def _invented(self, number: int, *, now: datetime) -> Subscriber:
        dice = _Dice(number)
        zone = dice.one_of(self.zones)
        joined = night_at(zone, now=now) - timedelta(days=dice.one_of(JOINED))
        answers = _answers(dice, dice.one_of(self.countries), answered_on=joined)
        return Subscriber(
            id=number,
            person=Person(address=address(number), answers=answers),
            evening=Evening(
                zone=zone,
                minute=dice.one_of(range(EARLIEST, LATEST + 1, 15)),
                frequency=dice.one_of(tuple(Frequency)),
                # The country is drawn by itself: it says nothing of the clock.
                is_zone_confirmed=True,
            ),
            language="en",
            status=Status.ACTIVE,
            started_on=joined,
        )


def crowd(zones: Iterable[str], countries: Iterable[str], *, now: datetime) -> Crowd:
    """People of these countries in those of the zones where it is evening now."""
    here = sorted(zone for zone in zones if _minute(zone, now) in IS_EVENING)
    return Crowd(zones=tuple(here), countries=tuple(sorted(countries)))


def address(number: int) -> str:
    """The address of an invented subscriber; mail for it arrives nowhere."""
    return f"person{number}@mail{number % PROVIDERS}.{DOMAIN}"


class _Dice:
    """Even dice that always roll the same for one number."""

    def __init__(self, number: int) -> None:
        # As many rolls as the longest answers take, and some to spare.
        self._rolls = iter(hashlib.shake_128(b"synthetic|%d" % number).digest(96))

    def chance(self, percent: int) -> bool:
        return next(self._rolls) * 100 < percent * 256

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        return choices[(next(self._rolls) * 256 + next(self._rolls)) % len(choices)]

    def some_of(self, choices: Sequence[Choice], percent: int) -> tuple[Choice, ...]:
        return tuple(choice for choice in choices if self.chance(percent))


def _answers(dice: _Dice, country: str, *, answered_on: date) -> Answers:
    """What somebody might answer: mostly little, now and then nothing at all."""
    causes = dice.some_of(CAUSES, 14)
    is_expecting = Cause.PREGNANCY in causes
    until = answered_on + timedelta(days=dice.one_of(EXPECTING))
    usual = Pregnancy.NO if dice.chance(92) else dice.one_of(tuple(Pregnancy))
    return Answers(
        causes=causes,
        conditions=None if dice.chance(5) else dice.some_of(CONDITIONS, 4),
        pregnancy=Pregnancy.PREGNANT if is_expecting else usual,
        pregnant_until=until.replace(day=1) if is_expecting else None,
        medicines=None if dice.chance(5) else dice.some_of(MEDICINES, 6),
        alcohol=Tag.ALC_LOW if dice.chance(50) else dice.one_of(DRINKING),
        severe=None if dice.chance(5) else dice.chance(20),
        country=country,
        stretching=None if dice.chance(5) else dice.one_of(tuple(Stretching)),
        answered_on=answered_on,
        asked=answered_on,
        later=(),
    )


def _minute(zone: str, now: datetime) -> int:
    """Minutes since midnight, by the clock of the zone."""
    there = local(zone, at=now)
    return there.hour * 60 + there.minute
