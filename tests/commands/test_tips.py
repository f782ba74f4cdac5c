"""`eventide tips`: the lint, and who may be told what."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from service.__main__ import app
from service.settings import HERE
from tests.builders import HEALTHY

RUN = CliRunner()


def test_the_shipped_catalogue_has_no_faults():
    result = RUN.invoke(app, ["tips", "check"])

    assert result.exit_code == 0
    assert re.search(r"^\d+ tips, no faults$", result.output, re.MULTILINE)


def test_a_broken_tip_file_is_named_and_fails(tmp_path, monkeypatch):
    config = tmp_path / "config"
    shutil.copytree(HERE / "config", config)
    path = config / "tips" / "fatigue.toml"
    path.write_text(path.read_text().replace('"pacing"', '"pasing"'))
    monkeypatch.setenv("EVENTIDE_CONTENT__CONFIG", str(config))

    result = RUN.invoke(app, ["tips", "check"])

    assert result.exit_code == 1
    assert f"{path}, line" in result.output
    assert "content tag 'pasing' is not known" in result.output
    assert result.output.endswith("1 fault\n")


@pytest.fixture
def heart_failure(tmp_path):
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({**HEALTHY, "conditions": ["heart_failure"]}))
    return str(path)


def test_eligible_tips_are_a_json_list_of_ids(heart_failure):
    result = RUN.invoke(app, ["tips", "eligible", "--profile", heart_failure, "--json"])

    ids = json.loads(result.output)
    assert {"F1", "U10", "D4"} <= set(ids)
    assert not {"F5", "D1"} & set(ids)


def test_eligible_tips_for_people_come_with_words_and_with_refusals(heart_failure):
    result = RUN.invoke(app, ["tips", "eligible", "--profile", heart_failure])

    assert "Stick to the amount of drink" in result.output
    assert "F5    not said    blocked by heart_failure (present)" in result.output
