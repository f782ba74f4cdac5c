"""`eventide operator` and `eventide audit`: accounts, and a log that nobody altered."""

import pytest
import pytest_asyncio

from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import opened
from service.store.sealing import Sealer
from tests.commands.processes import called as outcome
from tests.store.plain_sql import raw

PASSWORD = "seven quiet owls at dusk"


@pytest.fixture
def named(settings, database_url):
    return {
        **settings,
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "USER": "root",
    }


@pytest_asyncio.fixture
async def store(named, database_url):
    """The store that the commands change."""
    found = keys(read(named).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    async with opened(database_url, sealer) as opened_store:
        yield opened_store


async def add(named, tmp_path, name="ada", *more):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    arguments = ("--password-file", str(file), *more)
    return await outcome(named, "operator", "add", name, *arguments)


async def test_the_first_admin_is_made_at_the_command_line(named, tmp_path, store):
    code, out, err = await add(named, tmp_path, "Ada", "--role", "admin")

    assert (code, out) == (0, "ada may sign in as admin\n"), err
    assert PASSWORD not in out + err
    listed = await outcome(named, "operator", "list")
    assert listed[1] == "ada  admin  may sign in, no second factor\n"
    async with store.transaction() as tx:
        (entry,) = await tx.audit.newest(operator="", before=9, limit=9)
    assert (entry.operator, entry.details) == ("cli:root", "ada as admin")


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [((), f"{PASSWORD}\n{PASSWORD}\n"), (("--password-file", "-"), f"{PASSWORD}\n")],
)
async def test_a_password_may_be_typed_or_piped_in(named, arguments, typed):
    code, out, err = await outcome(
        {**named, "USER": ""}, "operator", "add", "ada", *arguments, typed=typed
    )

    assert code == 0, err
    assert out.endswith("ada may sign in as viewer\n")
    assert PASSWORD not in out + err


async def test_accounts_are_changed_at_the_command_line(named, tmp_path):
    await add(named, tmp_path)
    await add(named, tmp_path, "eve@example.org", "--no-password")
    file = str(tmp_path / "password")
    said = [
        (await outcome(named, "operator", *arguments))[1].strip()
        for arguments in (
            ("role", "ada", "operator"),
            ("password", "ada", "--password-file", file),
            ("reset-totp", "ada"),
            ("disable", "ada"),
            ("list",),
            ("enable", "ada"),
        )
    ]

    assert said == [
        "ada is operator now",
        "ada has another password, and is signed out everywhere",
        "ada signs in without a code until they set one up again",
        "ada is signed out and cannot sign in any more",
        """ada  operator  disabled, no second factor
eve@example.org  viewer  may sign in, no password""",
        "ada may sign in again",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("disable", "nobody"), "There is no operator nobody."),
        (("add", "a b", "--no-password"), "Use up to 100 letters"),
        (("add", "ada", "--password-file", "/nowhere"), "/nowhere: cannot be read"),
    ],
)
async def test_what_cannot_be_done_is_one_line(named, arguments, said):
    code, _, err = await outcome(named, "operator", *arguments)

    assert code == 1
    assert said in err.splitlines()[-1]


async def test_without_anybody_the_list_says_so(named):
    assert (await outcome(named, "operator", "list"))[1] == "There is no operator yet\n"


async def test_a_whole_audit_log_is_said_to_be_and_its_head_is_known(named, tmp_path):
    await add(named, tmp_path)
    code, out, err = await outcome(named, "audit", "verify")
    head = out.split()[-1]

    assert (code, out.splitlines()[0]) == (0, "1 entries, none altered"), err
    known = await outcome(named, "audit", "verify", "--known", head)
    assert known[0] == 0, known[2]
    unknown = await outcome(named, "audit", "verify", "--known", f"2:{head[2:]}")
    assert unknown[0] == 1
    assert f"the audit log: it has no entry 2:{head[2:]}" in unknown[2]
    odd = await outcome(named, "audit", "verify", "--known", "x")
    assert "is not NUMBER:DIGEST" in odd[2]


async def test_an_altered_audit_log_is_found_out(named, tmp_path, database_url):
    await add(named, tmp_path)
    await raw(database_url, "ALTER TABLE audit DISABLE TRIGGER ALL")
    await raw(database_url, "UPDATE audit SET operator = 'cli:eve'")

    code, _, err = await outcome(named, "audit", "verify")

    assert code == 1
    assert "the audit log: entry 1 was altered" in err.splitlines()[-1]


async def test_a_log_that_lost_its_end_is_named_until_it_is_anchored_anew(
    named, tmp_path, database_url
):
    named["EVENTIDE_DATABASE__STATE_DIR"] = str(tmp_path / "state")
    await add(named, tmp_path)
    await add(named, tmp_path, "bob")
    await raw(database_url, "ALTER TABLE audit DISABLE TRIGGER ALL")
    await raw(database_url, "DELETE FROM audit WHERE number = 2")

    cut = await outcome(named, "audit", "verify")
    kept = await outcome(named, "audit", "anchor", typed="n\n")
    taken = await outcome(named, "audit", "anchor", "--yes")
    whole = await outcome(named, "audit", "verify")
    again = await outcome(named, "audit", "anchor", "--yes")

    missing = "its last entry, 2, is missing"
    assert (cut[0], kept[0], taken[0], whole[0]) == (1, 1, 0, 0)
    assert f"the audit log: {missing}" in cut[2].splitlines()[-1]
    assert taken[1] == f"{missing}\nIt is anchored anew.\n"
    assert "2 entries, none altered" in whole[1]
    assert again[1] == "Nothing is wrong with it.\nIt is anchored anew.\n"


async def test_verify_says_where_nothing_is_kept_outside_the_database(named, tmp_path):
    await add(named, tmp_path)

    code, _, err = await outcome(named, "audit", "verify")

    assert code == 0
    assert "EVENTIDE_DATABASE__STATE_DIR" in err
