"""Asking a model, by what is written in Python: its first state, its steps, and whether it is pure.

A model of your own may break its promise to be pure, and a search that was told now this, now that
would give a verdict that means nothing. So what such a model said is remembered, compared when the
same is asked again, and asked for once more before there is a verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from checker.errors import CheckerError, ModelError
from checker.models import Model
from checker.models.describe import describe
from checker.models.model import as_state
from checker.operation import Operation

__all__ = ["Steps", "apply", "initial", "not_pure"]

_OURS: Final = "checker.models."
_DIFFERENTLY: Final = (
    "step() answered differently for the same state and operation: a model must be pure"
)
_ANSWER_BYTES: Final = 300
"""A remembered answer without its state: two tuples, and their place in the dictionary."""
_PERIOD: Final = 64
"""Answers that are asked for again between two looks at the clock."""


def apply(model: Model[Any], state: Any, operation: Operation) -> Any:
    """Take one step of a model; None if it is illegal.

    Raises:
        ModelError: the model raised, or returned what cannot be a state.
    """
    try:
        return as_state(model.step(state, operation))
    except CheckerError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError.raised(model.name, describe(operation), error) from error


def initial(model: Model[Any]) -> Any:
    """Ask a model for its first state.

    Raises:
        ModelError: the model raised, or returned what cannot be a state.
    """
    try:
        return as_state(model.init())
    except (Exception, SystemExit) as error:
        raise ModelError.raised(model.name, "init", error) from error


def not_pure(model: Model[Any], operation: Operation) -> ModelError:
    """Say of which operation a model told this first, and then that."""
    return ModelError(model.name, describe(operation), _DIFFERENTLY)


class Steps:
    """The steps of one model, during one search.

    Attributes:
        take: The state after an operation, or None; it raises as `apply` does, and `ModelError`
            if the model is doubted and answered something else before.
        is_doubted: Whether it is a model of your own.
    """

    def __init__(self, model: Model[Any]) -> None:
        self._model = model
        self._answers: dict[tuple[Any, int], tuple[Operation, Any]] = {}
        self.is_doubted = not type(model).__module__.startswith(_OURS)
        self.take: Callable[[Any, Operation], Any] = (
            self._remembered if self.is_doubted else partial(apply, model)
        )

    @property
    def bytes(self) -> int:
        """About what is remembered takes, without the states."""
        return len(self._answers) * _ANSWER_BYTES

    def confirm(self, is_over: Callable[[], bool]) -> bool:
        """Ask for everything once more; False if the search is over before that is done.

        Raises:
            ModelError: the model raised, or answers differently now.
        """
        for number, ((state, _), (operation, before)) in enumerate(self._answers.items(), 1):
            if number % _PERIOD == 0 and is_over():
                return False
            self._compare(before, apply(self._model, state, operation), operation)
        return True

    def _remembered(self, state: Any, operation: Operation) -> Any:
        after = apply(self._model, state, operation)
        _, before = self._answers.setdefault((state, operation.index), (operation, after))
        self._compare(before, after, operation)
        return after

    def _compare(self, before: Any, after: Any, operation: Operation) -> None:
        if before != after:
            raise not_pure(self._model, operation)
