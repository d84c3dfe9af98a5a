"""Registers for the native engine; the counterpart of ``native/core/src/models/register.rs``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from checker.engine.native_columns import Columns, ValueNumbers
from checker.engine.stepping import apply, initial
from checker.errors import ModelError
from checker.models.describe import describe
from checker.models.register import Register
from checker.operation import Operation

__all__ = ["encode"]

_READ: Final = 0
_WRITE: Final = 1
_CAS: Final = 2
_CAS_REFUSED: Final = 3


def encode(model: Register, operations: Sequence[Operation]) -> Columns:
    """Write the operations as rows; the initial value is number 0.

    Raises:
        MalformedHistory: an operation is none of the register's.
        ModelError: a value is not JSON.
    """
    columns = Columns()
    values = ValueNumbers()
    values.number(model.initial)
    for operation in operations:
        f = operation.f
        try:
            if f == "read":
                columns.add(operation.index, _READ, (values.number(operation.output),))
            elif f == "write":
                columns.add(operation.index, _WRITE, (values.number(operation.value),))
            elif f in model.functions:
                expected, new = operation.value
                arguments = values.number(expected), values.number(new)
                if operation.output is False:
                    columns.add(operation.index, _CAS_REFUSED, arguments[:1])
                else:
                    columns.add(operation.index, _CAS, arguments)
            else:
                _refuse(model, operation)
        except (TypeError, ValueError):
            _refuse(model, operation)
    return columns


def _refuse(model: Register, operation: Operation) -> None:
    """Raise what the model says of an operation that it does not know."""
    apply(model, initial(model), operation)
    raise ModelError(model.name, describe(operation), "the native engine cannot encode it")
