"""The table of refusals: it loads, a row can be added, a broken one stops the start."""

from pathlib import Path

import pytest

from service.content.refusals import load_refusals
from service.domain.errors import Misconfigured
from service.domain.refusals import Meaning, Said, Stage, Verdict
from service.settings import HERE

SHIPPED = HERE / "config" / "refusals.toml"
MINE = """
[[refusals]]
words = ["Nicht mein Tag"]
codes = ["550"]
stages = ["rcpt", "report"]
hosts = ["Odd.example"]
verdict = "ours"
about = "slower"
source = "Their postmaster, by telephone"
"""


def spoiled(folder: Path, row: str) -> str:
    """What is said of the shipped table with this row added."""
    folder.joinpath("refusals.toml").write_text(
        SHIPPED.read_text(encoding="utf-8") + row, encoding="utf-8"
    )
    with pytest.raises(Misconfigured) as stopped:
        load_refusals(folder)
    return str(stopped.value)


def test_an_operator_can_add_a_row(tmp_path):
    text = MINE + SHIPPED.read_text(encoding="utf-8")
    tmp_path.joinpath("refusals.toml").write_text(text, encoding="utf-8")

    found = load_refusals(tmp_path).ruling(
        Said(
            stage=Stage.RCPT,
            code=550,
            enhanced="5.1.1",
            words="nicht MEIN Tag (heute)",
            hosts=("mx.odd.example",),
        )
    )

    assert (found.verdict, found.about) == (Verdict.OURS, Meaning.SLOWER)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('verdict = "ours"', 'verdict = "mine"', "verdict 'mine' is not known"),
        ('verdict = "ours"', 'verdict = "complaint"', "'complaint' is not known"),
        ('verdict = "ours"\n', "", "key 'verdict' is missing"),
        ('source = "Their postmaster, by telephone"', "", "key 'source' is missing"),
        ('about = "slower"', 'about = "sloth"', "about 'sloth' is not known"),
        ('about = "slower"', 'about = "no such address"', "does not go with"),
        ('"rcpt", "report"', '"rcpd"', "stage 'rcpd' is not known"),
        ('codes = ["550"]', 'codes = ["55"]', "'55' is not a code"),
        ('codes = ["550"]', 'codes = ["5.1"]', "'5.1' is not a code"),
        ('["Nicht mein Tag"]', '["!?"]', "'!?' has no words"),
        ('["Nicht mein Tag"]', '["<ada@x.example>"]', "has no words"),
        ('words = ["Nicht mein Tag"]\ncodes = ["550"]', "", "neither words nor codes"),
        ('verdict = "ours"\nabout = "slower"', 'verdict = "nothing"', "only a report"),
        ("words =", "word =", "key 'word' is not known"),
    ],
)
def test_a_broken_row_stops_the_start_with_its_line(tmp_path, old, new, told):
    assert old in MINE
    begins = len(SHIPPED.read_text(encoding="utf-8").splitlines()) + 2

    said = spoiled(tmp_path, MINE.replace(old, new))

    assert told in said
    assert "refusals.toml, line " in said
    line = int(said.partition("refusals.toml, line ")[2].partition(",")[0])
    assert begins <= line <= begins + len(MINE.splitlines())
    assert "docs/content.md" not in said


def test_a_row_that_says_nothing_of_reports_alone_is_sound(tmp_path):
    row = '[[refusals]]\nstages = ["report"]\nwords = ["later"]\nverdict = "nothing"\n'
    tmp_path.joinpath("refusals.toml").write_text(row + 'source = "me"\n')

    assert len(load_refusals(tmp_path).rows) == 1


def test_what_is_no_row_is_a_fault(tmp_path):
    assert "key 'rows' is not known" in spoiled(tmp_path, "\n[rows]\nx = 1\n")


def test_a_table_that_is_not_there_stops_the_start(tmp_path):
    with pytest.raises(Misconfigured, match=r"refusals\.toml: cannot be read"):
        load_refusals(tmp_path)
