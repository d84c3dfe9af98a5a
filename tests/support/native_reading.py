"""The native reader beside the Python one: both read the same, or refuse the same line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from checker import MalformedHistory, _native
from checker.history.formats import read_history
from checker.history.history import History, NemesisEvent
from checker.operation import Operation, Outcome

__all__ = ["assert_same", "read_natively"]

_FIELDS = Operation.__struct_fields__[1:]


def read_natively(data: bytes, format_: str | None = None) -> History:
    """Read bytes with the native reader, into Python's own types.

    Raises:
        MalformedHistory: as the Python readers do.
    """
    try:
        native = _native.History.parse(data, format_)
    except _native.Malformed as error:
        reason, line, operation = error.args
        raise MalformedHistory(reason, line=line, operation=operation) from error
    return History(
        operations=tuple(_operation(native, index) for index in range(len(native))),
        nemesis=tuple(NemesisEvent(f=f, value=value, time=t) for f, value, t in native.nemesis),
        header={**(native.header or {}), **({} if native.real_time else {"real_time": False})},
    )


def assert_same(data: bytes, path: Path, format_: str = "auto") -> bool:
    """Hold both readers to each other; return whether they read a history."""
    path.write_bytes(data)
    expected = _read(lambda: read_history(path, format_))
    got = _read(lambda: read_natively(data, None if format_ == "auto" else format_))
    if isinstance(expected, MalformedHistory):
        assert isinstance(got, MalformedHistory), f"only Python refuses: {expected}"
        assert got.line == expected.line, f"{expected} / {got}"
        return False
    assert isinstance(got, History), f"only the native reader refuses: {got}"
    assert len(got) == len(expected)
    for mine, theirs in zip(got, expected, strict=True):
        assert _typed(mine) == _typed(theirs)
    assert list(map(repr, got.nemesis)) == list(map(repr, expected.nemesis))
    header = {name: value for name, value in expected.header.items() if name != "format"}
    assert repr({n: v for n, v in got.header.items() if n != "format"}) == repr(header)
    return True


def _read(read: Any) -> History | MalformedHistory:
    try:
        history: History = read()
    except MalformedHistory as error:
        return error
    return history


def _operation(native: _native.History, index: int) -> Operation:
    fields = dict(zip(_FIELDS, native.operation(index), strict=True))
    return Operation(index=index, **{**fields, "outcome": Outcome(fields["outcome"])})


def _typed(operation: Operation) -> str:
    # The text tells 1 from 1.0 and true, and 0.0 from -0.0; equality does not.
    for value in (operation.value, operation.output):
        assert not isinstance(value, float) or math.isfinite(value)
    return repr(operation)
