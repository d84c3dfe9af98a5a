"""An unknown says which limit was reached, how far the search came, and which knob to turn."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from checker import Limits, Operation, check_file
from checker.engine import native, reference
from checker.engine.outcome import SearchOutcome
from checker.models import CasRegister, Register
from checker.verdict import Verdict
from tests.checker.engine.test_native_limits import hard
from tests.checker.test_front_door import write_hard

Search = Callable[[Register, list[Operation], Limits], SearchOutcome]


class OneOfYourOwn(CasRegister):
    """A register that the native engine asks step by step."""


SEARCHES = pytest.mark.parametrize(
    ("search", "model"),
    [
        (native.search, Register()),
        (native.search, OneOfYourOwn()),
        (reference.search, Register()),
    ],
    ids=["native", "native, a model in Python", "reference"],
)
LIMITS = pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(timeout_seconds=0.2), "reached the time limit of 0.2 s: raise --timeout"),
        (
            Limits(memory_bytes=2 << 20),
            "reached the memory limit of 2097152 bytes: raise --memory-limit",
        ),
    ],
    ids=["time", "memory"],
)
HOW_FAR = (
    r"the search saw [\d,]+ configurations, ordered (\d+) of (\d+) operations at best, "
    r"never got past operation (\d+) \(process \d+.*\), and "
)


@SEARCHES
@LIMITS
def test_a_search_says_how_far_it_came(
    search: Search, model: Register, limits: Limits, words: str
) -> None:
    outcome = search(model, hard(), limits)
    assert outcome.verdict is Verdict.UNKNOWN
    told = re.fullmatch(HOW_FAR + re.escape(words), outcome.reason)
    assert told, outcome.reason
    ordered, operations, blocked = map(int, told.groups())
    assert (ordered, operations) == (len(outcome.longest_prefix), len(hard()))
    assert blocked == outcome.blocked


@LIMITS
def test_a_judge_says_it_of_a_file(tmp_path: Path, limits: Limits, words: str) -> None:
    result = check_file(write_hard(tmp_path / "hard.ops"), "register", limits=limits)
    assert result.verdict is Verdict.UNKNOWN
    told = re.fullmatch(HOW_FAR + re.escape(words), result.reason)
    assert told, result.reason
    # Each of the 40 writes with its read, the two writes of one value, and not the last read.
    assert [int(number) for number in told.groups()] == [82, 83, 82]


def test_who_cancels_is_told_how_far_it_was() -> None:
    token = native.CancelToken()
    token.cancel()
    outcome = native.search(Register(), hard(), cancel=token)
    assert re.fullmatch(HOW_FAR + "was cancelled", outcome.reason), outcome.reason
    assert "raise" not in outcome.reason


def test_a_monitor_says_which_limit_and_which_knob(tmp_path: Path) -> None:
    lines = [
        f'{{"client": 0, "call": {10 * n}, "return": {10 * n + 5}, "f": "write", "value": {n}}}\n'
        for n in range(20_000)
    ]
    path = tmp_path / "long.ops"
    path.write_text("".join(lines))
    result = check_file(path, "register", limits=Limits(timeout_seconds=0.0))
    assert result.verdict is Verdict.UNKNOWN
    assert result.reason == "the monitor reached the time limit of 0 s: raise --timeout"


def test_no_time_to_begin_a_search_is_a_limit_too(tmp_path: Path) -> None:
    lines = [
        f'{{"client": 0, "call": {10 * n}, "return": {10 * n + 5}, "f": "add", "value": {n % 3}}}\n'
        for n in range(1, 2000)
    ]
    path = tmp_path / "sums.ops"
    path.write_text("".join(lines))
    result = check_file(path, "counter", limits=Limits(timeout_seconds=0.0))
    assert result.verdict is Verdict.UNKNOWN
    assert result.reason == (
        "the search saw 0 configurations, ordered 0 of 1,999 operations at best, and "
        "reached the time limit of 0 s: raise --timeout"
    )
