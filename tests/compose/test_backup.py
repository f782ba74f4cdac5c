"""The volumes are gone, the backup is not: everybody is back, and nobody is mailed twice."""

import pytest_asyncio

from tests.compose.deployment import ON_AN_ENGINE, deployed, until

pytestmark = [*ON_AN_ENGINE]

PEOPLE = 200
#: As three complaints would leave it, each under the hash of an address.
SUPPRESS = """
    INSERT INTO suppression (address_key, reason, since)
    SELECT sha256(n::text::bytea), 'complaint', now()
    FROM generate_series(1, 3) AS n
"""
KEPT = """
    SELECT md5(string_agg(s::text, '' ORDER BY id)) FROM subscriber AS s
    UNION ALL
    SELECT md5(string_agg(s::text, '' ORDER BY address_key)) FROM suppression AS s
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deployment(tmp_path_factory):
    async with deployed(tmp_path_factory.mktemp("backup")) as found:
        yield found


async def test_a_copy_brings_everybody_back_and_sends_only_when_it_is_told_to(
    deployment,
):
    keep = ("run", "--rm", "keep")
    await deployment.up("--scale=worker=0")
    await deployment.inside("web", f"eventide seed --subscribers {PEOPLE} --due-now")
    await deployment.sql(SUPPRESS)
    kept = await deployment.sql(KEPT)
    await deployment.compose(*keep, "eventide", "backup", "tonight")

    await deployment.compose("down", "--volumes")
    # Keys and a database of their own are made, as on any other machine.
    await deployment.compose(*keep, "eventide", "restore", "tonight")
    await deployment.compose(*keep, "cp", "tonight.keys", "/run/eventide/keys")
    await deployment.up()

    assert await deployment.sql(KEPT) == kept

    async def is_fenced() -> bool:
        # It looked at whom it might send to, and says why it does not.
        return "a restored copy" in await deployment.compose("logs", "worker")

    await until(is_fenced)
    assert await deployment.states() == {}
    assert await deployment.caught() == 0

    told = await deployment.inside("web", "eventide adopt --yes")
    assert f"{PEOPLE} that were due" in told
    # They have their mail of tonight, for all that the copy knows; so, as if it were new:
    await deployment.sql("UPDATE schedule SET next_due_at = now()")
    await deployment.has_caught(PEOPLE)
    assert len({mail.to for mail in await deployment.mails()}) == PEOPLE
