from __future__ import annotations

from typing import Any

import pytest

from checker import MalformedHistory, Verdict, check, model_named
from tests.support.scripts import script

REGISTER = [
    ("an initial read is null", ["0 do read => null"], "valid"),
    ("nil reads are strict", ["0 do write 1", "0 do read => null"], "invalid"),
    ("a read sees the last write", ["0 do write 1", "1 do read => 1"], "valid"),
    (
        "a concurrent write may be seen or not",
        ["0 invoke write 1", "1 do read => null", "1 do read => 1", "0 ok"],
        "valid",
    ),
    (
        "but not seen and then unseen",
        ["0 invoke write 1", "1 do read => 1", "1 do read => null", "0 ok"],
        "invalid",
    ),
    (
        "a write of unknown outcome may happen late",
        ["0 invoke write 1", "0 info", "1 do read => null", "1 do read => 1"],
        "valid",
    ),
    ("a failed write never happened", ["0 refused write 1", "1 do read => 1"], "invalid"),
    ("a read without an answer says nothing", ["0 invoke read", "0 info"], "valid"),
    ("one is not true", ["0 do write 1", "0 do read => true"], "invalid"),
    ("one is not 1.0", ["0 do write 1", "0 do read => 1.0"], "invalid"),
    ("one is not a string", ["0 do write 1", '0 do read => "1"'], "invalid"),
    (
        "members of an object have no order",
        ['0 do write {"a": 1, "b": 2}', '0 do read => {"b": 2, "a": 1}'],
        "valid",
    ),
    (
        "elements of an array have",
        ["0 do write [1, 2]", "0 do read => [2, 1]"],
        "invalid",
    ),
    (
        "keys are registers of their own",
        ["0 do write @x 1", "0 do read @y => null", "0 do read @x => 1"],
        "valid",
    ),
]

CAS = [
    ("swaps", ["0 do write 1", "0 do cas [1, 2]", "0 do read => 2"], "valid"),
    ("swaps from null", ["0 do cas [null, 2]", "0 do read => 2"], "valid"),
    ("not from another value", ["0 do write 1", "0 do cas [3, 2]"], "invalid"),
    ("a failed one says nothing", ["0 do write 1", "0 refused cas [1, 2]"], "valid"),
    (
        "an unknown one may have swapped",
        ["0 do write 1", "0 invoke cas [1, 2]", "0 info", "1 do read => 2"],
        "valid",
    ),
    (
        "a refused one that answers is judged",
        ["0 do write 1", "0 do cas [1, 2] => false"],
        "invalid",
    ),
    ("and may be right", ["0 do write 1", "0 do cas [3, 2] => false", "0 do read => 1"], "valid"),
    (
        "two swap from one value",
        ["0 invoke cas [null, 1]", "1 invoke cas [null, 2]", "0 ok", "1 ok"],
        "invalid",
    ),
]


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in REGISTER])
def test_register(engine: Any, lines: list[str], expected: str) -> None:
    assert check(script(*lines), "register", engine=engine).verdict == expected


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in CAS + REGISTER])
def test_cas_register(engine: Any, lines: list[str], expected: str) -> None:
    assert check(script(*lines), "cas-register", engine=engine).verdict == expected


def test_another_initial_value() -> None:
    history = script("0 do read => 7", "0 do cas [7, 8]")
    assert check(history, model_named("cas-register", initial=7)).verdict is Verdict.VALID
    assert check(history, model_named("cas-register", initial=0)).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["0 do cas 3"], r"must be \[from, to\]"),
        (["0 do cas [1, 2, 3]"], r"must be \[from, to\]"),
        (["0 do push 3"], "has no operation 'push': it has read, write, cas"),
    ],
)
def test_what_the_model_cannot_read_is_malformed(lines: list[str], reason: str) -> None:
    with pytest.raises(MalformedHistory, match=reason):
        check(script(*lines), "cas-register", engine="reference")
