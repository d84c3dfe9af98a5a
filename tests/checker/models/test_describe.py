from __future__ import annotations

import pytest

from checker.models.describe import describe, name_operation, shorten
from tests.support.scripts import script


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("orders-1", "orders-1"),
        ({"b": 1, "a": [None]}, '{"a":[null],"b":1}'),
        ("Übermut", "Übermut"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("left\u202eright", r"left\u202eright"),
        ("x" * 100, "x" * 77 + "..."),
        ("", '""'),
        ({1, 2}, "{1, 2}"),
    ],
)
def test_values_are_short_and_harmless(value: object, text: str) -> None:
    assert shorten(value) == text


def test_operations_say_who_asked_what_and_was_answered_what() -> None:
    history = script("3 do read @k => 5", "4 refused write 1 => {}", "5 invoke write 2", "5 info")
    assert [describe(operation) for operation in history] == [
        "0: process 3 read k -> 5",
        "1: process 4 write 1 -> fail {}",
        "2: process 5 write 2 -> unknown",
    ]
    assert name_operation(history.operations[0]) == "operation 0 (process 3)"
