"""One history for each anomaly that has a name, as small as it gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checker import Anomaly, Verdict, check
from checker.monitors.streams.findings import TELLING
from tests.support.scripts import script

DOCUMENTED = Path(__file__).parents[3] / "docs" / "reference" / "anomalies.md"


def append(ids: str, expected: str = '"any"') -> str:
    return '{"ids": [%s], "expected": %s}' % (  # noqa: UP031 - braces of JSON
        ", ".join(f'"{name}"' for name in ids),
        expected,
    )


def wrote(version: int, position: int | None = None) -> str:
    return '{"version": %d, "position": %s}' % (  # noqa: UP031 - braces of JSON
        version,
        "null" if position is None else position,
    )


A1 = f"0 do append @s {append('a')} => {wrote(1)}"
B2 = f"0 do append @s {append('b')} => {wrote(2)}"
PAGE = '{"after": 0, "limit": 10}'
CONFLICT = '{"type": "wrong-expected-version", "actual": null}'


def read(process: int, events: str, page: str = PAGE) -> str:
    return f'{process} do read @s {page} => {{"events": {events}}}'


def read_log(process: int, events: str, page: str = PAGE) -> str:
    return f'{process} do read-log {page} => {{"events": {events}}}'


EXAMPLES: dict[str, tuple[tuple[int, ...], list[str]]] = {
    "lost-append": (
        (1, 2, 3),
        [
            A1,
            f"0 do append @s {append('b', '1')} => {wrote(2)}",
            f"1 do append @s {append('c', '1')} => {wrote(2)}",
            read(2, '[[1, "a"], [2, "c"]]'),
        ],
    ),
    "phantom": ((1,), [A1, read(1, '[[1, "a"], [2, "x"]]')]),
    "aborted-visible": (
        (1, 0),
        [
            (
                f"0 refused append @s {append('a', '3')} => "
                '{"type": "wrong-expected-version", "actual": 0}'
            ),
            read(1, '[[1, "a"]]'),
        ],
    ),
    "late-position": (
        (2, 1),
        [
            f"0 do append @t-1 {append('a')} => {wrote(1, 1)}",
            f"0 invoke append @s {append('b')}",
            read_log(1, '[[1, "t-1", 1, "a"], [3, "t-1", 2, "c"]]'),
            f"0 ok {wrote(1, 2)}",
            f"2 do append @t-1 {append('c')} => {wrote(2, 3)}",
        ],
    ),
    "divergent": (
        (2, 3),
        [
            f"0 invoke append @s {append('a')}",
            f"1 invoke append @s {append('b')}",
            "0 info",
            "1 info",
            read(2, '[[1, "a"]]'),
            read(3, '[[1, "b"]]'),
        ],
    ),
    "duplicate": (
        (2, 3),
        [
            f"0 invoke append @s {append('a')}",
            f"1 do append @s {append('b')} => {wrote(2)}",
            "0 info",
            read(2, '[[1, "a"]]', '{"after": 0, "limit": 1}'),
            read(3, '[[3, "a"]]', '{"after": 2, "limit": 1}'),
            f"1 do append @s {append('c')} => {wrote(4)}",
        ],
    ),
    "overlap": (
        (1, 2),
        [
            A1,
            f"0 do append @s {append('b', '1')} => {wrote(2)}",
            f"1 do append @s {append('c', '1')} => {wrote(2)}",
        ],
    ),
    "missing-events": (
        (2, 0),
        [
            A1,
            f"0 invoke append @s {append('b', '7')}",
            "0 info",
            f"1 do append @s {append('c')} => {wrote(3)}",
        ],
    ),
    "expected-violated": ((1, 0), [A1, f"1 do append @s {append('b', '0')} => {wrote(2)}"]),
    "torn-read": (
        (1,),
        [f"0 do append @s {append('ab')} => {wrote(2)}", read(1, '[[1, "a"]]')],
    ),
    "version-mismatch": (
        (1, 2),
        [A1, read(1, '[[1, "b"], [2, "a"]]'), f"0 do append @s {append('b')} => {wrote(2)}"],
    ),
    "unjustified-conflict": (
        (1, 0),
        [A1, f"1 refused append @s {append('x', '1')} => {CONFLICT}"],
    ),
    "future-read": ((1, 0), ["1 do version @s => 1", A1]),
    "stale-read": ((2, 1), [A1, B2, read(1, '[[1, "a"]]'), read(2, '[[1, "a"], [2, "b"]]')]),
    "stale-append": (
        (1, 0),
        [
            f"0 do append @s {append('b')} => {wrote(2)}",
            f"1 do append @s {append('a')} => {wrote(1)}",
        ],
    ),
    "no-state": ((1, 0), [A1, "1 do version @s => 4"]),
}


def first_anomaly(lines: list[str]) -> Anomaly:
    result = check(script(*lines))
    assert result.verdict is Verdict.INVALID
    return result.anomalies[0]


def test_an_append_whose_events_do_not_stand_together_is_torn() -> None:
    lines = [
        f"0 do append @s {append('ab')} => {wrote(2)}",
        f"1 invoke append @s {append('x')}",
        "1 info",
        read(2, '[[1, "a"], [2, "x"], [3, "b"]]'),
    ]
    anomaly = first_anomaly(lines)
    assert (anomaly.type, anomaly.operations) == ("torn-read", (2, 0, 1))


@pytest.mark.parametrize("name", TELLING)
def test_each_anomaly_is_named(name: str) -> None:
    operations, lines = EXAMPLES[name]
    anomaly = first_anomaly(lines)
    assert (anomaly.type, anomaly.operations) == (name, operations), anomaly.explanation


@pytest.mark.parametrize("name", TELLING)
def test_the_reference_search_agrees(name: str) -> None:
    _, lines = EXAMPLES[name]
    assert check(script(*lines), engine="reference").verdict is Verdict.INVALID


@pytest.mark.parametrize("name", TELLING)
def test_each_anomaly_is_explained_and_documented(name: str) -> None:
    operations, lines = EXAMPLES[name]
    explanation = first_anomaly(lines).explanation
    assert all(f"peration {index} (process" in explanation for index in operations)
    assert explanation.endswith(".")
    assert re.search(rf"^\| `{name}` \|", DOCUMENTED.read_text(), re.MULTILINE)
