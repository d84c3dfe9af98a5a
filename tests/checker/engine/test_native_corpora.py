"""Histories that others recorded, with known answers, searched natively: no monitor helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.engine import native
from checker.engine.replay import replay
from checker.history.formats import read_history
from checker.models import CasRegister

CORPORA = (Path(__file__).parents[1] / "corpora", Path(__file__).parents[4] / "shared" / "corpora")


def rows(corpus: Path) -> list[tuple[Path, str]]:
    expected = corpus / "expected.tsv"
    lines = expected.read_text().splitlines()[1:] if expected.exists() else []
    fields = [line.split("\t") for line in lines]
    return [(corpus / row[0], row[3]) for row in fields if row[1] == "cas-register"]


ROWS = [row for corpus in CORPORA for row in rows(corpus)]


@pytest.mark.parametrize(("path", "expected"), ROWS, ids=lambda value: Path(value).name)
def test_the_verdict_is_the_known_one(path: Path, expected: str) -> None:
    operations = read_history(path).operations
    outcome = native.search(CasRegister(), operations)
    assert outcome.verdict == expected
    if outcome.witness is not None:
        assert replay(CasRegister(), operations, outcome.witness) == ""
