"""`eventide preview`, `night` and `explain`, as an operator calls them."""

import json
from datetime import date, timedelta
from email import message_from_bytes, policy

import pytest
from typer.testing import CliRunner

from service.__main__ import app
from tests.builders import HEALTHY

RUN = CliRunner()


@pytest.fixture
def write(tmp_path):
    def profile(**said):
        path = tmp_path / "profile.json"
        path.write_text(json.dumps({**HEALTHY, **said}))
        return str(path)

    return profile


def preview(profile, out, *more):
    return RUN.invoke(
        app,
        ["preview", "--profile", profile, "--night", "2026-12-01", "--out", str(out), *more],
    )  # fmt: skip


def test_a_preview_is_the_mail_its_parts_and_the_choice(write, tmp_path):
    out = tmp_path / "out"

    result = preview(write(), out)

    assert result.exit_code == 0, result.output
    mail = message_from_bytes(
        (out / "reminder.eml").read_bytes(), policy=policy.default
    )
    choice = json.loads((out / "choice.json").read_text())
    lead = next(tip for tip in choice["tips"] if tip["role"] == "lead")
    assert mail["Subject"] == "Your evening tip"
    assert not mail.defects
    assert choice["night"] == "2026-12-01"
    assert lead["cause"] == "fatigue"
    assert lead["reason"].startswith("because you ticked")
    assert lead["theme"] != "care"
    assert 0 < lead["propensity"] <= 1
    assert "GET HELP NOW" in (out / "reminder.txt").read_text()
    assert "<html" in (out / "reminder.html").read_text()


@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ({"asked": None, "answered_on": "2026-11-28"}, "med_thinner"),
        ({"asked": None, "answered_on": "2026-11-29"}, None),
        ({"asked": None}, None),
        ({"asked": "2026-11-01"}, "med_thinner"),
    ],
)
def test_a_profile_of_before_a_question_is_asked_it(write, tmp_path, said, asks):
    preview(write(**said), tmp_path)

    choice = json.loads((tmp_path / "choice.json").read_text())
    text = (tmp_path / "reminder.txt").read_text()
    assert choice["asks"] == asks
    assert ("ONE NEW QUESTION" in text) is bool(asks)


def test_the_same_preview_twice_is_the_same_choice(write, tmp_path):
    profile = write()

    preview(profile, tmp_path / "a", "--nights", "5")
    preview(profile, tmp_path / "b", "--nights", "5")

    for night in sorted((tmp_path / "a").iterdir()):
        other = tmp_path / "b" / night.name / "choice.json"
        assert (night / "choice.json").read_text() == other.read_text()


def test_a_row_of_nights_has_a_folder_each_and_a_history(write, tmp_path):
    # A lead rests for half as many nights as there are tips that this person may be told.
    preview(write(), tmp_path / "out", "--nights", "9")

    nights = sorted(folder.name for folder in (tmp_path / "out").iterdir())
    first = date(2026, 12, 1)
    assert nights == [(first + timedelta(days=n)).isoformat() for n in range(9)]
    leads = [
        tip["id"]
        for night in nights
        for tip in json.loads((tmp_path / "out" / night / "choice.json").read_text())[
            "tips"
        ]
        if tip["role"] == "lead"
    ]
    assert len(set(leads)) == len(leads)


def test_answers_count_as_fresh_unless_asked_otherwise(write, tmp_path):
    profile = write(answered_on="2020-01-01")

    preview(profile, tmp_path / "fresh")
    preview(profile, tmp_path / "stale", "--stale")

    fresh = json.loads((tmp_path / "fresh" / "choice.json").read_text())
    stale = json.loads((tmp_path / "stale" / "choice.json").read_text())
    assert (fresh["ask_answers"], stale["ask_answers"]) == (False, True)
    assert "H27" in stale["rules"]
    plain = {t["id"] for t in stale["tips"] if t["theme"] != "care"}
    assert plain <= {"U4", "U5", "U6", "U11", "U3b", "K1"}
    assert (
        "PLEASE CHECK YOUR ANSWERS" in (tmp_path / "stale" / "reminder.txt").read_text()
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "must hold one JSON object"),
        ('{"conditions": ["hart_failure"]}', "'hart_failure' is not one of"),
    ],
)
def test_a_broken_profile_is_named_with_what_is_wrong(text, words, tmp_path):
    path = tmp_path / "profile.json"
    path.write_text(text)

    result = preview(str(path), tmp_path / "out")

    assert result.exit_code == 1
    assert words in str(result.exception)
    assert str(path) in str(result.exception)


def test_a_missing_profile_and_an_unknown_language_are_named(write, tmp_path):
    missing = preview(str(tmp_path / "none.json"), tmp_path / "out")
    strange = preview(write(), tmp_path / "out", "--language", "tlh")

    assert "cannot be read" in str(missing.exception)
    assert "Use one of en" in str(strange.exception)


@pytest.mark.parametrize(
    ("zone", "at", "day", "line"),
    [
        ("Europe/London", "19:00", "2026-11-23", "2026-11-23T19:00:00Z"),
        ("America/Nuuk", "23:00", "2026-03-28", "2026-03-29T01:00:00Z gap"),
        ("Pacific/Easter", "22:00", "2026-09-05", "2026-09-06T04:00:00Z gap"),
        ("Africa/Cairo", "23:00", "2026-10-29", "2026-10-29T20:00:00Z fold"),
    ],
)
def test_a_local_evening_is_told_in_utc(zone, at, day, line):
    result = RUN.invoke(app, ["night", "--zone", zone, "--at", at, "--date", day])

    assert result.output == line + "\n"


@pytest.mark.parametrize(
    ("zone", "at", "words"),
    [
        ("Mars/Base", "19:00", "'Mars/Base' is not a time zone"),
        ("Europe/London", "7pm", "'7pm' is not a time of day"),
        ("Europe/London", "24:00", "'24:00' is not a time of day"),
    ],
)
def test_a_wrong_zone_or_time_is_named(zone, at, words):
    result = RUN.invoke(
        app, ["night", "--zone", zone, "--at", at, "--date", "2026-11-23"]
    )

    assert result.exit_code == 1
    assert words in str(result.exception)


@pytest.mark.parametrize("arguments", [("0001-01-01", "1"), ("2100-12-31", "2")])
def test_a_year_out_of_reach_is_named(write, tmp_path, arguments):
    night, nights = arguments

    result = RUN.invoke(
        app,
        [
            "preview",
            *("--profile", write(), "--night", night, "--nights", nights),
            *("--out", str(tmp_path / "out")),
        ],
    )

    assert "Use a year from 1970 to 2100" in str(result.exception)


def test_a_folder_that_cannot_be_written_to_is_named(write, tmp_path):
    (tmp_path / "file").write_text("")

    result = preview(write(), tmp_path / "file")

    assert "cannot be written to" in str(result.exception)


def test_a_country_that_is_none_is_named(write, tmp_path):
    result = preview(write(country="UK"), tmp_path / "out")

    assert "the UK is GB" in str(result.exception)
