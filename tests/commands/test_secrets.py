"""The secrets of a deployment are made once, kept for ever, and read by few."""

import os
import stat

import pytest

from service.keys import keys
from service.settings import read
from tests.commands.processes import outcome

URL = "postgresql://eventide@db:5432/eventide"


@pytest.fixture
def folders(tmp_path):
    found = tmp_path / "service", tmp_path / "database"
    for folder in found:
        folder.mkdir()
    return found


async def made(folders, url=URL):
    service, database = folders
    group = f"--database-group={os.getgid()}"
    where = (f"--service={service}", f"--database={database}")
    return await outcome({}, "secrets", url, *where, group)


def contents(folders):
    return {path: path.read_text() for folder in folders for path in folder.iterdir()}


async def test_the_service_and_its_database_get_what_they_need(folders):
    service, database = folders

    code, _, err = await made(folders)

    assert (code, err) == (0, "")
    settings = read(
        {
            "EVENTIDE_DATABASE__URL_FILE": str(service / "database_url"),
            "EVENTIDE_SECRETS__KEYS_FILE": str(service / "keys"),
        }
    )
    assert keys(settings.secrets).lookup
    password = (service / "database_password").read_text().strip()
    assert len(password) == 64
    assert settings.database.url == f"postgresql://eventide:{password}@db:5432/eventide"
    role = (database / "role.sql").read_text()
    assert f"CREATE ROLE eventide LOGIN PASSWORD '{password}'" in role
    assert (database / "postgres_password").read_text().strip() not in role
    second = (database / "second_role.sql").read_text()
    assert "CREATE ROLE eventide_audit NOLOGIN" in second


async def test_nobody_but_the_two_of_them_can_read_them(folders):
    await made(folders)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in contents(folders)}
    assert modes == {0o640}


async def test_what_is_there_is_kept(folders):
    await made(folders)
    before = contents(folders)

    await made(folders)

    assert contents(folders) == before


async def test_what_follows_from_a_password_is_mended(folders):
    service, database = folders
    await made(folders)
    before = contents(folders)
    (database / "role.sql").unlink()
    (service / "database_url").write_text("half of")

    await made(folders)

    assert contents(folders) == before


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://eventide:mine@db/eventide",
        "postgresql://db/eventide",
        "postgresql://eventide@db/",
        "postgresql://eventide@/eventide",
        "postgresql://eventide@db/even;tide",
        "mysql://eventide@db/eventide",
    ],
)
async def test_a_url_that_is_not_one_is_said_to_be_so(folders, url):
    code, _, err = await made(folders, url)

    assert code == 1
    assert "postgresql://ROLE@HOST:PORT/DATABASE without a password" in err
    assert contents(folders) == {}


async def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    missing = tmp_path / "nowhere"

    code, _, err = await made((missing, missing))

    assert code == 1
    assert f"{missing}/keys" in err
    assert "Name two folders that this user may write to" in err
