"""The page that is costly to write, written once."""

from __future__ import annotations

import pytest

from checker import Verdict
from checker.report.page import PageWritten, write_page
from tests.checker.report.synthetic import judged, synthetic_history, with_stale_read


@pytest.fixture(scope="session")
def large_page(tmp_path_factory: pytest.TempPathFactory) -> PageWritten:
    """A page of two hundred thousand operations, one of which is a stale read."""
    history, anomaly = with_stale_read(synthetic_history(operations=200_000, clients=16))
    result = judged(history, Verdict.INVALID, anomalies=(anomaly,))
    path = tmp_path_factory.mktemp("large") / "page.html"
    return write_page(path, history, result, title="x")
