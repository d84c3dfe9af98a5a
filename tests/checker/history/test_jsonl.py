from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from checker import MalformedHistory, Outcome
from checker.history.formats import ReadLimits, read_history

RUN = """\
{"format": "trueorder.history/1", "model": "register", "seed": 7}
{"type": "invoke", "process": 0, "f": "write", "key": "x", "value": 1, "time": 10, "index": 0}

{"type": "info", "process": "nemesis", "f": "kill-postgres", "value": "n1", "time": 12}
{"type": "invoke", "process": "b", "f": "read", "key": "x", "time": 15, "index": 1, "note": {}}
{"type": "ok", "process": 0, "f": "write", "key": "x", "value": null, "time": 20, "index": 2}
{"type": "ok", "process": "b", "f": "read", "value": 1, "time": 21, "index": 3}
{"type": "invoke", "process": 0, "f": "write", "key": "x", "value": 2, "time": 30, "index": 4}
"""


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    return path


def test_reads_events_header_and_nemesis(tmp_path: Path) -> None:
    history = read_history(_write(tmp_path, RUN))
    assert history.header == {"model": "register", "seed": 7}
    assert [(event.f, event.value, event.time) for event in history.nemesis] == [
        ("kill-postgres", "n1", 12)
    ]
    write, read, pending = history
    assert (write.process, write.f, write.key, write.value) == (0, "write", "x", 1)
    assert (write.invoked, write.completed, write.time_invoked, write.time_completed) == (
        0,
        2,
        10,
        20,
    )
    assert (read.process, read.output, read.outcome, read.line) == ("b", 1, Outcome.OK, 5)
    assert (pending.outcome, pending.completed, pending.line) == (Outcome.INFO, None, 8)


def test_header_is_optional_and_so_is_the_last_newline(tmp_path: Path) -> None:
    body = RUN.split("\n", 1)[1].rstrip("\n")
    history = read_history(_write(tmp_path, body))
    assert len(history) == 3
    assert history.header == {}


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + RUN.replace("\n", "\r\n").encode())
    assert len(read_history(path)) == 3


def test_header_alone_is_an_empty_history(tmp_path: Path) -> None:
    assert len(read_history(_write(tmp_path, '{"format": "trueorder.history/1"}\n'))) == 0


@pytest.mark.parametrize(
    "value", ["123456789012345678901234567890", "-9223372036854775809", '"\\ud83d\\ude00"', "[[]]"]
)
def test_unusual_values_come_through(tmp_path: Path, value: str) -> None:
    line = f'{{"type": "invoke", "process": 0, "f": "write", "value": {value}}}\n'
    (write,) = read_history(_write(tmp_path, line))
    assert write.value == eval(value.replace("\\ud83d\\ude00", "\U0001f600"))  # noqa: S307


def test_a_field_named_in_a_value_is_no_repetition(tmp_path: Path) -> None:
    line = '{"type": "invoke", "process": 0, "f": "write", "value": {"value": ["type", "f"]}}\n'
    (write,) = read_history(_write(tmp_path, line))
    assert write.value == {"value": ["type", "f"]}


def test_many_brackets_are_not_depth(tmp_path: Path) -> None:
    value = str([[version, [version]] for version in range(200)])
    line = f'{{"type": "invoke", "process": 0, "f": "write", "value": {value}}}\n'
    (write,) = read_history(_write(tmp_path, line))
    assert len(write.value) == 200


def test_gzip_is_transparent(tmp_path: Path) -> None:
    path = tmp_path / "run"
    half = len(RUN) // 2
    # Two members, as `cat a.gz b.gz` makes them.
    path.write_bytes(gzip.compress(RUN[:half].encode()) + gzip.compress(RUN[half:].encode()))
    assert len(read_history(path)) == 3


def test_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (RUN.encode(), gzip.compress(RUN.encode())):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        history = read_history("-")
        assert (len(history), history.source) == (3, "<stdin>")


def test_lines_longer_than_a_chunk_are_whole(tmp_path: Path) -> None:
    value = "x" * 3_000_000
    line = f'{{"type": "invoke", "process": 0, "f": "write", "value": "{value}"}}\n'
    (write,) = read_history(_write(tmp_path, line))
    assert write.value == value


def test_long_lines_are_refused(tmp_path: Path) -> None:
    line = f'{{"type": "invoke", "process": 0, "f": "write", "value": "{"x" * 3_000_000}"}}\n'
    with pytest.raises(MalformedHistory, match="longer than 1000000 bytes") as caught:
        read_history(_write(tmp_path, RUN + line), limits=ReadLimits(max_line_bytes=1_000_000))
    assert caught.value.line == 9


def test_a_small_archive_that_unfolds_to_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(RUN.encode() + b"\n" * 30_000_000))
    with pytest.raises(MalformedHistory, match="longer than 5000000 bytes when decompressed"):
        read_history(path, limits=ReadLimits(max_bytes=5_000_000))


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_history(tmp_path / "none.jsonl")
    with pytest.raises(IsADirectoryError):
        read_history(tmp_path)
