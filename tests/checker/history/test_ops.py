from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from checker import History, Outcome
from checker.history.formats import read_history


def _line(client: int, call: int, returned: int | None, f: str = "read", **rest: Any) -> str:
    return json.dumps({"client": client, "call": call, "return": returned, "f": f, **rest})


def _read(tmp_path: Path, *lines: str) -> History:
    path = tmp_path / "run.ops"
    path.write_text("".join(f"{line}\n" for line in lines))
    return read_history(path)


def test_reads_whole_operations(tmp_path: Path) -> None:
    history = _read(
        tmp_path,
        _line(0, 10, 40, "cas", key="x", value=[1, 2], out=False),
        _line(1, 20, None, "write", key="x", value=3, out=None),
        _line(2, 50, 60, "read", key="x", value=None, out=1),
    )
    cas, write, read = history
    assert (cas.key, cas.value, cas.output, cas.outcome) == ("x", [1, 2], False, Outcome.OK)
    assert (cas.invoked, cas.completed) == (0, 2)
    assert (write.outcome, write.invoked, write.completed) == (Outcome.INFO, 1, None)
    assert (read.output, read.invoked, read.completed) == (1, 3, 4)
    assert (read.time_invoked, read.time_completed, read.line) == (50, 60, 3)


def test_operations_that_touch_are_concurrent(tmp_path: Path) -> None:
    first, second = _read(tmp_path, _line(0, 10, 20), _line(1, 20, 30))
    assert first.completed is not None
    assert second.invoked < first.completed


def test_operations_in_no_time_are_whole(tmp_path: Path) -> None:
    for read in _read(tmp_path, _line(0, 10, 10), _line(1, 10, 10)):
        assert read.completed is not None
        assert read.invoked < read.completed


def test_one_client_may_go_on_at_the_instant_of_its_return(tmp_path: Path) -> None:
    history = _read(tmp_path, _line(0, 5, 9), _line(0, 9, 12), _line(0, 12, 12))
    assert [read.time_invoked for read in history] == [5, 9, 12]
    # Two calls at one instant, written in the wrong order: the one that took no time came first.
    history = _read(tmp_path, _line(0, 5, 9), _line(0, 5, 5))
    assert [read.time_completed for read in history] == [5, 9]


def test_lines_need_not_be_sorted(tmp_path: Path) -> None:
    later, sooner = _line(0, 30, 40, out=2), _line(1, 10, 20, out=1)
    history = _read(tmp_path, later, sooner)
    assert [read.output for read in history] == [1, 2]
    assert [read.index for read in history] == [0, 1]
    assert [read.line for read in history] == [2, 1]


def test_answer_of_an_operation_that_never_returned_means_nothing(tmp_path: Path) -> None:
    (read,) = _read(tmp_path, _line(0, 10, None, out=7))
    assert (read.outcome, read.output) == (Outcome.INFO, None)
