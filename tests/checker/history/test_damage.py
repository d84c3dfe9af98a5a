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

SAMPLES = {
    "jsonl": b'{"format": "trueorder.history/1", "model": "register"}\n'
    b'{"type": "invoke", "process": 0, "f": "write", "key": "x", "value": [1], "time": 5}\n'
    b'{"type": "ok", "process": 0, "f": "write", "value": {"a": "\xc3\xa9"}, "time": 9}\n',
    "ops": b'{"client": 1, "call": 10, "return": 20, "f": "cas", "value": [1, 2], "out": false}\n'
    b'{"client": 1, "call": 20, "return": null, "f": "read", "key": null, "out": null}\n',
    "edn": b'[#op{:process 0, :type :invoke, :f :write, :value [1 "a\\n" #{2} 1.5M]} ; hm\n'
    b"#_{:a 1} {:process 0 :type :info :f :write :error (:x nil) :time 7}]\n",
    "json": b'[{"type": "invoke", "process": 0, "f": "read"},\n'
    b' {"type": "ok", "process": 0, "f": "read", "value": 5, "time": 3}]\n',
    "porcupine": b"INFO  jepsen.util - 0\t:invoke\t:cas\t[1 0]\n"
    b"INFO  jepsen.util - 0\t:fail\t:cas\t[1 0]\nINFO  jepsen.core - x\n",
    "plume": b"w 0 1\nr 1 -2\n-----\nr 0 1\n=====\nw 1 3\n",
}


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
