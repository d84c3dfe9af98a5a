"""The module ``checker._native`` as its types say it is, and what it makes of bad columns."""

from __future__ import annotations

import subprocess
import sys
from array import array
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from checker import _native
from checker.engine import native
from checker.models import CasRegister, Register, Stream

ROOT = Path(__file__).parents[3]
WRITE_THEN_READ: dict[str, Any] = {
    "model": "register",
    "invoked": array("I", [0, 2]),
    "completed": array("I", [1, 3]),
    "kinds": bytes([1, 0]),
    "offsets": array("I", [0, 1, 2]),
    "arguments": array("I", [5, 5]),
    "timeout_seconds": 10.0,
    "memory_bytes": 2**30,
}


def search(**changes: Any) -> _native.SearchReport:
    return _native.search(**{**WRITE_THEN_READ, **changes})


def test_the_version_is_that_of_the_distribution() -> None:
    assert _native.version() == version("trueorder")


def test_a_report_names_rows() -> None:
    valid = search()
    assert (valid.verdict, valid.limit, valid.order, valid.blocked) == ("valid", None, [0, 1], None)
    invalid = search(arguments=array("I", [5, 6]))
    assert (invalid.verdict, invalid.order, invalid.blocked) == ("invalid", [0], 1)


def test_no_rows_are_valid() -> None:
    nothing = array("I")
    report = search(
        invoked=nothing, completed=nothing, kinds=b"", offsets=array("I", [0]), arguments=nothing
    )
    assert (report.verdict, report.order) == ("valid", [])


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"model": "queue"}, ValueError, "unknown model"),
        ({"kinds": bytes([1])}, ValueError, "differ in length"),
        ({"kinds": bytes([1, 9])}, ValueError, "row 1: kind 9 with 1 arguments"),
        ({"invoked": array("I", [0, 9])}, ValueError, "row 1: it completes before"),
        ({"offsets": array("I", [0, 1, 3])}, ValueError, "do not span"),
        ({"offsets": array("I", [0, 3, 2])}, ValueError, "row 1: its offsets decrease"),
        ({"invoked": array("q", [0, 2])}, BufferError, "invoked"),
        ({"invoked": [0, 2]}, TypeError, "bytes-like"),
        ({"timeout_seconds": -1.0}, ValueError, "0 or more"),
        ({"timeout_seconds": float("nan")}, ValueError, "0 or more"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as raised:
        search(**changes)
    assert raised.type is error


def test_an_endless_timeout_is_none() -> None:
    assert search(timeout_seconds=float("inf")).verdict == "valid"


def test_the_stub_is_what_the_module_has() -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "checker._native"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


class Mine(Register):
    name = "register"


def test_a_model_of_ones_own_is_asked_in_python() -> None:
    assert not native.supports(Mine())
    assert all(native.supports(model) for model in (Register(), CasRegister(), Stream()))
    assert native.search(Mine(), ()).verdict == "valid"
