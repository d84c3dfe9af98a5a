"""Where the answer hangs on one detail; each is decided by the sweep, and as the search decides."""

from __future__ import annotations

import pytest

from checker import check
from tests.support.scripts import script


def append(process: int, ids: str, expected: object, answer: str = "") -> list[str]:
    """An append to stream s; without an answer its outcome is unknown."""
    wanted = f'"{expected}"' if isinstance(expected, str) else expected
    names = ", ".join(f'"{name}"' for name in ids)
    asked = f'append @s {{"ids": [{names}], "expected": {wanted}}}'
    if not answer:
        return [f"{process} invoke {asked}", f"{process} info"]
    if answer.startswith("refused"):
        actual = answer.removeprefix("refused").strip() or "null"
        error = f'{{"type": "wrong-expected-version", "actual": {actual}}}'
        return [f"{process} refused {asked} => {error}"]
    return [f'{process} do {asked} => {{"version": {answer}}}']


def version(process: int, number: int) -> list[str]:
    return [f"{process} do version @s => {number}"]


A1 = append(0, "a", 0, "1")
UNSEEN = append(7, "u", "any")

CASES: dict[str, tuple[list[str], str]] = {
    "nothing justifies a conflict at the end": ([*A1, *append(1, "x", 1, "refused")], "invalid"),
    "an append that nobody saw may": ([*A1, *UNSEEN, *append(1, "x", 1, "refused")], "valid"),
    "if it began in time": ([*A1, *append(1, "x", 1, "refused"), *UNSEEN], "invalid"),
    "and if its expectation was met": (
        [*A1, *append(7, "u", 0), *append(1, "x", 1, "refused")],
        "invalid",
    ),
    "then the stream is there for good": (
        [*A1, *UNSEEN, *append(1, "x", 1, "refused"), *version(2, 1)],
        "invalid",
    ),
    "but not before": (
        [*A1, *UNSEEN, *version(2, 1), *append(1, "x", 1, "refused")],
        "valid",
    ),
    "a stream that is absent need not be refused as absent": (
        [*append(1, "x", "absent", "refused")],
        "invalid",
    ),
    "unless an unseen append created it": (
        [*UNSEEN, *append(1, "x", "absent", "refused")],
        "valid",
    ),
    "exists is refused of an empty stream only": (
        [*A1, *append(1, "x", "exists", "refused")],
        "invalid",
    ),
    "a conflict may be older than what is under way": (
        [
            '0 invoke append @s {"ids": ["a"], "expected": 0}',
            *append(1, "x", 1, "refused 0"),
            '0 ok {"version": 1}',
        ],
        "valid",
    ),
    "a repetition is answered with the first result": (
        [*A1, *append(0, "b", 1, "2"), *append(0, "a", 0, "1")],
        "valid",
    ),
    "and not with another": ([*A1, *append(0, "a", 1, "2")], "invalid"),
    "a repetition tells that the first attempt happened before it ended": (
        [*append(7, "a", 0), *append(1, "a", 0, "1"), *version(2, 0)],
        "invalid",
    ),
    "a conflict of a repetition is asked about its expectation alone": (
        [*append(7, "a", 0), *append(1, "a", 0, "refused 1"), *version(2, 1)],
        "valid",
    ),
    "only an attempt whose expectation was met can have happened": (
        [*append(0, "z", 0, "1"), *append(7, "a", 0), *append(1, "a", 1, "2")],
        "valid",
    ),
    "no attempt expected what was there": (
        [*append(0, "z", 0, "1"), *append(7, "a", 0), *append(1, "a", 5, "2")],
        "invalid",
    ),
    "the only append that fits fills a gap": (
        [*append(7, "u", "any"), *append(1, "b", 1, "2"), *version(2, 2)],
        "valid",
    ),
    "but not before it began": (
        [*append(1, "b", 1, "2"), *append(7, "u", "any")],
        "invalid",
    ),
    "a gap of two is not filled by an append of one": (
        [*append(7, "u", "any"), *append(1, "b", 2, "3")],
        "invalid",
    ),
    "half an append is never the end of a stream": (
        [*append(7, "uv", "any"), *version(2, 1)],
        "invalid",
    ),
    "a page that is full says nothing about what follows": (
        [*append(0, "ab", 0, "2"), '1 do read @s {"limit": 1} => {"events": [[1, "a"]]}'],
        "valid",
    ),
    "a page that is not full does": (
        [*append(0, "ab", 0, "2"), '1 do read @s {"limit": 9} => {"events": [[1, "a"]]}'],
        "invalid",
    ),
    "a limit of nothing asks nothing": (
        [*A1, '1 do read @s {"after": 0, "limit": 0} => {"events": []}'],
        "valid",
    ),
    "an append to nowhere that certainly failed is not there": (
        ['0 refused append @s {"ids": ["a"], "expected": 0} => {"type": "down"}', *version(1, 0)],
        "valid",
    ),
    "numbers as large as they come are refused, not counted up to": (
        [*version(0, 10**15), *append(7, "u", "any")],
        "invalid",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_corner(name: str) -> None:
    lines, verdict = CASES[name]
    history = script(*lines)
    result = check(history)
    assert (result.verdict, result.algorithm) == (verdict, "sweep")
    assert check(history, engine="reference").verdict == verdict


def test_what_only_the_size_of_an_unseen_append_decides_is_searched() -> None:
    refused = [*append(1, "x", 1, "refused"), *append(1, "y", 2, "refused")]
    one, two = append(7, "u", "any"), append(7, "uv", "any")
    for unseen, verdict in ((one, "invalid"), (two, "valid")):
        result = check(script(*A1, *unseen, *refused))
        assert result.verdict == verdict
        assert result.algorithm.startswith("search: ")


def test_an_append_without_its_position_may_stand_after_one_that_nobody_saw() -> None:
    placed = 'append @t {"ids": ["z"], "expected": "any"} => {"version": 1, "position": null}'
    log = 'read-log {"after": 5, "limit": 1} => {"events": []}'
    lines = [*UNSEEN, *append(1, "x", "absent", "refused"), f"2 do {placed}", f"3 do {log}"]
    whole = check(script(*lines)).partitions[-1]
    assert (whole.verdict, whole.algorithm[:7]) == ("valid", "search:")


def test_unknown_appends_that_share_an_event_are_searched() -> None:
    lines = [*append(7, "ab", 0), *append(8, "a", 0), *version(1, 2)]
    result = check(script(*lines))
    assert (result.verdict, result.algorithm[:7]) == ("valid", "search:")


def test_one_bug_that_breaks_everything_is_reported_a_few_times() -> None:
    lines = [line for n in range(50) for line in append(0, chr(0xC0 + n), n, str(n + 1))]
    lines += [line for _ in range(50) for line in version(1, 3)]
    anomalies = check(script(*lines)).anomalies
    assert [anomaly.type for anomaly in anomalies] == ["stale-read"] * 4
