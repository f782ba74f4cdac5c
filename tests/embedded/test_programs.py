"""PostgreSQL's programs: found, copied where they are out of reach, run by whom."""

import os
import pwd
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path, PosixPath

import pytest

from service.domain.errors import Misconfigured
from service.embedded.programs import (
    BIN,
    PACKAGE,
    Account,
    Programs,
    account_for,
    copied,
    find,
    installed,
    system_account,
)
from tests.embedded.conftest import CHECKOUT

NOBODY = Account(name="nobody", uid=65534, gid=65534)
# Runs as a person who is not root: everything is imported before the change of user.
AS_A_PERSON = """
import asyncio, concurrent.futures.thread, encodings.idna, os, subprocess, sys
from pathlib import Path, PosixPath
import asyncpg
from service.embedded.cluster import Cluster
from service.embedded.programs import BIN, Programs, account_for

async def main():
    home = Path(sys.argv[2])
    account = account_for(home, uid=os.geteuid())
    programs = Programs(folder=Path(sys.argv[1]) / BIN, account=account)
    cluster = Cluster(home=home, programs=programs, is_durable=False, tell=print)
    print(await cluster.ensure_running())
    print((home / "postgres").stat().st_uid)
    await cluster.stop()

os.setgroups([]); os.setgid(65534); os.setuid(65534)
asyncio.run(main())
"""

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can act for other users"
)


async def test_the_installed_programs_are_used_where_they_can_be(home):
    programs = await find(None, site=installed(), copies=home)
    assert programs.folder == installed() / BIN
    assert list(home.iterdir()) == []


@as_root
async def test_programs_in_a_private_home_are_copied_once_and_it_stays_private(home):
    private = home / "private"
    private.mkdir(mode=0o700)
    site = private / "packages"
    site.symlink_to(installed())

    programs = await find(NOBODY, site=site, copies=home / "copies")

    copy = home / "copies" / f"programs-{version(PACKAGE)}"
    assert programs.folder == copy / BIN
    assert private.stat().st_mode & 0o777 == 0o700
    marker = copy / "marker"
    marker.touch()
    assert copied(site, home / "copies") == copy
    assert marker.exists()


@as_root
async def test_a_server_of_ones_own_runs_under_ones_own_name(home):
    os.chown(home, NOBODY.uid, NOBODY.gid)
    folder = copied(installed(), home / "copies")
    data = home / "data"
    data.mkdir()
    os.chown(data, NOBODY.uid, NOBODY.gid)
    order = [sys.executable, "-c", AS_A_PERSON, folder, data]
    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs here
        order, check=False, text=True, capture_output=True, cwd=CHECKOUT
    )
    assert done.stdout.splitlines()[-1:] == [str(NOBODY.uid)], done.stderr


async def test_a_copy_made_by_another_command_meanwhile_is_taken(home):
    target = home / f"programs-{version(PACKAGE)}"
    site = home / "packages"
    (site / BIN).mkdir(parents=True)

    class Slow(PosixPath):
        """A folder of packages during whose copying another copy is finished."""

        def __truediv__(self, part):
            (target / "theirs").mkdir(parents=True, exist_ok=True)
            return Path(site) / part

    assert copied(Slow(site), home) == target
    assert [each.name for each in home.glob("programs-*")] == [target.name]
    assert (target / "theirs").exists()


@pytest.mark.parametrize("account", [None, NOBODY])
async def test_programs_that_do_not_run_are_one_clear_line(home, account):
    site = home / "packages"
    (site / BIN).mkdir(parents=True)
    shutil.copy("/bin/false", site / BIN / "postgres")
    (site / BIN / "postgres").chmod(0o755)
    with pytest.raises(Misconfigured, match=r"cannot be run here by .*user"):
        await find(account, site=site, copies=home / "copies")


async def test_programs_that_are_missing_do_not_work(home):
    assert not await Programs(folder=home, account=None).work()


def test_only_root_needs_another_user(home):
    assert account_for(home, uid=1000) is None
    account = account_for(home / "missing", uid=0)
    assert account
    assert account.uid != 0


@as_root
def test_files_that_are_there_keep_their_owner(home):
    os.chown(home, 12345, 54321)
    assert account_for(home, uid=0) == Account(name="12345", uid=12345, gid=54321)


def test_a_user_that_exists_is_taken():
    me = pwd.getpwuid(os.geteuid())
    account = system_account(names=("no-such-user", me.pw_name))
    assert account == Account(name=me.pw_name, uid=me.pw_uid, gid=me.pw_gid)


@pytest.mark.parametrize("adder", ["true", "no-such-program"])
def test_nobody_runs_it_where_no_user_can_be_made(adder):
    account = system_account(names=("no-such-user",), adder=adder)
    assert account.name == "nobody"
