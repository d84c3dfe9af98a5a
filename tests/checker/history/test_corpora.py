"""Histories that others recorded, with known answers: read, judged, and written out again."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import check
from checker.history.formats import read_history
from checker.history.writer import write_history

OURS = Path(__file__).parents[1] / "corpora"
SHARED = Path(__file__).parents[4] / "shared" / "corpora"

# The models of these rows come with later versions; their files are read here all the same.
READ_ONLY = {"kv", "multi-register", "bank", "counter"}


def _rows(corpus: Path, models: set[str]) -> list[tuple[Path, str, str]]:
    expected = corpus / "expected.tsv"
    if not expected.exists():
        return []
    rows = [line.split("\t") for line in expected.read_text().splitlines()[1:]]
    return [(corpus / row[0], row[1], row[3]) for row in rows if row[1] in models]


def _name(value: object) -> str:
    return value.name if isinstance(value, Path) else str(value)


JUDGED = _rows(OURS, {"cas-register"}) + _rows(SHARED, {"cas-register"})
READ = _rows(OURS, READ_ONLY) + _rows(SHARED, READ_ONLY)


@pytest.mark.parametrize(("path", "model", "expected"), JUDGED, ids=_name)
def test_verdict_is_the_known_one(path: Path, model: str, expected: str) -> None:
    assert check(read_history(path), model).verdict == expected


@pytest.mark.parametrize(("path", "model", "expected"), READ, ids=_name)
def test_history_is_read_and_written(path: Path, model: str, expected: str, tmp_path: Path) -> None:
    del model, expected
    history = read_history(path)
    write_history(history, tmp_path / "again.jsonl")
    again = read_history(tmp_path / "again.jsonl")
    assert len(history) > 0
    assert [op.f for op in again] == [op.f for op in history]
    assert [(op.invoked, op.completed) for op in again] == [
        (op.invoked, op.completed) for op in history
    ]


@pytest.mark.skipif(not SHARED.exists(), reason="the whole corpus is not beside this checkout")
def test_the_whole_corpus_was_found() -> None:
    assert sum(path.is_relative_to(SHARED) for path, _, _ in JUDGED) >= 111
