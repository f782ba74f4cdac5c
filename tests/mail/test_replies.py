"""A relay's answers mean the same however the network cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.mail.replies import LONGEST_LINE, MOST_LINES, Garbage, Replies, Reply

words = st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=30)
codes = st.integers(200, 599)
noise = st.binary(max_size=60)


@st.composite
def answers(draw) -> tuple[bytes, Reply]:
    """A reply of one line or more, and what it says."""
    code, lines = draw(codes), draw(st.lists(words, min_size=1, max_size=4))
    end = draw(st.sampled_from(["\r\n", "\n"]))
    said = "".join(f"{code}-{line}{end}" for line in lines[:-1])
    said += f"{code} {lines[-1]}{end}"
    return said.encode(), Reply(code, " ".join(lines).encode())


def read(chunks: list[bytes]) -> tuple[list[Reply], str]:
    """What comes of the chunks, and of what kind the garbage after them is."""
    replies, found = Replies(), []
    try:
        for chunk in chunks:
            for reply in replies.read(chunk):
                found.append(reply)  # noqa: PERF402 - what came before garbage counts
    except Garbage as garbage:
        return found, str(garbage)
    return found, ""


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The bytes in pieces."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(st.lists(answers(), max_size=5), st.lists(st.integers(0, 999), max_size=20))
def test_replies_are_read_the_same_in_whatever_pieces_they_come(given_answers, places):
    data = b"".join(line for line, _ in given_answers)
    assert read(cut(data, places)) == ([reply for _, reply in given_answers], "")


@given(st.lists(answers(), max_size=2), noise, st.lists(st.integers(0, 99)))
def test_whatever_comes_is_read_the_same_in_pieces_and_at_once(before, after, places):
    data = b"".join(line for line, _ in before) + after
    assert read(cut(data, places)) == read([data])


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"\r\n",
        b"25\r\n",
        b"2500 what\r\n",
        b"650 what\r\n",
        b"250_what\r\n",
        b"\x16\x03\x01\x00\xff\n",
        b"250 " + b"x" * LONGEST_LINE + b"\r\n",
        b"x" * (LONGEST_LINE + 1),
        b"250-more\r\n" * (MOST_LINES + 1),
    ],
)
def test_what_is_no_reply_is_garbage_and_bounded(data):
    replies, garbage = read([data])
    assert replies == []
    assert garbage


def test_a_reply_may_be_a_code_alone():
    assert read([b"250\r\n"]) == ([Reply(250, b"")], "")


def test_the_code_of_the_last_line_counts():
    assert read([b"250-Almost\r\n550 5.1.1 No\r\n"])[0][0].code == 550


def test_a_relays_words_are_one_printable_line():
    (reply,), _ = read(
        [b"550-5.1.1 No\x07 such \r\n550  ma\xefn " + b"!" * 999 + b"\n"]
    )
    assert reply.text.startswith("5.1.1 No? such ma?n !!!")
    assert len(reply.text) == 300
    assert reply.enhanced == "5.1.1"
    assert Reply(550, b"No 5.1.1").enhanced == ""
    assert Reply(553, b"Not here (#5.7.1)").enhanced == "5.7.1"
    assert Reply(550, b"5.1.1 As 2001:db8::25 said (#5.7.1)").enhanced == "5.1.1"
