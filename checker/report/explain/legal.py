"""What could have been answered to an operation that no order reaches.

Answers are not invented: those are tried that the history has, as an answer or as a request. So the
list may lack one that would be legal, but has none that would not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from checker.engine.stepping import apply
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.models import Partition
from checker.models.canonical import canonical_json
from checker.models.model import Model, required_and_optional
from checker.operation import Operation, Outcome
from checker.report.wording import value_text

__all__ = ["legal_answers"]

_CANDIDATES_MAX: Final = 500
_CONFIGURATIONS_MAX: Final = 5_000
_SHOWN_MAX: Final = 4
_COUNT_MAX: Final = 64
"""Where an answer is a whole number, the numbers up to here are tried, too."""


def legal_answers(
    part: Partition, blocked: Operation, history: History | RecordedHistory
) -> tuple[str, ...]:
    """Return answers to an operation that some order of the others would allow, as JSON.

    Raises:
        ModelError: The model raised.
    """
    if blocked.outcome is not Outcome.OK:
        return ()
    others = [operation for operation in part.operations if operation is not blocked]
    states = _states_at(part.model, others, blocked)
    legal: list[str] = []
    for answer in _candidates(blocked, history):
        tried = replace(blocked, output=answer)
        if any(_is_legal(part.model, state, tried) for state in states):
            legal.append(value_text(answer))
        if len(legal) == _SHOWN_MAX:
            break
    return tuple(legal)


def _is_legal(model: Model[Any], state: Any, operation: Operation) -> bool:
    try:
        return model.step(state, operation) is not None
    except Exception:  # noqa: BLE001 - an answer from elsewhere may make no sense to any model
        return False


def _candidates(blocked: Operation, history: History | RecordedHistory) -> Iterator[Any]:
    seen = {canonical_json(blocked.output)}
    answers: list[Any] = [None]
    if isinstance(blocked.output, bool):
        answers += [True, False]
    elif isinstance(blocked.output, int):
        answers += range(_COUNT_MAX)
    near = [op for op in history if canonical_json(op.key) == canonical_json(blocked.key)]
    answers += [op.output for op in near if op.f == blocked.f and op.outcome is Outcome.OK]
    answers += [part for op in near for part in _parts(op.value)]
    for answer in answers:
        text = canonical_json(answer)
        if text not in seen and len(seen) < _CANDIDATES_MAX:
            seen.add(text)
            yield answer


def _parts(value: Any) -> Sequence[Any]:
    return [value, *value] if isinstance(value, list) else [value]


def _states_at(model: Model[Any], others: Sequence[Operation], blocked: Operation) -> list[Any]:
    """Return the states in which the operation could have happened, had it another answer."""
    required, optional = required_and_optional(model, others)
    before = [op for op in (*required, *optional) if op.invoked < (blocked.completed or 0)]
    must = {op.index for op in required if _precedes(op, blocked)}
    reached: set[Any] = set()
    seen: set[tuple[frozenset[int], Any]] = set()
    pending: list[tuple[frozenset[int], Any]] = [(frozenset(), model.init())]
    while pending and len(seen) < _CONFIGURATIONS_MAX:
        done, state = pending.pop()
        if (done, state) in seen:
            continue
        seen.add((done, state))
        if must <= done:
            reached.add(state)
        left = [op for op in before if op.index not in done]
        for operation in left:
            if not any(_precedes(other, operation) for other in left):
                after = apply(model, state, operation)
                if after is not None:
                    pending.append((done | {operation.index}, after))
    return list(reached)


def _precedes(one: Operation, other: Operation) -> bool:
    return one.completed is not None and one.completed < other.invoked
