from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings

from checker import History, HistoryBuilder, Outcome
from checker.history.formats import read_history
from checker.history.writer import write_history
from tests.support.histories import histories


def _without_places(history: History) -> History:
    operations = tuple(msgspec.structs.replace(op, line=None) for op in history)
    return msgspec.structs.replace(history, operations=operations, source="")


@settings(max_examples=60, deadline=None)
@given(history=histories())
def test_what_is_written_is_read(
    history: History, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("written") / "history.jsonl"
    write_history(history, path)
    assert _without_places(read_history(path)) == _without_places(history)


def test_times_that_contradict_the_order_change_nothing(tmp_path: Path) -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=1, time=100)
    builder.nemesis("kill", time=90)
    builder.nemesis("restart", time=10)
    builder.invoke(1, "read", time=50)
    builder.complete(1, Outcome.INFO, error="timeout", time=60)
    builder.complete(0, Outcome.OK, time=100)
    history = builder.build()
    write_history(history, tmp_path / "history.jsonl")
    assert _without_places(read_history(tmp_path / "history.jsonl")) == _without_places(history)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), b"bytes", {1: 2}, {"deep": [{1, 2}]}, object(), 1j]
)
def test_what_json_cannot_hold_is_refused_and_nothing_is_written(
    tmp_path: Path, value: object
) -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "write", value=value)
    path = tmp_path / "history.jsonl"
    with pytest.raises(TypeError, match="JSON cannot hold"):
        write_history(builder.build(), path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("an old one\n" * 100)
    write_history(HistoryBuilder(header={"model": "register"}).build(), path)
    assert path.read_text() == '{"model":"register","format":"trueorder.history/1"}\n'


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    history = HistoryBuilder(header={"model": "register"}).build()
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_bytes)
        write_history(history, pipe)
        assert read.result(timeout=10) == b'{"model":"register","format":"trueorder.history/1"}\n'
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_is_not_replaced() -> None:
    write_history(HistoryBuilder().build(), "/dev/null")
    assert Path("/dev/null").is_char_device()


def test_a_name_that_ends_in_gz_is_packed(tmp_path: Path) -> None:
    history = HistoryBuilder(header={"model": "register"}).build()
    write_history(history, tmp_path / "history.jsonl.gz")
    assert (tmp_path / "history.jsonl.gz").read_bytes().startswith(b"\x1f\x8b")
    assert read_history(tmp_path / "history.jsonl.gz").header == history.header
