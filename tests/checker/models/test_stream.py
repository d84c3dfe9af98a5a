from __future__ import annotations

from typing import Any

import pytest

from checker import MalformedHistory, Operation, Outcome, check
from checker.models.stream import StoreState, Stream
from tests.support.scripts import script


def operation(f: str, key: str | None = "s", **fields: Any) -> Operation:
    outcome = fields.pop("outcome", Outcome.OK)
    return Operation(
        index=0, process=0, f=f, key=key, outcome=outcome, invoked=0, completed=1, **fields
    )


def append(
    ids: str, expected: Any, version: int | None, position: int | None = None, key: str = "s"
) -> Operation:
    value = {"ids": list(ids), "expected": expected}
    if version is None:
        return operation("append", key, value=value, outcome=Outcome.INFO)
    output = {"version": version, "position": position}
    return operation("append", key, value=value, output=output)


def conflict(ids: str, expected: Any, actual: int | None) -> Operation:
    return operation(
        "append",
        value={"ids": list(ids), "expected": expected},
        error={"type": "wrong-expected-version", "actual": actual},
        outcome=Outcome.FAIL,
    )


def read(events: list[Any], after: int = 0, limit: int | None = 10) -> Operation:
    return operation("read", value={"after": after, "limit": limit}, output={"events": events})


def read_log(events: list[Any], after: int = 0) -> Operation:
    value = {"after": after, "limit": 10}
    return operation("read-log", None, value=value, output={"events": events})


@pytest.fixture
def holding() -> StoreState:
    """Stream t holds one event, then stream s holds a and b, appended at once."""
    return StoreState().append("t", ("z",)).append("s", ("a", "b"))


LEGAL = [
    append("c", 2, 3, 4),
    append("c", "any", 3),
    append("c", "exists", 3),
    append("c", 2, None),
    append("c", "absent", 1, 4, key="new"),
    append("c", 0, 1, 4, key="new"),
    append("ab", 0, 2, 3),
    append("ab", 99, 2, 3),
    append("ab", 0, None),
    conflict("c", 1, 2),
    conflict("c", 1, None),
    conflict("c", "absent", 2),
    conflict("ab", 0, 2),
    read([[1, "a"], [2, "b"]]),
    read([[1, "a", 2], [2, "b", 3]]),
    read([[2, "b"]], after=1),
    read([[1, "a"]], limit=1),
    read([[1, "a"], [2, "b"]], limit=None),
    read([], after=2),
    read([], after=7),
    read([], limit=0),
    operation("version", output=2),
    operation("version", "nobody", output=0),
    operation("head", None, output=3),
    read_log([[1, "t", 1, "z"], [2, "s", 1, "a"], [3, "s", 2, "b"]]),
    read_log([[3, "s", 2, "b"]], after=2),
    read_log([], after=3),
]

ILLEGAL = [
    append("c", 1, 3),
    append("c", 2, 4),
    append("c", 2, 3, 3),
    append("c", "absent", 3),
    append("c", "exists", 1, key="new"),
    append("cc", 2, 4),
    append("ab", 2, 4),
    append("a", "any", 1),
    append("bc", "any", 4),
    append("ab", "any", 2, key="new"),
    conflict("c", 2, None),
    conflict("c", 1, 1),
    conflict("c", 1, 3),
    conflict("c", "any", 2),
    conflict("c", "exists", None),
    read([[1, "a"]]),
    read([[1, "a"], [2, "x"]]),
    read([[1, "a"], [3, "b"]]),
    read([[1, "a", 1], [2, "b", 3]]),
    read([[1, "a"], [2, "b"]], limit=1),
    read([]),
    operation("version", output=1),
    operation("head", None, output=2),
    read_log([[1, "t", 1, "z"], [2, "s", 1, "a"]]),
    read_log([[1, "t", 1, "z"], [2, "s", 1, "a"], [3, "s", 3, "b"]]),
    read_log([[1, "t", 1, "z"], [2, "t", 1, "a"], [3, "s", 2, "b"]]),
    read_log([[1, "t", 1, "z"], [2, "s", 1, "a"], [4, "s", 2, "b"]]),
]


@pytest.mark.parametrize("tried", LEGAL)
def test_legal(holding: StoreState, tried: Operation) -> None:
    assert Stream(whole=True).step(holding, tried) is not None


@pytest.mark.parametrize("tried", ILLEGAL)
def test_illegal(holding: StoreState, tried: Operation) -> None:
    assert Stream(whole=True).step(holding, tried) is None


def test_one_stream_alone_has_no_positions(holding: StoreState) -> None:
    assert Stream().step(holding, append("c", 2, 3, 77)) is not None
    assert Stream().step(holding, read([[1, "a", 9], [2, "b", 8]])) is not None


def test_states_are_values(holding: StoreState) -> None:
    again = StoreState().append("t", ("z",)).append("s", ("a", "b"))
    assert again == holding
    assert hash(again) == hash(holding)
    assert again != StoreState().append("t", ("z",)).append("s", ("a",)).append("s", ("b",))
    assert holding.append("s", ("c",)) != holding
    assert holding.version("s") == 2


def test_a_repetition_leaves_the_state_alone(holding: StoreState) -> None:
    assert Stream().step(holding, append("ab", "any", 2)) is holding


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('0 do append @s {"ids": [], "expected": 0} => {"version": 1}', "at least one event id"),
        ('0 do append @s {"ids": ["a"]} => {"version": 1}', "expected"),
        ('0 do append @s {"ids": ["a"], "expected": "none"} => {"version": 1}', "none"),
        ('0 do append @s {"ids": ["a"], "expected": 0} => 1', "append: Expected"),
        ('0 do append {"ids": ["a"], "expected": 0} => {"version": 1}', "name of its stream"),
        ('0 do read @s {"after": 0} => {"events": [[1]]}', r"an event is \[version, id"),
        ('0 do read @s {"after": 0} => {"events": [[1, "a"], [2]]}', "read: zip"),
        ('0 do read @s {"after": 0} => {"events": [[1, null]]}', "NoneType"),
        ('0 do read @s {"after": 0} => {"events": [["1", "a"]]}', "str where a int"),
        ('0 do read @s {"after": -1} => {"events": []}', ">= 0"),
        ("0 do read @s {} => null", "Expected `object`"),
        ("0 do version @s => null", "int"),
        ("0 do head => 1.5", "int"),
        ("0 do push @s => 1", "has no operation 'push': it has append, read, version"),
    ],
)
def test_what_has_another_shape_is_malformed(line: str, reason: str) -> None:
    with pytest.raises(MalformedHistory, match=reason):
        check(script(line), engine="reference")
    with pytest.raises(MalformedHistory, match=r"\[0: process 0"):
        check(script(line))
