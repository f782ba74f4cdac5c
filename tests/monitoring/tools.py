"""Debian's Prometheus and Alertmanager, and the files that we give them."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import HERE

MONITORING = HERE / "config" / "monitoring"
RUNBOOK = HERE / "docs" / "runbook"
BOARDS = tuple(sorted((MONITORING / "grafana" / "boards").glob("*.json")))
PROGRAMS = ("promtool", "amtool", "prometheus", "prometheus-alertmanager")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
#: `make test` leaves these files out of what must be reached, where it cannot get them.
needs_programs = pytest.mark.skipif(
    bool(MISSING), reason=f"there is no {', '.join(MISSING)}"
)


def read(path: Path) -> Any:
    """A YAML file of ours."""
    return yaml.safe_load(path.read_text())


def panels(board: Path) -> list[dict[str, Any]]:
    """The panels of a board, from the top."""
    found: list[dict[str, Any]] = json.loads(board.read_text())["panels"]
    return found


def alerts() -> dict[str, dict[str, Any]]:
    """Every alerting rule by its name."""
    groups = read(MONITORING / "alerts.yml")["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def page_of(alert: str) -> str:
    """EveningLate has its page in evening-late.md."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", alert).lower() + ".md"


async def output(*command: object) -> str:
    """What a program says that must succeed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()
