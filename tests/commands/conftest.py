"""Commands called inside this process leave no trace in it."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _own_logs():
    yield
    structlog.reset_defaults()
