"""The question in front of a mail, and the work that stands in for its answer."""

import hashlib
from datetime import timedelta
from itertools import count

import pytest

from service.domain.puzzle import (
    ANSWER_WITHIN,
    FIRST,
    NUMBERS,
    WORK_BITS,
    Puzzles,
)
from tests.builders import NOON

ADA = "ada@example.org"
PUZZLES = Puzzles(keys=(b"new" * 11, b"old" * 11))


def total(puzzle):
    return str(
        sum(NUMBERS.index(word) + FIRST for word in (puzzle.first, puzzle.second))
    )


def work(token):
    """What the script of the page finds."""
    for number in count(1):
        digest = hashlib.sha256(f"{token}.{number}".encode()).digest()
        if int.from_bytes(digest[:4]) < 2 ** (32 - WORK_BITS):
            return str(number)
    raise AssertionError


def solved(token, *, mailbox=ADA, answer="", proof="", now=NOON):
    return PUZZLES.is_solved(token, mailbox, answer=answer, work=proof, now=now)


def test_the_sum_solves_it():
    puzzle = PUZZLES.new(ADA, now=NOON)

    assert solved(puzzle.token, answer=total(puzzle))
    assert not solved(puzzle.token, answer="99")
    assert not solved(puzzle.token)


def test_the_work_of_a_script_solves_it():
    token = PUZZLES.new(ADA, now=NOON).token

    assert solved(token, proof=work(token))
    assert not solved(token, proof="1" + work(token))


def test_it_is_of_one_mailbox_and_half_an_hour():
    puzzle = PUZZLES.new(ADA, now=NOON)
    answer = total(puzzle)

    assert not solved(puzzle.token, answer=answer, mailbox="eve@example.org")
    assert not solved(puzzle.token, answer=answer, now=NOON + ANSWER_WITHIN)
    last = NOON + ANSWER_WITHIN - timedelta(seconds=1)
    assert solved(puzzle.token, answer=answer, now=last)


def test_it_opens_with_every_key_of_ours_and_cannot_be_made_up():
    older = Puzzles(keys=(b"old" * 11,)).new(ADA, now=NOON)
    foreign = Puzzles(keys=(b"eve" * 11,)).new(ADA, now=NOON)

    assert solved(older.token, answer=total(older))
    assert not solved(foreign.token, answer=total(foreign))


@pytest.mark.parametrize("token", ["", "made up"])
def test_what_is_no_puzzle_is_not_solved(token):
    assert not solved(token, answer="5")
