"""What the tests of a deployment share: they come one after another, on one engine."""

import pytest

from tests.compose.deployment import missing
from tests.e2e.conftest import browser

__all__ = ["browser"]


def pytest_collection_modifyitems(items):
    """One process runs them all, and none where there is no engine."""
    marks = (
        pytest.mark.xdist_group("compose"),
        pytest.mark.skipif(bool(missing()), reason=missing() or "it can run"),
    )
    for item in items:
        if item.path.parent.name == "compose":
            for mark in marks:
                item.add_marker(mark)
