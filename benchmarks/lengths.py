"""`python -m benchmarks.lengths`: how many bits the length of a stored row tells.

For 10,000 invented people every row is made that is sealed for a person, as the service
makes it, after thirty nights. What is printed is the mutual information between the
length of the sealed row and an answer, which an intruder with a copy of the database
would have; beside it, that of the plain text, as it was before rows were padded.
Left out is what is sealed for an operator.

Everybody has the same number of nights behind them: how long somebody has been here
stands in the open, and would only blur what the length tells.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import log2
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from service import app as composition
from service.app import Studio
from service.clock import SystemClock
from service.commands.people import progress
from service.content.zones import known_zones
from service.domain.choice import tonight_for
from service.domain.claim import Proof
from service.domain.records import (
    answers_to_json,
    history_to_json,
    person_to_json,
    reminder_to_json,
    tonight_to_data,
)
from service.domain.requests import SignUp, request_to_json
from service.domain.risk import Answers, LaterAnswer, Tag
from service.domain.subscriber import CONSENTS, Person, Subscriber
from service.domain.synthetic import crowd
from service.domain.tonight import History, Tonight, remember
from service.flows.preview import draft
from service.store.feedback import KEPT_BYTES
from service.store.sealing import BLOCKS, Sealer
from service.store.signups import signup_to_json

PEOPLE = 10_000
NIGHTS = 30
#: The most that a length may tell of an answer.
MOST_BITS = 0.05
SEALER = Sealer(lookup=b"l" * 32, keys={"1": b"s" * 32}, current="1")
#: What is asked about, as an intruder would put it.
ANSWERS: Mapping[str, Callable[[Answers], object]] = {
    "any condition": lambda answers: bool(answers.conditions),
    "any medicine": lambda answers: bool(answers.medicines),
    "pregnancy": lambda answers: answers.pregnancy,
    "alcohol": lambda answers: answers.alcohol,
}
#: The one table that holds nothing of a person who gets reminders.
NOT_OF_PEOPLE = {"operator"}
#: What a browser can claim answers with: a digest, and the code that it was shown.
PROOF = Proof(browser="f" * 64, code="0123")
#: One in so many has answered a single question, or both, after the form.
ASKED_LATER_ONE_IN, LATER = 3, (Tag.MED_THINNER, Tag.POSTNATAL)
#: Names and hosts of addresses are as long as real ones are.
NAME_LENGTHS, HOST_LENGTHS = (11.0, 3.5), (11.0, 2.5)

Rows = dict[str, bytes]


def main(
    *,
    people: Annotated[int, typer.Option(min=100)] = PEOPLE,
    nights: Annotated[int, typer.Option(min=1)] = NIGHTS,
) -> None:
    """Print what lengths tell, and end with 1 where it is too much."""
    studio, now = composition.studio(), SystemClock().now()
    here = crowd(known_zones(), studio.library.countries_by_code, now=now)
    asked: list[Answers] = []
    plain: list[Rows] = []
    with progress() as bar:
        task = bar.add_task("Living through", total=people)
        for number in range(1, people + 1):
            invented = here.newcomer_due(number, now=now).subscriber
            someone = _realistic(invented, now=now)
            asked.append(someone.person.answers)
            plain.append(_rows(studio, someone, nights, now=now))
            bar.advance(task)
    if plain[0].keys() != BLOCKS.keys() - NOT_OF_PEOPLE:
        raise SystemExit("there are sealed tables that are not measured here")
    told = {
        table: _bits(asked, [rows[table] for rows in plain], table)
        for table in plain[0]
    }
    _show(told)
    worst = max(bits for row in told.values() for bits, _ in row.values())
    raise typer.Exit(int(worst > MOST_BITS))


def _realistic(someone: Subscriber, *, now: datetime) -> Subscriber:
    """The same with an address as long as real ones, and answers to later questions."""
    dice = random.Random(someone.id)  # noqa: S311 - lengths, not secrets
    name, host = (
        max(4, round(dice.gauss(*lengths))) for lengths in (NAME_LENGTHS, HOST_LENGTHS)
    )
    answers = someone.person.answers
    if not dice.randrange(ASKED_LATER_ONE_IN):
        tags = dice.sample(LATER, dice.randint(1, len(LATER)))
        later = (LaterAnswer(tag=t, answer=_yes(dice), on=now.date()) for t in tags)
        answers = replace(answers, later=tuple(later))
    address = f"{'n' * name}@{'h' * host}.org"
    return replace(someone, person=Person(address=address, answers=answers))


def _yes(dice: random.Random) -> bool | None:
    return dice.choice((True, False, False, False, None))


def _rows(studio: Studio, someone: Subscriber, nights: int, *, now: datetime) -> Rows:
    """The plain text of each row there is about a person."""
    answers, today = someone.person.answers, now.date()
    past: History = ()
    for ago in range(nights - 1, 0, -1):
        past = _lived(studio, someone, past, today - timedelta(days=ago))[1]
    tonight, past = _lived(studio, someone, past, today)
    choice = tonight_to_data(tonight, words=studio.library.reason)
    mail = draft(
        studio.library,
        studio.letters,
        answers,
        past,
        language=someone.language,
        night=today,
    ).letter
    address = someone.person.address
    return {
        "signup": signup_to_json(someone.person, PROOF).encode(),
        "subscriber": person_to_json(someone.person).encode(),
        "answer_change": json.dumps(answers_to_json(answers)).encode(),
        "request": _request(someone),
        "history": history_to_json(past).encode(),
        "outbox": reminder_to_json(someone, choice).encode(),
        "night": json.dumps(choice).encode(),
        # A provider's words name the address; a mail that came back is ours, whole.
        "refusal": f"550 5.1.1 <{address}>: Recipient address rejected".encode(),
        "feedback": mail.data[:KEPT_BYTES],
    }


def _request(someone: Subscriber) -> bytes:
    asked = SignUp(
        address=someone.person.address,
        answers=someone.person.answers,
        evening=someone.evening,
        language=someone.language,
        consents=CONSENTS,
        proof=PROOF,
    )
    return request_to_json(asked).encode()


def _lived(
    studio: Studio, someone: Subscriber, past: History, night: date
) -> tuple[Tonight, History]:
    tonight = tonight_for(
        someone.person.answers,
        studio.library.catalogue,
        past,
        seed=str(someone.id),
        night=night,
    )
    return tonight, remember(past, tonight.told())


def _bits(
    asked: Sequence[Answers], plain: Sequence[bytes], table: str
) -> dict[str, tuple[float, float]]:
    """For each answer what the sealed length tells of it, and what the plain one would."""
    sealed = [len(SEALER.seal(text, about=f"{table}:1")[0]) for text in plain]
    bare = [len(text) for text in plain]
    said = {name: [ask(one) for one in asked] for name, ask in ANSWERS.items()}
    return {
        name: (mutual(sealed, answers), mutual(bare, answers))
        for name, answers in said.items()
    }


def mutual(lengths: Sequence[int], answers: Sequence[object]) -> float:
    """The mutual information of the two in bits, as counted: chance only adds to it."""
    many = len(lengths)
    both = Counter(zip(lengths, answers, strict=True))
    one, other = Counter(lengths), Counter(answers)
    return sum(
        n / many * log2(n * many / (one[length] * other[answer]))
        for (length, answer), n in both.items()
    )


def _show(told: Mapping[str, Mapping[str, tuple[float, float]]]) -> None:
    table = Table("sealed row", *ANSWERS, title="Bits told by a length (unpadded)")
    for name, row in told.items():
        table.add_row(
            name, *(f"{bits:.4f} ({bare:.2f})" for bits, bare in row.values())
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
