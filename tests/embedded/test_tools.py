"""Which of PostgreSQL's programs are used, and what is said where none will do."""

import io
from functools import partial
from pathlib import Path

import pytest

from service.domain.errors import Misconfigured
from service.embedded import tools
from service.embedded.programs import BIN, MAJOR, installed

NO_MATTER = partial(int)


def program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)


@pytest.fixture
def installed_here(tmp_path):
    """Folders of PostgreSQL 15 and 17, of a strange program, and of none."""
    for release in (17, 15):
        says = f"echo 'pg_dump (PostgreSQL) {release}.2'"
        program(tmp_path / str(release), "pg_dump", says)
    program(tmp_path / "strange", "pg_dump", "echo something else")
    program(tmp_path / "broken", "pg_dump", "exit 3")
    return [tmp_path / name for name in ("strange", "broken", "none", "17", "15")]


@pytest.mark.parametrize(("server", "chosen"), [(14, 15), (15, 15), (16, 17), (17, 17)])
def test_the_oldest_programs_that_know_the_server_are_chosen(
    installed_here, server, chosen
):
    assert tools.found(server, folders=installed_here).release == chosen


@pytest.mark.parametrize(
    ("is_any", "words"),
    [(True, "PostgreSQL 18, here is only 17"), (False, "PostgreSQL 18, here is none")],
)
def test_programs_that_are_too_old_are_named_with_what_to_install(
    installed_here, is_any, words
):
    folders = installed_here if is_any else installed_here[:3]

    with pytest.raises(Misconfigured, match=words) as error:
        tools.found(18, folders=folders)

    assert "postgresql-client-18 or newer" in error.value.remedy


def test_those_of_the_embedded_database_are_there_without_any_others(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    assert tools.found(MAJOR).folder == installed() / BIN


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("echo 'pg_dump: error: no room: it\nCONTEXT: a row' >&2; exit 1", "no room"),
        ("exit 1", "it gave no reason"),
    ],
)
def test_what_a_program_fails_with_is_quoted_in_one_line(tmp_path, says, words):
    program(tmp_path, "pg_dump", says)
    mine = tools.Tools(folder=tmp_path, release=18)

    with pytest.raises(Misconfigured, match=words) as error:
        mine.dump({}, io.BytesIO(), snapshot="1", without=(), tell=NO_MATTER)

    assert "CONTEXT" not in str(error.value)


def test_nothing_is_kept_of_a_dump_that_breaks_off(tmp_path):
    program(tmp_path, "pg_restore", "echo 'SELECT 1;'; exit 1")
    typed = tmp_path / "typed"
    # Its end may come before it has read anything.
    typed.touch()
    program(tmp_path, "psql", f"cat > {typed}")
    mine = tools.Tools(folder=tmp_path, release=18)

    with pytest.raises(Misconfigured, match="pg_restore failed"):
        mine.load(io.BytesIO(b"x"), {}, release=18, last="", tell=NO_MATTER)

    assert "COMMIT" not in typed.read_text()


@pytest.mark.parametrize(("server", "is_told"), [(16, False), (17, True)])
def test_an_older_server_is_not_told_what_it_does_not_know(tmp_path, server, is_told):
    setting = "SET transaction_timeout = 0;"
    program(tmp_path, "pg_restore", f"cat >/dev/null; echo '{setting}'; echo 'x;'")
    program(tmp_path, "psql", f"cat > {tmp_path}/typed")
    mine = tools.Tools(folder=tmp_path, release=18)

    mine.load(io.BytesIO(b"x"), {}, release=server, last="SELECT 1", tell=NO_MATTER)

    typed = (tmp_path / "typed").read_text()
    assert (setting in typed) is is_told
    assert typed.endswith("x;\nSELECT 1;\nANALYZE;\nCOMMIT;\n")


def test_an_interrupted_dump_leaves_no_program_behind(tmp_path):
    program(tmp_path, "pg_dump", f"echo $$ > {tmp_path}/pid; yes")
    mine = tools.Tools(folder=tmp_path, release=18)

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mine.dump({}, io.BytesIO(), snapshot="1", without=(), tell=stop)

    pid = (tmp_path / "pid").read_text().strip()
    assert not Path("/proc", pid).exists()
