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
