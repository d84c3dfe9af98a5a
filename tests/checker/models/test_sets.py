from __future__ import annotations

from typing import Any

import pytest

from checker import MalformedHistory, check
from tests.support.scripts import script

SET = [
    ("empty at first", ["0 do contains 1 => false", "0 do read => []"], "valid"),
    ("an element is there once added", ["0 do add 1 => true", "0 do contains 1 => true"], "valid"),
    ("and not once removed", ["0 do add 1", "0 do remove 1", "0 do contains 1 => true"], "invalid"),
    ("an add says whether it was new", ["0 do add 1 => true", "0 do add 1 => false"], "valid"),
    ("twice new is wrong", ["0 do add 1 => true", "0 do add 1 => true"], "invalid"),
    (
        "new, old, gone, new",
        [f"0 do {f}" for f in ("add 1 => true", "remove 1 => true")] * 2,
        "valid",
    ),
    ("nothing to remove", ["0 do remove 1 => false", "0 do add 1 => true"], "valid"),
    ("removed from nothing", ["0 do remove 1 => true"], "invalid"),
    ("an element repeated is no answer", ["0 do add 7 => 7", "0 do add 7 => 7"], "valid"),
    (
        "a concurrent add may be seen or not",
        ["0 invoke add 1", "1 do contains 1 => false", "1 do contains 1 => true", "0 ok true"],
        "valid",
    ),
    (
        "but not seen and then unseen",
        ["0 invoke add 1", "1 do contains 1 => true", "1 do contains 1 => false", "0 ok true"],
        "invalid",
    ),
    (
        "an add of unknown outcome may happen late, and only once",
        [
            "0 invoke add 1",
            "0 info",
            "1 do contains 1 => false",
            "1 do remove 1 => true",
            "1 do remove 1 => true",
        ],
        "invalid",
    ),
    ("a failed add never happened", ["0 refused add 1", "1 do contains 1 => true"], "invalid"),
    ("a look without an answer says nothing", ["0 invoke contains 1", "0 info"], "valid"),
    ("a read shows all elements", ["0 do add 1", "0 do add 2", "0 do read => [2, 1]"], "valid"),
    ("no more", ["0 do add 1", "0 do read => [1, 2]"], "invalid"),
    ("no less", ["0 do add 1", "0 do add 2", "0 do read => [2]"], "invalid"),
    ("none twice", ["0 do add 1", "0 do read => [1, 1]"], "invalid"),
    ("1 is not true", ["0 do add 1", "0 do contains true => true"], "invalid"),
    (
        "a read ties elements together",
        ["0 invoke add 1", "1 invoke add 2", "2 do read => [1]", "2 do contains 2 => false"],
        "valid",
    ),
    (
        "removals too",
        ["0 do add 1", "0 do add 2", "0 do remove 1", "0 do read => [1, 2]"],
        "invalid",
    ),
    ("keys are sets of their own", ["0 do add @x 1", "0 do contains @y 1 => false"], "valid"),
]

GROWING = [
    ("all that was added", ["0 do add 1", "0 do add 2", "0 do read => [1, 2]"], "valid"),
    ("an unknown add may be seen", ["0 invoke add 1", "0 info", "1 do read => [1]"], "valid"),
    ("or not", ["0 invoke add 1", "0 info", "1 do read => []"], "valid"),
    (
        "but not seen and then unseen",
        ["0 invoke add 1", "0 info", "1 do read => [1]", "1 do read => []"],
        "invalid",
    ),
    (
        "two reads need one order of adds",
        [
            "0 invoke add 1",
            "1 invoke add 2",
            "2 invoke read",
            "3 invoke read",
            "2 ok [1]",
            "3 ok [2]",
        ],
        "invalid",
    ),
    ("again changes nothing", ["0 do add 1", "0 do read => [1]", "0 do add 1"], "valid"),
]


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in SET + GROWING])
def test_set(engine: Any, lines: list[str], expected: str) -> None:
    assert check(script(*lines), "set", engine=engine).verdict == expected


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in GROWING])
def test_grow_only_set(engine: Any, lines: list[str], expected: str) -> None:
    assert check(script(*lines), "grow-only-set", engine=engine).verdict == expected


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(
    ("model", "lines", "reason"),
    [
        ("set", ["0 do add 1 => 5"], r"add is answered true .*, false .*, or nothing"),
        ("set", ["0 do contains 1"], "contains is answered true or false"),
        ("set", ["0 do read => 3"], "answered with the list of its elements"),
        ("set", ["0 do push 1"], "has no operation 'push': it has add, remove, contains, read"),
        ("grow-only-set", ["0 do remove 1"], "has no operation 'remove': it has add, read"),
        ("grow-only-set", ["0 do add 1", "0 do read"], "answered with the list of its elements"),
    ],
)
def test_what_the_model_cannot_read_is_malformed(
    engine: Any, model: str, lines: list[str], reason: str
) -> None:
    with pytest.raises(MalformedHistory, match=reason):
        check(script(*lines), model, engine=engine)
