import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.secret import Aead
from nacl.utils import random

from service.domain.claim import Proof
from service.domain.errors import Misconfigured
from service.domain.synthetic import crowd
from service.store.operator_tables import METADATA
from service.store.sealing import (
    BLOCKS,
    OVERHEAD_BYTES,
    SealBroken,
    Sealer,
    canonical,
)
from service.store.signups import signup_to_json

KEY = b"k" * 32


def sealer(**keys: bytes) -> Sealer:
    return Sealer(lookup=b"l" * 32, keys=keys, current=next(iter(keys)))


#: A night's choice is JSON; anything may come back from a mailbox.
PLAIN = st.one_of(
    st.tuples(
        st.sampled_from(sorted(BLOCKS)),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=2000).map(
            str.encode
        ),
    ),
    st.tuples(st.just("feedback"), st.binary(max_size=2000)),
)


@given(PLAIN, st.text(max_size=50))
def test_what_was_sealed_for_a_row_opens_for_that_row(what, row):
    table, plain = what
    keys = sealer(new=random(32))
    about = f"{table}:{row}"
    box, key_id = keys.seal(plain, about=about)

    # Spaces at the end mean nothing in what is sealed.
    assert keys.open(box, key_id, about=about) == plain.rstrip(b" ")
    assert key_id == "new"


@given(plain=st.binary(max_size=2000), table=st.sampled_from(["history", "operator"]))
def test_a_box_is_one_block_long_or_the_next_multiple(plain, table):
    box, _ = sealer(new=KEY).seal(plain, about=f"{table}:1")

    blocks, over = divmod(len(box) - OVERHEAD_BYTES, BLOCKS[table])
    assert over == 0
    assert blocks == max(1, math.ceil(len(plain) / BLOCKS[table]))


def test_a_box_that_was_never_padded_opens_as_it_was():
    box = Aead(KEY).encrypt(b'{"a": 1}', b"subscriber:1")

    assert sealer(old=KEY).open(bytes(box), "old", about="subscriber:1") == b'{"a": 1}'


def test_every_table_with_sealed_rows_has_a_block():
    tables = METADATA.tables.values()
    assert {t.name for t in tables if "sealed" in t.columns} == set(BLOCKS)


def test_the_length_of_a_pending_sign_up_says_nothing_of_its_answers():
    proof = Proof(browser="f" * 64, code="0123")
    now = datetime(2026, 11, 29, 20, tzinfo=UTC)
    here = crowd(["Europe/London"], ["GB"], now=now)
    people = [here.newcomer(n, now=now).subscriber.person for n in range(300)]
    # A name and a host as long as there are any in a thousand.
    longest = [replace(one, address=f"{'n' * 22}@{'h' * 20}.org") for one in people]
    plain = [signup_to_json(one, proof).encode() for one in longest]
    boxes = [sealer(new=KEY).seal(one, about="signup:1")[0] for one in plain]

    assert len({len(one) for one in plain}) > 50
    assert len({len(box) for box in boxes}) == 1


@given(at=st.integers(min_value=0, max_value=551), bit=st.integers(0, 7))
def test_a_box_that_was_altered_anywhere_does_not_open(at, bit):
    keys = sealer(new=KEY)
    box, key_id = keys.seal(b"x" * 27, about="subscriber:1")
    altered = bytearray(box)
    altered[at] ^= 1 << bit

    with pytest.raises(SealBroken, match="does not open with key 'new'"):
        keys.open(bytes(altered), key_id, about="subscriber:1")


def test_the_same_words_never_look_the_same_when_sealed():
    keys = sealer(new=KEY)

    assert keys.seal(b"same", about="night:1") != keys.seal(b"same", about="night:1")


def test_an_old_key_opens_what_it_sealed_while_the_current_one_seals():
    box, key_id = sealer(old=KEY).seal(b"plain", about="night:1")
    rotated = Sealer(
        lookup=b"l" * 32, keys={"new": b"n" * 32, "old": KEY}, current="new"
    )

    assert rotated.open(box, key_id, about="night:1") == b"plain"
    assert rotated.seal(b"plain", about="night:1")[1] == "new"


def test_a_missing_key_is_named_together_with_its_setting():
    box, key_id = sealer(old=KEY).seal(b"plain", about="subscriber:7")

    with pytest.raises(
        SealBroken, match=r"EVENTIDE_SECRETS__KEYS: key 'old' is missing.*subscriber:7"
    ):
        sealer(new=KEY).open(box, key_id, about="subscriber:7")


@pytest.mark.parametrize(
    ("lookup", "keys", "current", "says"),
    [
        (b"short", {"a": KEY}, "a", "the look-up key does not have 32 bytes"),
        (KEY, {"a": b"short"}, "a", "key 'a' does not have 32 bytes"),
        (KEY, {"a": KEY}, "b", "the current key 'b' is missing"),
    ],
)
def test_keys_that_cannot_work_are_refused_at_once(lookup, keys, current, says):
    with pytest.raises(Misconfigured, match=says):
        Sealer(lookup, keys, current)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Ann@Example.ORG", "ann@example.org"),
        (" ann@example.org. ", "ann@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
        ("STRASSE@example.org", "straße@example.org"),
        ("e\u0301@example.org", "\u00e9@example.org"),
        ("ann@-ü-.example", "ann@-ü-.example"),
    ],
)
def test_an_address_is_found_however_it_is_written(written, meant):
    keys = sealer(new=KEY)

    assert keys.address_key(written) == keys.address_key(meant)


@pytest.mark.parametrize(
    "other", ["ann+tag@example.org", "a.nn@example.org", "ann@faß.example"]
)
def test_addresses_that_may_be_different_people_stay_different(other):
    assert canonical(other) not in {canonical("ann@example.org"), "ann@fass.example"}


def test_nobody_can_find_an_address_without_the_look_up_key():
    other = Sealer(lookup=b"o" * 32, keys={"new": KEY}, current="new")

    assert other.address_key("ann@example.org") != sealer(new=KEY).address_key(
        "ann@example.org"
    )
