"""What visitors ask for is kept alike for everybody, and looked up by a worker."""

from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from service.domain.limits import sources
from service.domain.outbox import Lane
from service.domain.records import answers_to_json
from service.domain.requests import OwnLink
from service.domain.risk import CAUSES, CONDITIONS, MEDICINES
from service.flows import limits, requests
from service.store.engine import opened
from service.store.sealing import KeyMissing, Sealer
from service.store.trouble import RefusedByDatabase
from tests.builders import NOON, answers, evening
from tests.conftest import administer

ADA = "ada@example.org"
EVERYTHING = answers(
    causes=list(CAUSES),
    conditions=list(CONDITIONS),
    medicines=list(MEDICINES),
    pregnancy="pregnant",
    pregnant_until="2027-02",
)


@pytest.fixture
async def database(database_url):
    """A look at the rows themselves."""
    plain = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
    yield connection
    await connection.close()


async def kept(database) -> list[int]:
    """The lengths of the requests that wait."""
    rows = await database.fetch("SELECT length(sealed) FROM request ORDER BY asked_at")
    return [row[0] for row in rows]


async def test_a_known_address_an_unknown_one_and_any_answers_leave_the_same_row(
    world, database
):
    await world.join(ADA)
    forms = [
        OwnLink(address=ADA),
        OwnLink(address="stranger@example.org"),
        world.form(ADA),
        world.form("a" * 60 + "@" + "b" * 60 + ".example.org", answers=EVERYTHING),
    ]
    for form in forms:
        await requests.take(world.store, form, now=NOON)

    assert len(await kept(database)) == 4
    assert len(set(await kept(database))) == 1
    assert len(str(answers_to_json(EVERYTHING))) > 900


async def test_nobody_is_looked_up_before_a_worker_does(world):
    await requests.take(world.store, world.form(ADA), now=NOON)
    before = await world.post(Lane.PRIORITY)

    assert await requests.answer(world.store, limit=10, now=NOON) == 1
    assert before == ()
    assert len(await world.post(Lane.PRIORITY)) == 1
    assert await requests.answer(world.store, limit=10, now=NOON) == 0


async def test_more_than_can_be_answered_at_once_waits_for_the_next_time(world):
    for number in range(3):
        form = world.form(f"person{number}@example.org")
        await requests.take(world.store, form, now=NOON)

    assert await requests.answer(world.store, limit=2, now=NOON) == 2
    assert await requests.answer(world.store, limit=2, now=NOON) == 1


async def test_one_that_cannot_be_answered_lets_the_others_go_first(world):
    broken = world.form("broken@example.org", evening=evening(minute=0))
    await requests.take(world.store, broken, now=NOON)
    await requests.take(world.store, world.form(ADA), now=NOON + timedelta(seconds=1))

    with capture_logs() as lines:
        await world.passes(timedelta(seconds=2))
        await requests.answer(world.store, limit=10, now=world.clock.now())

    mails = await world.post(Lane.PRIORITY)
    assert [mail.recipients for mail in mails] == [(ADA,)]
    errors = [line for line in lines if line["log_level"] == "error"]
    assert [line["error"] for line in errors] == ["RefusedByDatabase"]
    assert ADA not in str(lines)


async def test_one_that_was_altered_is_dropped_with_an_alarm(world, database):
    await requests.take(world.store, world.form(ADA), now=NOON)
    await database.execute("UPDATE request SET sealed = 'x'")

    with capture_logs() as lines:
        await requests.answer(world.store, limit=10, now=NOON)

    assert [line["event"] for line in lines] == ["request does not open"]
    assert await kept(database) == []


async def test_a_subscriber_whose_row_does_not_open_stops_nobody_else(world, database):
    await world.join("bad@example.org")
    await database.execute("UPDATE subscriber SET sealed = 'x'")
    bad = OwnLink(address="bad@example.org")
    await requests.take(world.store, bad, now=world.clock.now())
    await world.passes(timedelta(seconds=1))
    await world.ask(ADA)

    mails = await world.post(Lane.PRIORITY)
    assert mails[-1].recipients == (ADA,)
    assert len(await kept(database)) == 1


async def test_a_missing_key_keeps_every_request_for_when_it_is_back(
    world, database, database_url
):
    await requests.take(world.store, world.form(ADA), now=NOON)
    others = Sealer(b"l" * 32, {"other": b"o" * 32}, "other")

    async with opened(database_url, others) as store:
        with pytest.raises(KeyMissing):
            await requests.answer(store, limit=10, now=NOON)

    assert len(await kept(database)) == 1


async def test_a_database_without_the_table_is_no_fault_of_a_request(
    world, database_url
):
    await administer(database_url, "ALTER TABLE request RENAME TO elsewhere")

    with pytest.raises(RefusedByDatabase):
        await requests.answer(world.store, limit=10, now=NOON)


async def test_three_links_a_day_are_mailed_on_each_of_several_days(world):
    await world.join(ADA)
    joined = len(await world.post(Lane.PRIORITY))
    for day in range(1, 4):
        for _ in range(4):
            await world.asks_for(OwnLink(address=ADA))
        assert len(await world.post(Lane.PRIORITY)) == joined + 3 * day
        await world.passes(timedelta(days=1))


async def test_who_has_three_links_every_day_has_to_wait_in_the_end(world):
    await world.join(ADA)
    joined = len(await world.post(Lane.PRIORITY))
    for _ in range(6):
        for _ in range(3):
            await world.asks_for(OwnLink(address=ADA))
        await world.post(Lane.PRIORITY)
        await world.passes(timedelta(days=1))

    assert len(await world.post(Lane.PRIORITY)) == joined + 15


async def test_a_request_that_could_not_be_kept_counts_nowhere(world, database_url):
    counted = sources(ADA, host="203.0.113.7", own=())
    await administer(database_url, "ALTER TABLE request RENAME TO elsewhere")

    with pytest.raises(RefusedByDatabase):
        await requests.take(world.store, world.form(ADA), counted, now=NOON)

    pressure = await limits.pressure(world.store, now=NOON)
    assert (pressure.instance, pressure.public) == (0, 0)


async def test_a_copy_answers_nobody(world, database_url, database):
    await requests.take(world.store, world.form(ADA), now=NOON)
    await administer(database_url, "UPDATE deployment SET identity = 'elsewhere'")

    assert await requests.answer(world.store, limit=10, now=NOON) == 0
    assert len(await kept(database)) == 1


async def test_what_could_not_be_answered_in_a_week_is_forgotten(world, database):
    broken = world.form("broken@example.org", evening=evening(minute=0))
    await requests.take(world.store, broken, now=NOON)

    await world.run(days=7)

    assert await kept(database) == []
