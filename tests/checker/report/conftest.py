"""The page that is costly to write, written once."""

from __future__ import annotations

import pytest

from checker.report.page import PageWritten, write_page
from tests.checker.report.synthetic import judged, synthetic_history


@pytest.fixture(scope="session")
def large_page(tmp_path_factory: pytest.TempPathFactory) -> PageWritten:
    """A page of a hundred thousand operations."""
    history = synthetic_history(operations=100_000, clients=16)
    path = tmp_path_factory.mktemp("large") / "page.html"
    return write_page(path, history, judged(history), title="x")
