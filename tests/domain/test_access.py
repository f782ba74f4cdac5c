"""Mails about links and changes, as the outbox keeps them."""

import json

import pytest

from service.domain import access
from service.domain.access import Notice, Why
from service.domain.outbox import Kind
from service.domain.subscriber import Status
from service.domain.tokens import BadLink, Link
from tests.builders import NOON, subscriber


def link(generation=0):
    return Link(subject=1, generation=generation, about=0, issued_at=NOON)


def test_a_link_of_another_generation_is_nobodys():
    known = subscriber(1, generation=2)

    assert access.holder(known, link(generation=2)) is known
    for found in (known, None):
        with pytest.raises(BadLink):
            access.holder(found, link(generation=1))


@pytest.mark.parametrize(
    ("status", "is_reachable"),
    [
        (Status.ACTIVE, True),
        (Status.PAUSED, True),
        (Status.STOPPED, False),
        (Status.SUPPRESSED, False),
    ],
)
def test_who_gets_no_mails_opens_no_answers(status, is_reachable):
    known = subscriber(1, status=status)

    if is_reachable:
        assert access.reachable(known) is known
    else:
        with pytest.raises(BadLink):
            access.reachable(known)


def test_a_fresh_link_and_a_change_are_read_as_they_were_written():
    known = subscriber(1, generation=3, language="en")
    fresh = access.fresh_link(known, Why.UNDONE, now=NOON)
    told = access.change_told(known, 17, now=NOON)

    assert (fresh.kind, told.kind) == (Kind.MANAGE_LINK, Kind.ANSWERED)
    assert told.expires_at == NOON + access.TOLD_FOR
    plain = Notice(
        address=known.person.address,
        language="en",
        generation=3,
        why=Why.UNDONE,
        change=0,
    )
    assert access.notice(fresh.payload) == plain
    assert access.notice(told.payload).change == 17


def test_a_first_fresh_link_is_written_so_that_the_release_before_reads_it():
    known = subscriber(1)

    assert access.fresh_link(known, Why.ASKED, now=NOON).payload == known.person.address


@pytest.mark.parametrize(
    "payload",
    [
        "ada@example.org",
        json.dumps({"address": "ada@example.org", "language": "en", "about": "kidney"}),
    ],
)
def test_what_the_release_before_this_one_queued_is_read(payload):
    assert access.notice(payload) == Notice(
        address="ada@example.org", language="en", generation=0, why=Why.ASKED, change=0
    )
