"""The native search with a model written in Python: each step is asked for once and remembered.

Operations that a model cannot tell apart are one action: those of one process, with the same key,
request and answer. A model that looks at more of an operation than that (its index, its times) is
not pure in the sense of `checker.models.Model`, and may be judged wrongly.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from checker import _native
from checker._native import CancelToken
from checker.engine.native_columns import Columns
from checker.engine.stepping import apply, initial
from checker.errors import CheckerError, ModelError
from checker.limits import Limits
from checker.models.canonical import canonical_json
from checker.models.describe import describe
from checker.models.model import Model, asked
from checker.models.nondeterministic import NondeterministicModel
from checker.operation import Operation

__all__ = ["search"]


def search(
    model: Model[Any],
    operations: Sequence[Operation],
    limits: Limits,
    *,
    cancel: CancelToken | None,
) -> tuple[_native.SearchReport, Columns]:
    """Look for a legal order of the operations that count; also return which row is which.

    Raises:
        ModelError: the model raised, or is not pure.
    """
    columns = Columns()
    actions = _Actions()
    rows = array("I", map(actions.number, operations))
    for operation in operations:
        columns.add(operation.index, 0, ())
    columns.set_endpoints(operations)
    step: Callable[[Any, Operation], Any] = partial(apply, model)
    if isinstance(model, NondeterministicModel):
        step = partial(_successors, model)
    try:
        report = _native.search_model(
            initial(model),
            step,
            actions.operations,
            bytes(not asked(model, model.changes, operation) for operation in actions.operations),
            columns.invoked,
            columns.completed,
            rows,
            several=isinstance(model, NondeterministicModel),
            timeout_seconds=limits.timeout_seconds,
            memory_bytes=limits.memory_bytes,
            cancel=cancel,
        )
    except _native.ImpureModel as impure:
        words, action = impure.args
        raise ModelError(model.name, describe(actions.operations[action]), words) from None
    return report, columns


def _successors(
    model: NondeterministicModel[Any], state: Any, operation: Operation
) -> frozenset[Any]:
    try:
        return model.successors(state, operation)
    except CheckerError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError.raised(model.name, describe(operation), error) from error


class _Actions:
    """Numbers for what operations do; `operations` has one of each."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._numbers: dict[object, int] = {}

    def number(self, operation: Operation) -> int:
        number = self._numbers.setdefault(_identity(operation), len(self.operations))
        if number == len(self.operations):
            self.operations.append(operation)
        return number


def _identity(operation: Operation) -> object:
    values = (operation.key, operation.value, operation.output, operation.error)
    try:
        seen = canonical_json(values)
    except (TypeError, ValueError):
        return operation.index  # values that are not JSON cannot be compared: an action of its own
    return operation.process, operation.f, operation.outcome, seen
