"""Commands called inside this process leave no trace in it; others have a home."""

import logging
import shutil
import tempfile
from pathlib import Path

import pytest
import structlog

from service.logs import HANDLER


@pytest.fixture(autouse=True)
def _own_logs():
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if each.name != HANDLER]


@pytest.fixture
def settings(tmp_path):
    # Root's own temporary folders are closed to the user that PostgreSQL runs as.
    home = Path(tempfile.mkdtemp(prefix="eventide-test-"))
    home.chmod(0o711)
    yield {
        "EVENTIDE_DATABASE__DIR": str(home / "data"),
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "share"),
    }
    shutil.rmtree(home)
