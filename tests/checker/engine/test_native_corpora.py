"""Histories that others recorded, with known answers, searched natively: no monitor helps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from checker import Model, check
from checker.engine import native
from checker.engine.replay import replay
from checker.history.formats import read_history
from checker.models import CasRegister, Kv, MultiRegister

CORPORA = (Path(__file__).parents[1] / "corpora", Path(__file__).parents[4] / "shared" / "corpora")


def rows(corpus: Path, model: str) -> list[tuple[Path, str]]:
    expected = corpus / "expected.tsv"
    lines = expected.read_text().splitlines()[1:] if expected.exists() else []
    fields = [line.split("\t") for line in lines]
    return [(corpus / row[0], row[3]) for row in fields if row[1] == model]


ROWS = [row for corpus in CORPORA for row in rows(corpus, "cas-register")]
STORES: list[tuple[Model[Any], Path, str]] = [
    (model, *row)
    for model in (Kv(), MultiRegister(initial={"x": 0, "y": 0}))
    for corpus in CORPORA
    for row in rows(corpus, model.name)
]


@pytest.mark.parametrize(("path", "expected"), ROWS, ids=lambda value: Path(value).name)
def test_the_verdict_is_the_known_one(path: Path, expected: str) -> None:
    operations = read_history(path).operations
    outcome = native.search(CasRegister(), operations)
    assert outcome.verdict == expected
    if outcome.witness is not None:
        assert replay(CasRegister(), operations, outcome.witness) == ""


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize(
    ("model", "path", "expected"), STORES, ids=lambda value: getattr(value, "name", value)
)
def test_each_key_is_judged(
    model: Model[Any], path: Path, expected: str, engine: Literal["native", "reference"]
) -> None:
    result = check(read_history(path), model, engine=engine)
    assert result.verdict == expected
