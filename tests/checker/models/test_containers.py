from __future__ import annotations

from typing import Any

import pytest

from checker import MalformedHistory, check
from tests.support.scripts import script

OPERATIONS = {
    "queue": ("enqueue", "dequeue"),
    "stack": ("push", "pop"),
    "priority-queue": ("insert", "extract-min"),
}

ALIKE = [
    ("what is put in comes out", ["0 do IN 1", "0 do OUT => 1", "0 do OUT => null"], "valid"),
    ("at first there is nothing", ["0 do OUT => null"], "valid"),
    ("nothing comes from nowhere", ["0 do OUT => 1"], "invalid"),
    ("nothing comes twice", ["0 do IN 1", "0 do OUT => 1", "0 do OUT => 1"], "invalid"),
    ("it is not empty while there is something", ["0 do IN 1", "0 do OUT => null"], "invalid"),
    ("one is not 1.0", ["0 do IN 1", "0 do OUT => 1.0"], "invalid"),
    ("a failed insertion puts nothing in", ["0 refused IN 1", "0 do OUT => 1"], "invalid"),
    (
        "a failed removal takes nothing out",
        ["0 do IN 1", "0 refused OUT", "0 do OUT => 1"],
        "valid",
    ),
    (
        "an insertion of unknown outcome may have happened",
        ["0 invoke IN 1", "0 info", "1 do OUT => null", "1 do OUT => 1"],
        "valid",
    ),
    (
        "a removal of unknown outcome may have taken what is missed",
        ["0 do IN 1", "1 invoke OUT", "1 info", "0 do OUT => null"],
        "valid",
    ),
    (
        "but only one value",
        ["0 do IN 1", "0 do IN 2", "1 invoke OUT", "1 info", "0 do OUT => null"],
        "invalid",
    ),
    (
        "and not before it was invoked",
        ["0 do IN 1", "0 do OUT => null", "1 invoke OUT", "1 info"],
        "invalid",
    ),
    (
        "a value may be put in again",
        ["0 do IN 1", "0 do OUT => 1", "0 do IN 1", "0 do OUT => 1"],
        "valid",
    ),
    (
        "keys are objects of their own",
        ["0 do IN @x 1", "0 do OUT @y => null", "0 do OUT @x => 1"],
        "valid",
    ),
]

IN_ORDER = {"queue": (2, 3, 1), "stack": (1, 3, 2), "priority-queue": (1, 2, 3)}
"""How 2, 3 and 1 leave that are put in one after the other."""


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("model", OPERATIONS)
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in ALIKE])
def test_all_containers(model: str, engine: Any, lines: list[str], expected: str) -> None:
    insertion, removal = OPERATIONS[model]
    named = [line.replace("IN", insertion).replace("OUT", removal) for line in lines]
    assert check(script(*named), model, engine=engine).verdict == expected


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("model", OPERATIONS)
@pytest.mark.parametrize("leaving", IN_ORDER)
def test_the_order_of_leaving(model: str, engine: Any, leaving: str) -> None:
    insertion, removal = OPERATIONS[model]
    lines = [f"0 do {insertion} {value}" for value in (2, 3, 1)]
    lines += [f"0 do {removal} => {value}" for value in IN_ORDER[leaving]]
    expected = "valid" if model == leaving else "invalid"
    assert check(script(*lines), model, engine=engine).verdict == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['0 do insert [2, "b"]', '0 do insert [1, "c"]', '0 do dequeue => [1, "c"]'], "valid"),
        (['0 do enqueue [2, "b"]', '0 do dequeue => [2, "c"]'], "invalid"),
        (["0 do insert 1.5", "0 do insert 2", "0 do extract-min => 1.5"], "valid"),
        (["0 do insert 9007199254740993", "0 do insert 9007199254740992.0"], "valid"),
    ],
)
def test_priorities(lines: list[str], expected: str) -> None:
    assert check(script(*lines), "priority-queue").verdict == expected


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(
    ("model", "lines", "reason"),
    [
        ("queue", ["0 do push 1"], "has no operation 'push': it has enqueue, dequeue"),
        ("queue", ["0 do enqueue null"], "null cannot be put into a queue"),
        ("priority-queue", ['0 do insert "a"'], "is a number or"),
        ("priority-queue", ["0 do insert true"], "is a number or"),
        ("priority-queue", ["0 do insert 1", '0 do extract-min => "a"'], "is a number or"),
        ("priority-queue", ["0 do insert 9223372036854775808"], "has 64 bits"),
        ("priority-queue", ["0 do insert 1", '0 do insert [1.0, "x"]'], "the same priority"),
    ],
)
def test_what_the_model_cannot_read_is_malformed(
    model: str, engine: Any, lines: list[str], reason: str
) -> None:
    with pytest.raises(MalformedHistory, match=reason):
        check(script(*lines), model, engine=engine)
