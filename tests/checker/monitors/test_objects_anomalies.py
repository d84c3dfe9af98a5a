"""What is wrong with sets, counters and locks: its name, the operations, the sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import check
from checker.models.describe import name_operation
from checker.monitors import sets
from tests.support.scripts import script

DOCUMENTED = Path(__file__).parents[3] / "docs" / "reference" / "anomalies.md"

SETS = [
    ("thin-air", ["0 do contains 7 => true"], (0,)),
    ("thin-air", ["0 do add 1", "0 do read => [1, 7]"], (1,)),
    ("aborted-read", ["0 refused add 7", "0 do contains 7 => true"], (0, 1)),
    ("aborted-read", ["0 refused add 7", "0 do read => [7]"], (0, 1)),
    ("future-read", ["0 do contains 7 => true", "0 do add 7 => true"], (0, 1)),
    ("future-read", ["0 do read => [7]", "0 do add 7"], (0, 1)),
    ("lost-element", ["0 do add 7", "0 do contains 7 => false"], (0, 1)),
    ("lost-element", ["0 do add 7", "0 do read => []"], (0, 1)),
    (
        "lost-element",
        ["2 invoke read", "0 do add 7", "0 do add 8", "2 ok [8]"],
        (1, 2, 0),
    ),
    (
        "resurrected-element",
        ["0 do add 7 => true", "0 do remove 7 => true", "0 do contains 7 => true"],
        (1, 2),
    ),
    ("duplicate-add", ["0 do add 7 => true", "0 do add 7 => true"], (0, 1)),
    ("duplicate-add", ["0 do add 7", "0 do add 7 => true"], (0, 1)),
    (
        "duplicate-add",
        ["0 invoke add 7", "0 info", "1 do contains 7 => true", "1 do add 7 => true"],
        (1, 2),
    ),
    (
        "double-remove",
        ["0 do add 7 => true", "0 do remove 7 => true", "0 do remove 7 => true"],
        (1, 2),
    ),
    ("stale-read", ["0 do add 7", "0 do read => []", "0 do read => [7]"], (0, 1)),
    (
        "stale-read",
        ["0 invoke add 7", "1 do read => [7]", "1 do read => []", "0 ok"],
        (1, 2),
    ),
    (
        "incomparable-reads",
        [
            "0 invoke add 7",
            "1 invoke add 8",
            "2 invoke read",
            "3 invoke read",
            "2 ok [7]",
            "3 ok [8]",
        ],
        (2, 3),
    ),
    (
        "reordered-adds",
        ["2 invoke read", "0 do add 7", "0 do add 8", "2 ok [8]", "0 do read => [7, 8]"],
        (1, 2, 0),
    ),
    ("duplicate-element", ["0 do add 7", "0 do read => [7, 7]"], (0, 1)),
]

COUNTERS = [
    ("impossible-value", ["0 do add 5", "0 do read => 7"], (1, 0)),
    ("impossible-value", ["0 do read => -1"], (0,)),
    ("stale-read", ["0 invoke add 1", "1 do read => 1", "1 do read => 0", "0 ok"], (1, 2)),
    ("overcount", ["0 do add 1", "0 do read => 2", "0 do add 1"], (1, 2)),
    ("overcount", ["0 do add 1", "0 do read => 2"], (1,)),
    ("undercount", ["0 do add 1", "0 do add 1", "0 do read => 1"], (1, 2)),
    ("undercount", ["0 do add 1", "0 do read => 1", "0 do add 1", "0 do read => 1"], (1, 2, 3)),
]

LOCKS = [
    ("mutex", "double-grant", ["0 do acquire", "1 do acquire"], (0, 1)),
    ("mutex", "unheld-release", ["0 do release"], (0,)),
    ("mutex", "unheld-release", ["0 do acquire", "0 do release", "1 do release"], (1, 2)),
    ("lock", "double-grant", ["0 do acquire", "1 do acquire"], (0, 1)),
    ("lock", "double-grant", ["0 do acquire", "0 do acquire"], (0, 1)),
    (
        "lock",
        "double-grant",
        ["0 do acquire", "1 do acquire", "0 do release", "1 do release"],
        (0, 2, 1, 3),
    ),
    ("lock", "unheld-release", ["0 do acquire", "1 do release"], (1,)),
    ("lock", "unheld-release", ["0 do acquire", "0 do release", "0 do release"], (1, 2)),
    (
        "fenced-lock",
        "stale-token",
        ["0 do acquire => 9", "0 do release", "1 do acquire => 8", "1 do release"],
        (0, 1, 2, 3),
    ),
]

CASES = [
    *(("set", *case) for case in SETS),
    *(("counter", *case) for case in COUNTERS),
    *LOCKS,
]


@pytest.mark.parametrize(("model", "name", "lines", "operations"), CASES)
def test_anomaly(model: str, name: str, lines: list[str], operations: tuple[int, ...]) -> None:
    history = script(*lines)
    (anomaly,) = check(history, model).anomalies
    assert (anomaly.type, anomaly.operations) == (name, operations)
    named = [history.operations[index] for index in anomaly.operations]
    words = anomaly.explanation
    assert words.endswith(".")
    assert words[0].isupper()
    if model in ("set", "counter", "mutex"):
        assert all(name_operation(each).lower() in words.lower() for each in (named[0], named[-1]))


def test_every_anomaly_is_documented() -> None:
    documented = DOCUMENTED.read_text(encoding="utf-8")
    for title, cases in (("Sets", SETS), ("Counters", COUNTERS)):
        section = documented.partition(f"## {title} (")[2].partition("\n## ")[0]
        assert {case[0] for case in cases} == set(_names(section))
    section = documented.partition("## Locks (")[2].partition("\n## ")[0]
    assert {case[1] for case in LOCKS} == set(_names(section))


def _names(section: str) -> list[str]:
    return [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]


def test_an_element_that_was_searched_alone_is_told() -> None:
    first = script("0 do contains 7 => true").operations[0]
    assert "what was done to 7 alone" in sets.explain("non-linearizable", [first])
