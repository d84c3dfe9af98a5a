"""Several registers at once, as Knossos has them."""

from __future__ import annotations

import pytest

from checker import MalformedHistory, UnknownModel, Verdict, check, model_named
from checker.models import MultiRegister
from tests.support.scripts import script

WRITE = '[["write", "x", 1], ["write", "y", 2]]'


@pytest.mark.parametrize(
    ("verdict", "lines"),
    [
        ("valid", ['0 do read [["read", "x", null]] => [["read", "x", 0]]']),
        ("invalid", ['0 do read [["read", "x", null]] => [["read", "x", null]]']),
        ("valid", ['0 do read [["read", "z", null]] => [["read", "z", null]]']),
        ("valid", [f"0 do write {WRITE}", f"1 do txn => {WRITE.replace('write', 'read')}"]),
        (
            "invalid",
            [f"0 do write {WRITE}", '1 do txn => [["read", "x", 1], ["read", "y", 0]]'],
        ),
        ("valid", ['0 do txn => [["write", "x", 5], ["read", "x", 5]]']),
    ],
)
def test_all_parts_of_an_operation_happen_together(verdict: str, lines: list[str]) -> None:
    model = MultiRegister(initial={"x": 0, "y": 0})
    assert check(script(*lines), model).verdict == verdict


def test_a_write_without_answer_may_have_happened_and_a_read_says_nothing() -> None:
    lines = [f"0 invoke write {WRITE}", '1 invoke read [["read", "x", null]]', "0 info", "1 info"]
    seen = '2 do read => [["read", "y", {}]]'
    for answer in (2, None):
        history = script(*lines, seen.format("null" if answer is None else answer))
        assert check(history, MultiRegister()).verdict is Verdict.VALID


@pytest.mark.parametrize("value", ["7", '[["read", "x"]]', '[["add", "x", 1]]', '["read"]'])
def test_what_is_no_list_of_reads_and_writes_is_refused(value: str) -> None:
    with pytest.raises(MalformedHistory, match="must be a list of"):
        check(script(f"0 do txn {value}"), MultiRegister(), engine="reference")


def test_the_initial_values_are_an_object() -> None:
    with pytest.raises(UnknownModel, match="must be an object"):
        model_named("multi-register", initial=0)
