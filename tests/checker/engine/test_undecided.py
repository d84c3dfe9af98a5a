"""An unknown says which limit was reached, how far the search came, and which knob to turn."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from checker import Limits, Operation, check_file
from checker.engine import native, reference
from checker.engine.outcome import SearchOutcome
from checker.engine.undecided import monitor_undecided
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
    assert result.reason == (
        "the monitor had hardly begun, and reached the time limit of 0 s: raise --timeout"
    )


def test_a_monitor_says_what_it_was_doing(tmp_path: Path) -> None:
    # Nothing was ever removed for sure, and something must have been: each value may be it.
    count = 40_000
    lines = [
        f'{{"client": 0, "call": {10 * n}, "return": {10 * n + 5}, "f": "enqueue", "value": {n}}}\n'
        for n in range(count)
    ]
    empty = f'"call": {10 * count}, "return": {10 * count + 5}, "f": "dequeue", "value": null'
    lines.append(f'{{"client": 0, {empty}}}\n')
    lines.append('{"client": 1, "call": 1, "return": null, "f": "dequeue", "value": null}\n')
    path = tmp_path / "queue.ops"
    path.write_text("".join(lines))
    result = check_file(path, "queue", limits=Limits(timeout_seconds=0.4))
    assert result.verdict is Verdict.UNKNOWN
    assert re.fullmatch(
        r"the monitor was [a-z ]+( \(\d+% done\))?, "
        r"and reached the time limit of 0\.4 s: raise --timeout",
        result.reason,
    ), result.reason


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (None, "had hardly begun"),
        (("ordering the values", None), "was ordering the values"),
        (("ordering the values", 40), "was ordering the values (40% done)"),
    ],
)
def test_how_far_a_monitor_was_is_put_into_words(
    at: tuple[str, int | None] | None, words: str
) -> None:
    limits = Limits(memory_bytes=7)
    assert monitor_undecided("memory", at, limits) == (
        f"the monitor {words}, and reached the memory limit of 7 bytes: raise --memory-limit"
    )


def test_parts_are_not_begun_when_time_is_up(tmp_path: Path) -> None:
    lines = [
        f'{{"client": 0, "call": {10 * n}, "return": {10 * n + 5}, "f": "write", "key": {n % 99},'
        f' "value": {n}}}\n'
        for n in range(990)
    ]
    path = tmp_path / "keys.ops"
    path.write_text("".join(lines))
    result = check_file(path, "kv", limits=Limits(timeout_seconds=0.0))
    assert len(result.undecided) == 99
    assert result.reason.startswith("0 of 99 parts are decided, with 0 of 990 operations; ")


def test_no_time_to_begin_a_search_is_a_limit_too(tmp_path: Path) -> None:
    lines = [
        f'{{"client": 0, "call": {10 * n}, "return": {10 * n + 5}, "f": "write",'
        f' "value": {{"x": {n}}}}}\n'
        for n in range(1, 2000)
    ]
    path = tmp_path / "several.ops"
    path.write_text("".join(lines))
    result = check_file(path, "multi-register", limits=Limits(timeout_seconds=0.0))
    assert result.verdict is Verdict.UNKNOWN
    assert result.reason == (
        "the search saw 0 configurations, ordered 0 of 1,999 operations at best, and "
        "reached the time limit of 0 s: raise --timeout"
    )
