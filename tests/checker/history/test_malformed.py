"""Every way to be malformed that we know, each a small file: told with its place and its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import MalformedHistory
from checker.history.formats import read_history

CORPUS = Path(__file__).parents[1] / "malformed"


def _rows() -> list[tuple[str, int | None, list[str]]]:
    rows = []
    for line in (CORPUS / "expected.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, number, parts = line.split("\t")
        rows.append((name, None if number == "-" else int(number), parts.split(" | ")))
    return rows


@pytest.mark.parametrize(("name", "line", "parts"), _rows(), ids=[row[0] for row in _rows()])
def test_malformed_history_is_refused_with_its_place(
    name: str, line: int | None, parts: list[str]
) -> None:
    with pytest.raises(MalformedHistory) as caught:
        read_history(CORPUS / name)
    message = str(caught.value)
    assert [part for part in parts if part not in message] == []
    assert caught.value.line == line
    assert caught.value.source.endswith(name)
    assert "\n" not in message


def test_each_file_of_the_corpus_is_expected() -> None:
    files = {path.name for path in CORPUS.iterdir()} - {"expected.tsv"}
    assert files == {name for name, _, _ in _rows()}
