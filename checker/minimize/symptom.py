"""How a history fails, and whether a part of it still fails so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Final

from msgspec.structs import replace

from checker.checking import Engine, check
from checker.checking.consistency import SEQUENTIAL
from checker.checking.sequentially import NON_SEQUENTIAL
from checker.errors import MalformedHistory
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.minimize.blame import Blame
from checker.minimize.blame_by_process import BlameByProcess
from checker.minimize.subhistory import Subhistories
from checker.minimize.support import unsupported
from checker.models import Model
from checker.operation import Operation
from checker.verdict import Anomaly, Verdict

__all__ = ["ANY_ORDER", "BudgetSpent", "Symptom"]

ANY_ORDER: Final = "non-linearizable"
"""What a search calls every violation. A monitor may call the same one, in a part, by its name."""
_SEARCHED: Final = frozenset({ANY_ORDER, NON_SEQUENTIAL})

_FAULT_SECONDS: Final = 2.0


class BudgetSpent(Exception):
    """There is no time left to ask."""


class Symptom:
    """Asks of parts of a history: does it fail in the same way?

    That is: an anomaly of the same name. Of one that a search found, any violation that is the
    whole history's own will do: every answer must still have something to come from
    (`checker.minimize.support`), and what was taken away must not have been what explained the rest
    (`checker.minimize.blame`, `checker.minimize.blame_by_process`).

    Args:
        history: The whole history.
        model: What judges it.
        anomaly: The name of what is wrong with it.
        consistency: The level that it is judged by; None is the model's own.
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
        history: History | RecordedHistory,
        model: Model[Any],
        anomaly: str,
        *,
        consistency: str | None = None,
        limits: Limits,
        engine: Engine,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.checks = 0
        self.doubt = ""
        self.undecided = ""
        self._history = history
        self._parts = Subhistories(history)
        self._model = model
        self._anomaly = anomaly
        self._consistency = consistency
        self._limits = limits
        self._engine: Engine = engine
        self._deadline = deadline
        self._clock = clock
        self._by_itself = anomaly in _SEARCHED

    def relax(self) -> bool:
        """Stop asking whether what was taken away explains the rest; False if nobody asked."""
        asked, self._by_itself = self._by_itself, False
        if asked:
            self.doubt = (
                "the history leaves too much possible to say that nothing taken away explains it"
            )
        return asked

    def part(self, kept: Iterable[int]) -> History:
        """Return the history of the operations with these indices."""
        return self._parts.of(kept)

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
        part = self._parts.of(kept)
        limits = replace(self._limits, timeout_seconds=min(self._limits.timeout_seconds, left))
        try:
            result = check(
                part,
                self._model,
                consistency=self._consistency,
                limits=limits,
                engine=self._engine,
            )
        except MalformedHistory:
            return None  # what is left makes no sense to the model: another fault, if one at all
        if result.verdict is Verdict.UNKNOWN:
            self.undecided = result.reason
        searched = self._anomaly in _SEARCHED
        same = (one for one in result.anomalies if searched or one.type == self._anomaly)
        anomaly = next(same, None)
        if anomaly is None or not searched:
            return anomaly
        operations = [self._history.operations[index] for index in sorted(set(kept))]
        return anomaly if self._is_the_wholes_own(operations, limits) else None

    @cached_property
    def _changes(self) -> Blame:
        return Blame(self._model, self._history.operations)

    @cached_property
    def _blame(self) -> Blame | BlameByProcess:
        if self._consistency == SEQUENTIAL:
            return BlameByProcess(self._model, self._history.operations)
        return self._changes

    def _is_the_wholes_own(self, operations: list[Operation], limits: Limits) -> bool:
        if any(map(self._changes.allowed, unsupported(self._model, operations) or ())):
            return False
        if not self._by_itself:
            return True
        seconds = min(limits.timeout_seconds, _FAULT_SECONDS)
        fault = self._blame.at_fault(operations, replace(limits, timeout_seconds=seconds))
        if fault is None:
            self.undecided = "it may be what was taken away that explained the rest"
        return bool(fault)
