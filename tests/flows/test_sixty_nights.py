"""Sixty nights with a thousand people: memory and fence end whom they must, and no other.

Only the mails are not written: their rows are claimed, begun and settled as a worker
does it, reports are read by the intake, and nights are judged as by a worker.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from service.domain.memory import RefusedReminder
from service.domain.outbox import Message
from service.domain.refusals import Verdict
from service.flows import bounces
from tests.builders import REFUSALS
from tests.flows.nightly import active, at, kept_house, sent, settle_in
from tests.mail.returned import report

DAY = timedelta(days=1)
FIRST = date(2026, 11, 23)
NIGHTS = 60
#: Forty providers of very different size, and domains of one person's own.
SIZES = (300, 160, 80, 60, 50, 40, 30, 25, *(8,) * 26, 8, 6, 4, 3, 3, 3)
LONE = 20
#: All of one domain, from this night on.
GONE, GONE_FROM = "provider7.example", 18
#: Nine in ten of the largest provider, in the surest words there are.
LISTED, LISTED_ON = "provider0.example", 33
#: Our relay finds no way out.
OUTAGES = (*range(10, 13), *range(44, 47))
DEAD, FULL = 20, 30

NO_USER = {"status": "5.1.1", "diagnostic": "smtp; 550 5.1.1 no such user"}
MAILBOX_FULL = {"status": "5.2.2", "diagnostic": "smtp; 552 5.2.2 mailbox full"}
NO_DOMAIN = {"status": "5.1.2", "diagnostic": "smtp; 550 5.1.2 no such domain"}
NO_WAY = {"status": "5.4.1", "diagnostic": "X-Postfix; connect: Connection timed out"}

#: Of the reports of an outage, so many a day.
READ_OF_AN_OUTAGE = 20

Words = dict[str, str]
Report = tuple[Message, Words]


@dataclass
class Town:
    """The thousand, and what becomes of the mail to each."""

    dice: random.Random
    people: dict[int, str] = field(default_factory=dict)
    dead_from: dict[int, int] = field(default_factory=dict)
    full_on: dict[int, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        homes = [
            f"provider{n}.example" for n, size in enumerate(SIZES) for _ in range(size)
        ]
        homes += [f"family{n}.example" for n in range(LONE)]
        self.people = dict(enumerate(homes, 1))
        others = [n for n, home in self.people.items() if home != GONE]
        dead, full = self._some(others)
        self.dead_from = {n: self.dice.randrange(45) for n in dead}
        self.full_on = {n: set(self._spells()) for n in full}

    @property
    def gone(self) -> set[int]:
        return {n for n, home in self.people.items() if home == GONE}

    def report_on(self, number: int, night: int) -> Words | None:
        """What is wrong with a mail that the relay took, None for nothing."""
        home = self.people[number]
        if night in OUTAGES:
            return NO_WAY
        if self.dead_from.get(number, NIGHTS) <= night:
            return NO_USER
        if home == GONE and night >= GONE_FROM:
            return NO_DOMAIN
        if night in self.full_on.get(number, ()):
            return MAILBOX_FULL
        is_listed = home == LISTED and night == LISTED_ON
        return NO_USER if is_listed and self.dice.random() < 0.9 else None

    def is_refused_at_once(self, number: int, night: int) -> bool:
        """Some relays know at once who is dead."""
        is_dead = self.dead_from.get(number, NIGHTS) <= night
        return is_dead and night not in OUTAGES and number % 2 == 0

    def _some(self, others: list[int]) -> tuple[list[int], list[int]]:
        """Who is dead, one of them at home alone, and whose mailbox fills."""
        alone = len(self.people)
        chosen = self.dice.sample(others[:-LONE], DEAD + FULL - 1)
        return [alone, *chosen[: DEAD - 1]], chosen[DEAD - 1 :]

    def _spells(self) -> Iterator[int]:
        night = self.dice.randrange(10)
        while night < NIGHTS:
            length = self.dice.randint(1, 4)
            yield from range(night, night + length)
            night += length + self.dice.randint(6, 20)


def day(night: int) -> date:
    return FIRST + night * DAY


async def came_back(store, verp, town, reports: list[Report], night: int) -> None:
    """Hand the reports in; what a relay says of all its mail is read now and then alone."""
    now = at(day(night), 11)
    known = [mail for mail, words in reports if words is NO_WAY][READ_OF_AN_OUTAGE:]
    async with store.transaction() as tx:
        for mail in known:
            one = RefusedReminder(
                subscriber_id=mail.subscriber_id,
                night=mail.night,
                verdict=Verdict.UNDELIVERED,
                words="",
                has_reply=False,
            )
            await tx.refusals.note(one)
    for mail, words in reports:
        if mail not in known:
            to = verp.sender(verp.token(mail), default="")
            about = f"p{mail.subscriber_id}@{town.people[mail.subscriber_id]}"
            raw = report(to, about=about, **words)
            await bounces.receive(store, verp, REFUSALS, raw, recipient=to, now=now)


async def lived(store, verp, town) -> dict[int, int]:
    """Let the nights pass; the night after which each person's mails had ended."""
    reports: defaultdict[int, list[Report]] = defaultdict(list)
    ended: dict[int, int] = {}
    await kept_house(store, now=at(FIRST, 9))
    for night in range(NIGHTS):
        await came_back(store, verp, town, reports.pop(night, []), night)
        await kept_house(store, now=at(day(night), 13))
        homes = {n: town.people[n] for n in await active(store)}
        for number in town.people.keys() - homes.keys() - ended.keys():
            ended[number] = night
        refused = {n for n in homes if town.is_refused_at_once(n, night)}
        for mail in await sent(store, homes, day(night), refused):
            words = town.report_on(mail.subscriber_id, night)
            if words is not None:
                reports[night + 1 + town.dice.randrange(5)].append((mail, words))
    return ended


async def test_sixty_nights_end_the_dead_and_the_gone_within_memory_and_no_other(
    store, verp
):
    town = Town(random.Random(10))  # noqa: S311 - the same nights each time
    await settle_in(store, town.people, FIRST)

    ended = await lived(store, verp, town)

    assert ended.keys() == town.dead_from.keys() | town.gone
    for number, night in town.dead_from.items():
        took = ended[number] - night
        assert 2 <= took <= 2 + 5 + 4, f"{number} died on {night}, took {took}"
    for number in town.gone:
        took = ended[number] - GONE_FROM
        assert 10 + 10 <= took <= 10 + 10 + 5 + 3, f"{number} took {took}"
    async with store.transaction() as tx:
        counted = await tx.refusals.ends(since=at(FIRST, 0))
    verdicts = {one.verdict for one in counted}
    assert verdicts <= {Verdict.DEAD, Verdict.UNDELIVERED}
