"""Files damaged in any way are read or refused: nothing else may happen, and nothing may hang."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker import History, MalformedHistory
from checker.history.formats import FORMATS, read_history
from tests.support.history_samples import SAMPLES


def test_each_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(FORMATS)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_sound(name: str, tmp_path: Path) -> None:
    path = tmp_path / "sample"
    path.write_bytes(SAMPLES[name])
    assert len(read_history(path)) > 0


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = data.draw(st.sampled_from(sorted(SAMPLES)))
    content = SAMPLES[name]
    if data.draw(st.booleans()):
        content = gzip.compress(content, mtime=0)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 12)))
        patch = data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b"}", b"[" * 150, b"\n"]))
        content = content[:start] + patch + content[end:]
    path = tmp_path_factory.mktemp("damaged") / "history"
    path.write_bytes(content)
    for form in ("auto", name):
        with contextlib.suppress(MalformedHistory):
            assert isinstance(read_history(path, form), History)
