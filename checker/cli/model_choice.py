"""Which model judges a file: the one named on the command line, by the file, or by its operations.

A guess is made only where the operations leave no choice, and the report says that it was one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from checker.cli.transaction_guess import transaction_model
from checker.errors import CheckerError
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.models import MODELS, Model, model_named
from checker.operation import Operation, Outcome
from checker.report.file_report import ModelSource

__all__ = ["ChosenModel", "ModelChoice", "ModelNotTold", "named_model"]


class ModelNotTold(CheckerError):
    """Nobody named a model, and the operations leave it open."""


class ChosenModel(NamedTuple):
    """A model, what ``--model`` calls it, and who chose it: ``option``, ``header`` or ``guess``."""

    model: Model[Any]
    option: str
    source: ModelSource


class ModelChoice:
    """How the models of a run are chosen.

    Args:
        named: The model from the command line, None to let each file tell.
        options: Options of the model's constructor, such as ``initial``.
    """

    def __init__(self, named: str | None, options: dict[str, Any]) -> None:
        self._options = options
        self._named: ChosenModel | None = None
        if named is not None:
            self._named = ChosenModel(named_model(named, options), named, "option")

    def model_of(self, history: History | RecordedHistory) -> ChosenModel:
        """Choose the model of a history.

        Raises:
            ModelNotTold: Neither option nor header names one, and the operations leave it open.
            UnknownModel: The header names one that does not exist or does not take the options.
        """
        if self._named is not None:
            return self._named
        header = history.header.get("model")
        # A header comes with the file and is not trusted: it may pick a model, not import code.
        if isinstance(header, str) and ":" not in header:
            return ChosenModel(named_model(header, self._options), header, "header")
        operations = _shapes_of(history)
        guess = transaction_model(history) or _guess(operations)
        if guess is None:
            raise ModelNotTold(
                f"its operations ({_functions(operations)}) do not tell the model: name one with "
                f"--model; there are {', '.join(MODELS)}, and module:Class for your own"
            )
        return ChosenModel(named_model(guess, self._options), guess, "guess")


def named_model(name: str, options: dict[str, Any]) -> Model[Any]:
    """Make a model; ``module:Class`` is looked for in the working directory, too.

    Raises:
        UnknownModel: There is none of this name, or it does not take the options.
        ModelNotTold: Its module cannot be imported.
    """
    if ":" in name and "" not in sys.path:
        # As `python -m` does: a model is most often a file beside the history.
        sys.path.insert(0, "")
    try:
        return model_named(name, **options)
    except CheckerError:
        raise
    except Exception as error:
        raise ModelNotTold(
            f"cannot import model {name!r}: {type(error).__name__}: {error}"
        ) from error


def _is_register(operation: Operation) -> bool:
    return operation.f != "read" or not isinstance(operation.value, dict)


def _is_stream(operation: Operation) -> bool:
    return operation.f not in {"append", "read"} or isinstance(operation.value, dict)


def _is_any(operation: Operation) -> bool:
    del operation
    return True


_SHAPES: Final[tuple[tuple[str, frozenset[str], Callable[[Operation], bool]], ...]] = (
    ("register", frozenset({"read", "write"}), _is_register),
    ("cas-register", frozenset({"read", "write", "cas"}), _is_register),
    ("versioned-kv", frozenset({"read", "write", "cas", "delete"}), _is_register),
    ("stream", frozenset({"append", "read", "version", "read-log", "head"}), _is_stream),
    ("queue", frozenset({"enqueue", "dequeue"}), _is_any),
    ("stack", frozenset({"push", "pop"}), _is_any),
    ("priority-queue", frozenset({"insert", "extract-min"}), _is_any),
    ("bank", frozenset({"read", "transfer"}), _is_any),
)
"""Each model's operations, and what its requests look like; the first that fits all is meant.

A cas-register without a cas is a register, so the order loses nothing. A model belongs here only if
no other one has its operations' names: ``add`` and ``read`` are a counter's and a set's.
"""


def _shapes_of(history: History | RecordedHistory) -> Sequence[Operation]:
    """Return operations that look like the history's: of a long one an example of each will do."""
    if isinstance(history, History):
        return history.operations
    return tuple(
        Operation(index=0, process=0, f=f, value=value, outcome=Outcome.INFO, invoked=0)
        for f, some_map, some_other in history.native.request_shapes()
        for value, occurs in (({}, some_map), (None, some_other))
        if occurs
    )


def _guess(operations: Sequence[Operation]) -> str | None:
    functions = {operation.f for operation in operations}
    if not functions:
        return None
    for name, known, fits in _SHAPES:
        if functions <= known and all(map(fits, operations)):
            return name
    return None


def _functions(operations: Sequence[Operation]) -> str:
    names = sorted({operation.f for operation in operations})
    return ", ".join(_first(names, 8)) or "there are none"


def _first(names: Iterable[str], count: int) -> list[str]:
    names = list(names)
    return names if len(names) <= count else [*names[:count], "..."]
