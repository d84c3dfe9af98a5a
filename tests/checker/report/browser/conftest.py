"""One browser for all tests of this folder, and the pages that they open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checker import Anomaly, History, Verdict
from checker.report.page import Section, write_page
from tests.checker.report.browser.chromium import Page, find_browser
from tests.checker.report.hostile import hostile_page
from tests.checker.report.synthetic import judged, synthetic_history, with_stale_read


@pytest.fixture(scope="session")
def browser() -> Iterator[Page]:
    """A running Chromium; only a machine without one may skip."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium on PATH (Debian: apt-get install chromium)")
    with Page(path) as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Page:
    """The browser with a wide window in light colours."""
    browser.resize(1380, 900)
    return browser


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all pages."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def history() -> History:
    return synthetic_history(operations=4_000)


@pytest.fixture(scope="session")
def valid_page(pages: Path, history: History) -> Path:
    section = Section(title="Read model equals the fold of the log", verdict=Verdict.VALID)
    path = pages / "valid.html"
    write_page(
        path,
        history,
        judged(history),
        title="demo",
        sections=[section],
        reproduce="checker verify history.jsonl",
    )
    return path


@pytest.fixture(scope="session")
def broken(history: History) -> tuple[History, Anomaly]:
    return with_stale_read(history)


@pytest.fixture(scope="session")
def invalid_page(pages: Path, broken: tuple[History, Anomaly]) -> Path:
    path = pages / "invalid.html"
    result = judged(broken[0], Verdict.INVALID, anomalies=(broken[1],))
    write_page(path, broken[0], result, title="demo", reproduce="checker verify history.jsonl")
    return path


@pytest.fixture(scope="session")
def many_page(pages: Path, history: History) -> Path:
    """Five anomalies: more than stand open, and one without operations."""
    anomalies = (
        *(
            Anomaly(type="lost", operations=(index, index + 1), explanation="It is gone.")
            for index in (10, 20, 30, 40)
        ),
        Anomaly(type="odd", operations=(), explanation="Nobody knows where."),
    )
    path = pages / "many.html"
    result = judged(history, Verdict.INVALID, anomalies=anomalies)
    write_page(path, history, result, title="demo")
    return path


@pytest.fixture(scope="session")
def hostile(pages: Path) -> Path:
    path = pages / "hostile.html"
    hostile_page(path)
    return path
