from __future__ import annotations

from typing import Any

import pytest

from checker import MalformedHistory, check
from tests.support.scripts import script

COUNTER = [
    ("0 at first", ["0 do read => 0"], "valid"),
    ("adds up", ["0 do add 1", "0 do increment", "0 do read => 2"], "valid"),
    ("any amount", ["0 do add 5", "0 do add -7", "0 do read => -2"], "valid"),
    ("increments by more", ["0 do increment 5", "0 do decrement 2", "0 do read => 3"], "valid"),
    ("takes away", ["0 do decrement", "0 do read => -1"], "valid"),
    ("an echo is no answer", ["0 do add 1 => 1", "0 do add 1 => 1", "0 do read => 2"], "valid"),
    ("loses nothing", ["0 do add 1", "0 do add 1", "0 do read => 1"], "invalid"),
    ("invents nothing", ["0 do add 1", "0 do read => 2"], "invalid"),
    ("nothing in between", ["0 do add 5", "0 do read => 3"], "invalid"),
    (
        "a concurrent add counts or not",
        ["0 invoke add 1", "1 do read => 0", "1 do read => 1", "0 ok"],
        "valid",
    ),
    (
        "but does not go away again",
        ["0 invoke add 1", "1 do read => 1", "1 do read => 0", "0 ok"],
        "invalid",
    ),
    ("an unknown one counts once", ["0 invoke add 1", "0 info", "1 do read => 2"], "invalid"),
    ("and late", ["0 invoke add 1", "0 info", "1 do read => 0", "1 do read => 1"], "valid"),
    ("a failed one does not", ["0 refused add 1", "1 do read => 1"], "invalid"),
    ("adding 0 is nothing", ["0 do add 0", "0 do read => 0"], "valid"),
    ("a read without an answer says nothing", ["0 invoke read", "0 info"], "valid"),
    ("far beyond all steps", ["0 do add 1", f"0 do read => {2**62}"], "invalid"),
]


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(("lines", "expected"), [row[1:] for row in COUNTER])
def test_counter(engine: Any, lines: list[str], expected: str) -> None:
    assert check(script(*lines), "counter", engine=engine).verdict == expected


@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["0 do add"], "the value of add is a whole number of 64 bits"),
        (["0 do add 1.0"], "the value of add is a whole number of 64 bits"),
        (["0 do decrement true"], "the value of decrement is a whole number of 64 bits"),
        (["0 do read"], "the answer of a read is a whole number of 64 bits"),
        ([f"0 do add {2**63}"], "the value of add is a whole number of 64 bits"),
        (["0 do reset"], "no operation 'reset': it has add, increment, decrement, read"),
    ],
)
def test_what_the_model_cannot_read_is_malformed(
    engine: Any, lines: list[str], reason: str
) -> None:
    with pytest.raises(MalformedHistory, match=reason):
        check(script(*lines), "counter", engine=engine)
