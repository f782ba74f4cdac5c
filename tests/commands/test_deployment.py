"""`pause`, `resume` and `adopt`, as the operator types them."""

import asyncio

import pytest

from service.keys import new_keys
from tests.commands.processes import outcome, start
from tests.conftest import administer

FENCE = "UPDATE deployment SET identity = 'another server'"


@pytest.fixture
def named(settings, database_url):
    return {
        **settings,
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
    }


async def test_the_service_is_paused_and_goes_on(named):
    paused = await outcome(named, "pause")
    resumed = await outcome(named, "resume")

    assert paused[:2] == (
        0,
        "Paused: nothing is sent before `eventide resume`.\n",
    )
    assert resumed[:2] == (0, "This database sends.\n")


async def test_a_copy_is_adopted_once(named, database_url):
    await administer(database_url, FENCE)

    first = await outcome(named, "adopt", "--yes")
    again = await outcome(named, "adopt")

    assert first[0] == again[0] == 0
    assert "last sent a mail: not in its last nights." in first[1]
    assert first[1].endswith("This database sends.\n")
    assert again[1].startswith("Nothing to do")


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"y\n", 0)])
async def test_whoever_adopts_a_copy_is_asked(named, database_url, answer, code):
    await administer(database_url, FENCE)
    await administer(
        database_url,
        "CREATE TABLE sent_night PARTITION OF outbox DEFAULT;"
        "INSERT INTO outbox (subscriber_id, night, kind, state, not_before, expires_at,"
        " attempts, sealed, key_id, updated_at) VALUES (1, '2026-11-23', 'reminder',"
        " 'sent', '2026-11-23 19:00Z', '2026-11-23 21:00Z', 1, '', '',"
        " '2026-11-23 19:00:07Z')",
    )

    adopt = await start(named, "adopt", takes_input=True)
    async with asyncio.timeout(60):
        out, _ = await adopt.communicate(answer)

    assert adopt.returncode == code
    assert b"last sent a mail: 2026-11-23 19:00 UTC" in out
    assert (b"This database sends." in out) is (code == 0)


async def promoted(database_url, *, waiting):
    """A database whose row names another timeline, and a reminder that is due by then."""
    await administer(
        database_url,
        "UPDATE deployment SET timeline = 99, seen_timeline = wal_timeline(),"  # noqa: S608
        " seen_at = '2026-11-23 19:00:10Z', replicated_until = '2026-11-23 19:00:04Z';"
        "CREATE TABLE some_night PARTITION OF outbox DEFAULT;"
        "INSERT INTO outbox (subscriber_id, night, kind, state, not_before, expires_at,"
        " attempts, sealed, key_id) VALUES (7, '2026-11-23', 'reminder',"
        f" 'due', '2026-11-23 {waiting}Z', '2026-11-23 21:30Z', 0, '', '')",
    )


@pytest.mark.parametrize(
    ("waiting", "given", "names"),
    [
        ("19:00:07", (), True),
        ("19:05:00", (), False),
        ("19:05:00", ("--until", "2026-11-23T19:06"), True),
        ("19:00:07", ("--nothing-was-sent",), False),
    ],
)
async def test_a_promoted_server_is_adopted_and_names_whom_it_holds_back(
    named, database_url, waiting, given, names
):
    await promoted(database_url, waiting=waiting)

    code, out, _ = await outcome(named, "adopt", "--yes", *given)

    assert code == 0
    assert "and the one that sent timeline 99" in out
    assert "between 2026-11-23 19:00:04 and 2026-11-23 19:00:10 UTC" in out
    assert ("Of the subscribers 7.\n" in out) is names
    assert out.endswith("This database sends.\n")


async def test_the_word_that_commits_wait_is_taken_back_by_adopting(
    named, database_url
):
    await administer(database_url, "UPDATE deployment SET replication = 'synchronous'")

    code, out, _ = await outcome(named, "adopt", "--yes")
    promised = {**named, "EVENTIDE_DATABASE__REPLICATION": "synchronous"}
    _, still, _ = await outcome(promised, "adopt", "--yes")

    assert code == 0
    assert "Adopting takes the promise back" in out
    assert out.endswith("This database sends.\n")
    assert still.endswith("and no commit waits for a standby.\n")
