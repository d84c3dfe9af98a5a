"""What the native engine took for one history it gives back, however often it is judged."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from checker import CheckerError, Limits, Model, Operation, Verdict, check_file

STATUS = Path("/proc/self/statm")
OPERATIONS = 4000
TIMES = 200
# One history of so many operations kept in each round would be some fifty times as much.
GROWTH_MAX = 8 << 20


class Cell(Model[int]):
    """A register that is stepped in Python."""

    name = "cell"

    def init(self) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> int | None:
        if operation.f == "write":
            return int(operation.value)
        return state if operation.output == state else None

    def changes(self, operation: Operation) -> bool:
        return operation.f == "write"


def _resident() -> int:
    return int(STATUS.read_text().split()[1]) * resource.getpagesize()


def _file(folder: Path, *, stale: bool, values: int, broken: bool = False) -> Path:
    lines = []
    for number in range(OPERATIONS):
        wrote = number // 2 % values
        write = number % 2 == 0
        answer = None if write else wrote
        if stale and number == OPERATIONS - 1:
            answer = 0
        begin = 10 * number
        lines.append(
            json.dumps(
                {
                    "client": number % 3,
                    "call": begin,
                    "return": begin + 5,
                    "f": "write" if write else "read",
                    "value": wrote if write else None,
                    "out": answer,
                }
            )
        )
    if broken:
        lines[-1] = lines[-1][:-10]
    path = folder / "history.ops"
    path.write_text("\n".join(lines) + "\n")
    return path


def _assert_flat(work: Callable[[], object]) -> None:
    for _ in range(TIMES // 4):  # allocators and caches take their share at first
        work()
    before = _resident()
    for _ in range(TIMES):
        work()
    assert _resident() - before < GROWTH_MAX


@pytest.mark.skipif(not STATUS.exists(), reason="there is no /proc to ask for resident memory")
@pytest.mark.parametrize(
    ("stale", "values", "verdict"),
    [
        (False, OPERATIONS, Verdict.VALID),
        (True, OPERATIONS, Verdict.INVALID),
        (False, 3, Verdict.VALID),
        (True, 3, Verdict.INVALID),
    ],
    ids=["monitor-valid", "monitor-invalid", "search-valid", "search-invalid"],
)
def test_judging_a_file_again_and_again_keeps_nothing(
    tmp_path: Path, *, stale: bool, values: int, verdict: Verdict
) -> None:
    path = _file(tmp_path, stale=stale, values=values)
    assert check_file(path, "register").verdict is verdict
    _assert_flat(lambda: check_file(path, "register"))


@pytest.mark.skipif(not STATUS.exists(), reason="there is no /proc to ask for resident memory")
def test_refusing_a_file_again_and_again_keeps_nothing(tmp_path: Path) -> None:
    path = _file(tmp_path, stale=False, values=3, broken=True)

    def refuse() -> None:
        with pytest.raises(CheckerError, match=str(OPERATIONS)):
            check_file(path, "register")

    _assert_flat(refuse)


@pytest.mark.skipif(not STATUS.exists(), reason="there is no /proc to ask for resident memory")
def test_running_out_of_time_with_a_model_in_python_keeps_nothing(tmp_path: Path) -> None:
    path = _file(tmp_path, stale=False, values=50)
    assert check_file(path, Cell()).verdict is Verdict.VALID
    limits = Limits(timeout_seconds=0.001)
    _assert_flat(lambda: check_file(path, Cell(), limits=limits))
