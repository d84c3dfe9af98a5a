"""Key-value stores: each key a register or a string, told by its operations."""

from __future__ import annotations

from typing import Any

import pytest

from checker import MalformedHistory, Verdict, check, model_named
from checker.checking import Engine
from checker.engine.reference import search
from checker.models import Kv
from tests.support.scripts import script


@pytest.mark.parametrize(
    ("verdict", "lines"),
    [
        ("valid", ['0 do get @a => ""', '0 do append @a "x"', '0 do get @a => "x"']),
        ("valid", ['0 do put @a "x"', '0 do append @a "y"', '0 do get @a => "xy"']),
        ("invalid", ['0 do append @a "x"', '0 do append @a "y"', '0 do get @a => "yx"']),
        ("valid", ["0 do read @a => null", '0 do get @b => ""']),
        ("valid", ["0 do write @a 1", "0 do cas @a [1, 2]", "0 do read @a => 2"]),
        ("invalid", ["0 do write @a 1", "0 do read @b => 1"]),
    ],
)
def test_a_key_is_what_its_operations_say(verdict: str, lines: list[str]) -> None:
    assert check(script(*lines), "kv").verdict == verdict


@pytest.mark.parametrize(
    ("reason", "lines"),
    [
        ("a register .* or a string .*, not both", ["0 do read @a => null", "0 do get @a"]),
        ("no operation 'pop': it has read, write, cas, get, put, append", ["0 do pop @a"]),
        ("the value of a put must be a text", ["0 do put @a 1"]),
        ("the answer of a get must be a text", ["0 do get @a => null"]),
    ],
)
def test_what_is_no_operation_of_a_key_is_refused(reason: str, lines: list[str]) -> None:
    with pytest.raises(MalformedHistory, match=reason):
        check(script(*lines), "kv", engine="reference")


@pytest.mark.parametrize("initial", [None, 7])
def test_one_key_can_be_judged_without_being_split_off(initial: Any) -> None:
    model = Kv(initial=initial)
    registers = script(f"0 do read => {'null' if initial is None else initial}", "0 do write 1")
    strings = script('0 do get => ""', '0 do append "x"', '0 do get => "x"')
    assert search(model, registers.operations).verdict is Verdict.VALID
    assert search(model, strings.operations).verdict is Verdict.VALID


def test_registers_of_a_store_have_a_monitor() -> None:
    result = check(script("0 do read @a => 7"), model_named("kv", initial=7))
    assert (result.verdict, result.algorithm) == (Verdict.VALID, "zones")


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['0 do get => "ab"'], "valid"),
        (['0 do get => ""'], "invalid"),
        (['0 do append "c"', '0 do get => "abc"'], "valid"),
        (['0 do put "c"', '0 do get => "abc"'], "invalid"),
        (['0 do put "c"', '0 do get => "c"', '1 do get @k => "ab"'], "valid"),
    ],
)
def test_strings_begin_with_what_they_are_told(
    lines: list[str], expected: str, engine: Engine
) -> None:
    assert check(script(*lines), Kv(initial="ab"), engine=engine).verdict == expected


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_string_cannot_begin_as_anything_else(engine: Engine) -> None:
    with pytest.raises(MalformedHistory, match="initial value of a string must be a text"):
        check(script('0 do get => ""'), Kv(initial=7), engine=engine)
