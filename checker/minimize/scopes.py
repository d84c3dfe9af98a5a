"""Where to begin shrinking: from what the verdict names to the whole history, smallest first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.models import Model
from checker.operation import Operation
from checker.verdict import Anomaly

__all__ = ["scopes"]

_WINDOW: Final = 8
"""Operations before the violation that are tried first, when the named ones alone do not fail."""


def scopes(
    history: History | RecordedHistory, model: Model[Any], target: Anomaly, key: Any
) -> Iterator[Iterable[int]]:
    """Yield parts of a history that may fail as the whole does, by the indices of their operations.

    Args:
        history: The whole.
        model: What judges it.
        target: What is wrong with it.
        key: Which part of it is meant, as the verdict names it.
    """
    named = set(target.operations)
    yield named
    parts = model.partition(history.operations)
    part = next((part.operations for part in parts if part.key == key), history.operations)
    sources = _Sources(model, part)
    yield named.union(sources.of(history.operations[index] for index in named))
    before = _until_the_end_of(part, [history.operations[index] for index in named])
    window = _WINDOW
    while window < len(before):
        begun = before[-window:]
        yield named.union((operation.index for operation in begun), sources.of(begun))
        window *= 4
    yield named.union(operation.index for operation in before)
    yield (operation.index for operation in part)
    yield range(len(history))


class _Sources:
    """Finds what the answers of operations may have come from: the last changes that speak of them.

    A guess, to begin with what may fail by itself; whether it does is judged.
    """

    def __init__(self, model: Model[Any], part: Sequence[Operation]) -> None:
        self._speaking: dict[bytes, list[Operation]] = {}
        for operation in part:
            if operation.value is not None and model.changes(operation):
                value = operation.value
                for spoken in [value, *value] if isinstance(value, list) else [value]:
                    self._speaking.setdefault(msgspec.json.encode(spoken), []).append(operation)

    def of(self, operations: Iterable[Operation]) -> Iterator[int]:
        """Yield the index of the last change, of each, that began before the answer came."""
        for operation in operations:
            speaking = self._speaking.get(msgspec.json.encode(operation.output), ())
            place = bisect_left(speaking, _end(operation), key=_invoked)
            if place and operation.output is not None:
                yield speaking[place - 1].index


def _until_the_end_of(part: Iterable[Operation], named: Iterable[Operation]) -> Sequence[Operation]:
    """Leave out what began after all of the named operations had ended."""
    latest = max(map(_end, named), default=0)
    return [operation for operation in part if operation.invoked < latest]


def _invoked(operation: Operation) -> int:
    return operation.invoked


def _end(operation: Operation) -> float:
    return float("inf") if operation.completed is None else operation.completed
