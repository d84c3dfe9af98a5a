"""How a history fails, and whether a part of it still fails so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from checker.check import Engine, check
from checker.errors import MalformedHistory
from checker.history.history import History
from checker.limits import Limits
from checker.minimize.lenient import at_fault
from checker.minimize.subhistory import subhistory
from checker.minimize.support import supported
from checker.models import Model
from checker.verdict import Anomaly, Verdict

__all__ = ["ANY_ORDER", "BudgetSpent", "Symptom"]

ANY_ORDER: Final = "non-linearizable"
"""What a search calls every violation. A monitor may call the same one, in a part, by its name."""

_FAULT_SECONDS: Final = 5.0


class BudgetSpent(Exception):
    """There is no time left to ask."""


class Symptom:
    """Asks of parts of a history: does it fail in the same way?

    That is: an anomaly of the same name. Of one that a search found, any violation that is the
    whole history's own will do: every answer must still have something to come from
    (`checker.minimize.support`), and what was taken away must not have been what explained the rest
    (`checker.minimize.lenient`).

    Args:
        history: The whole history.
        model: What judges it.
        anomaly: The name of what is wrong with it.
        limits: What one check may cost.
        engine: Which engine searches.
        deadline: When the last check must have ended, on ``clock``.
        clock: Seconds.

    Attributes:
        checks: How many parts were judged.
        doubt: Why a part that fails may be another violation than the whole's; empty if it is not.
        undecided: Why the last part that was asked about was not decided; empty if it was.
    """

    def __init__(
        self,
        history: History,
        model: Model[Any],
        anomaly: str,
        *,
        limits: Limits,
        engine: Engine,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.checks = 0
        self.undecided = ""
        self._history = history
        self._model = model
        self._anomaly = anomaly
        self._limits = limits
        self._engine: Engine = engine
        self._deadline = deadline
        self._clock = clock
        self._owed: frozenset[int] | None = None
        self._by_itself = False
        if anomaly == ANY_ORDER:
            self._owed = supported(model, history.operations)
            # Too hard a question about the whole is not asked about its parts either.
            self._by_itself = bool(self._at_fault(range(len(history)), limits))
        self.doubt = ""
        if anomaly == ANY_ORDER and not self._by_itself:
            self.doubt = "the history is too long to say that nothing taken away explains the rest"

    def shown_by(self, kept: Iterable[int]) -> Anomaly | None:
        """Return the anomaly if the operations with these indices fail so; they are told anew.

        Raises:
            BudgetSpent: The time is up.
            ModelError: The model raised.
        """
        left = self._deadline - self._clock()
        if left <= 0:
            raise BudgetSpent
        self.checks += 1
        self.undecided = ""
        indices = sorted(set(kept))
        limits = replace(self._limits, timeout_seconds=min(self._limits.timeout_seconds, left))
        try:
            result = check(
                subhistory(self._history, indices), self._model, limits=limits, engine=self._engine
            )
        except MalformedHistory:
            return None  # what is left makes no sense to the model: another fault, if one at all
        if result.verdict is Verdict.UNKNOWN:
            self.undecided = result.reason
        same = (a for a in result.anomalies if self._anomaly in (a.type, ANY_ORDER))
        anomaly = next(same, None)
        if anomaly is None or not self._is_supported(indices):
            return None
        if self._by_itself:
            fault = self._at_fault(indices, limits)
            if fault is None:
                self.undecided = "it may be what was taken away that explained the rest"
            return anomaly if fault else None
        return anomaly

    def _is_supported(self, indices: Sequence[int]) -> bool:
        if self._owed is None:
            return True
        operations = [self._history.operations[index] for index in indices]
        answers = supported(self._model, operations)
        return answers is None or all(index in answers for index in indices if index in self._owed)

    def _at_fault(self, indices: Sequence[int], limits: Limits) -> bool | None:
        seconds = min(limits.timeout_seconds, _FAULT_SECONDS)
        return at_fault(
            self._model,
            self._history.operations,
            set(indices),
            replace(limits, timeout_seconds=seconds),
        )
