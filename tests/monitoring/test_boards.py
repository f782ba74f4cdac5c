"""Grafana's boards: each is one that Grafana reads, and asks what a person would ask."""

import json
import re
from collections import Counter

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.monitoring.tools import BOARDS, MONITORING, panels, read

PROVISIONING = MONITORING / "grafana" / "provisioning"
QUESTIONS = {
    "tonight": "Is tonight on time?",
    "unmailed": "Who was not mailed, and why?",
    "reputation": "Is our reputation fine?",
    "service": "Are people joining, and is all well?",
}
WIDTH = 24
boards = pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)


def lost(given, kept, at="board"):
    """What of a board Grafana's own schema does not know, or takes for something else."""
    match given, kept:
        case dict(), dict():
            for name, value in given.items():
                yield from lost(value, kept.get(name), f"{at}.{name}")
        case list(), list() if len(given) == len(kept):
            for number, (one, other) in enumerate(zip(given, kept, strict=True)):
                yield from lost(one, other, f"{at}[{number}]")
        case _ if given != kept:
            yield at
        case _:
            pass


def read_by_grafana(board):
    register_default_plugins()
    parsed = Dashboard.from_json(board)
    return json.loads(JSONEncoder(sort_keys=True).encode(parsed))


@boards
def test_a_board_says_nothing_that_grafana_does_not_know(path):
    board = json.loads(path.read_text())

    assert list(lost(board, read_by_grafana(board))) == []


def test_a_slip_in_a_board_is_found():
    board = json.loads(BOARDS[0].read_text())
    (first, *_) = board["panels"]
    first["gridpos"] = first.pop("gridPos")
    first["targets"][0]["expression"] = "up"
    board["tags"] = "eventide"

    assert set(lost(board, read_by_grafana(board))) == {
        "board.panels[0].gridpos",
        "board.panels[0].targets[0].expression",
    }


def test_the_boards_answer_the_questions_that_people_have():
    found = {path.stem: json.loads(path.read_text()) for path in BOARDS}

    assert {name: board["title"] for name, board in found.items()} == QUESTIONS
    assert {board["uid"] for board in found.values()} == {
        f"eventide-{name}" for name in QUESTIONS
    }


@boards
def test_every_panel_has_a_place_of_its_own_and_says_what_it_shows(path):
    found = panels(path)
    cells = Counter(
        (x, y)
        for place in (panel["gridPos"] for panel in found)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )

    assert max(cells.values()) == 1
    assert max(x for x, _ in cells) < WIDTH
    assert len({panel["id"] for panel in found}) == len(found)
    assert all(panel["title"] and panel["description"] for panel in found)


@boards
def test_every_query_goes_to_the_prometheus_that_is_provisioned(path):
    sources = read(PROVISIONING / "datasources" / "prometheus.yml")["datasources"]
    ours = {"type": sources[0]["type"], "uid": sources[0]["uid"]}
    asked = [each for panel in panels(path) for each in (panel, *panel["targets"])]

    assert [source["isDefault"] for source in sources] == [True]
    assert all(each["datasource"] == ours for each in asked)
    assert all(
        len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for panel in panels(path)
    )


@boards
def test_no_query_counts_the_web_processes_instead_of_the_database(path):
    # Every web process tells the same of the database: a bare sum would double it.
    of_the_database = re.compile(
        r"sum( by \(\w+\))? \(?eventide_(backlog|not_sent|subscribers|suppressed)"
    )
    queries = [t["expr"] for panel in panels(path) for t in panel["targets"]]

    assert [query for query in queries if of_the_database.search(query)] == []


def test_the_boards_are_where_grafana_looks_for_them():
    (provider,) = read(PROVISIONING / "dashboards" / "boards.yml")["providers"]
    compose = read(MONITORING.parent.parent / "docker-compose.yml")
    mounts = compose["services"]["grafana"]["volumes"]

    path = provider["options"]["path"]
    assert f"./config/monitoring/grafana/boards:{path}:ro,z" in mounts
