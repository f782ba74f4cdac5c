"""What `eventide check` says of sealed rows: by which key, how long, and what may go."""

import json

import pytest

from service.domain.finding import Grade
from service.store.engine import opened
from service.store.sealing import Sealer
from tests.builders import NOON, subscriber
from tests.store.plain_sql import raw

FAULT, WARNING, OK = Grade.FAULT, Grade.WARNING, Grade.OK
OLDER = "seal.2020-01=" + "A" * 43 + "="
OLD_KEY = bytes(32)


@pytest.fixture
def url(clinic):
    return clinic.settings["EVENTIDE_DATABASE__URL"]


async def told(clinic, check):
    """The grade and the words of a line."""
    result = await clinic.check("--json")
    (one,) = [one for one in json.loads(result.stdout) if one["check"] == check]
    return one["grade"], one["finding"], one["remedy"]


async def joined(store):
    async with store.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=NOON, now=NOON)


def keep_an_older_key(clinic):
    clinic.settings["EVENTIDE_SECRETS__KEYS"] += f"\n{OLDER}"


async def test_an_older_key_that_seals_nothing_may_go(clinic):
    await joined(clinic.store)
    keep_an_older_key(clinic)

    grade, finding, _ = await told(clinic, "rows of seal.2020-01")

    assert (grade, finding) == (
        OK,
        "none: it may go, and is kept with the backups made before",
    )


async def test_an_older_key_that_sealed_rows_is_needed(clinic, url):
    await joined(clinic.store)
    await raw(url, "UPDATE subscriber SET key_id = '2020-01'")
    keep_an_older_key(clinic)

    grade, finding, remedy = await told(clinic, "rows of seal.2020-01")

    assert (grade, finding) == (WARNING, "1 (1 subscriber): it is needed")
    assert "eventide keys reseal" in remedy


async def test_an_older_key_is_needed_while_a_process_seals_with_it(clinic, url):
    keep_an_older_key(clinic)
    sealer = Sealer(lookup=b"l" * 32, keys={"2020-01": OLD_KEY}, current="2020-01")
    async with opened(url, sealer) as store, store.transaction() as tx:
        await tx.subscribers.count()
        grade, finding, remedy = await told(clinic, "sealing")
        older = await told(clinic, "rows of seal.2020-01")

    assert grade == WARNING
    assert "seal with another key than seal.20" in finding
    assert "Restart them" in remedy
    assert older[:2] == (
        WARNING,
        "none at present, but not every process seals with the newest key",
    )


async def test_rows_whose_key_is_missing_are_a_fault(clinic, url):
    await joined(clinic.store)
    await raw(url, "UPDATE subscriber SET key_id = '2020-01'")

    grade, finding, remedy = await told(clinic, "rows of seal.2020-01")

    assert grade == FAULT
    assert finding == "1 (1 subscriber), and the key is missing: nobody can read them"
    assert "EVENTIDE_SECRETS__KEYS" in remedy


async def test_rows_that_are_not_padded_are_counted(clinic, url):
    await joined(clinic.store)
    await raw(url, "UPDATE subscriber SET sealed = substr(sealed, 2)")

    grade, finding, remedy = await told(clinic, "padding")

    assert (grade, finding) == (
        WARNING,
        "1 rows are not padded: their length tells of what is in them",
    )
    assert "eventide keys reseal" in remedy


async def test_a_link_key_that_was_ended_is_counted(clinic):
    ended = "link.2020-01.ended-2026-11-01=" + "A" * 43 + "="
    clinic.settings["EVENTIDE_SECRETS__KEYS"] += f"\n{ended}"

    _, finding, _ = await told(clinic, "keys")

    assert finding.endswith("1 to sign; 1 ended, which open unsubscribe alone")
