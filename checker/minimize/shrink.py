"""Delta debugging of histories: fewer operations that still fail in the same way.

The method is that of Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input"
(IEEE TSE 28(2), 2002): take away halves, then quarters, and in the end single operations, as long
as what is left fails in the same way. The result is 1-minimal: without any one of its operations,
it does not fail so. There may be a smaller one elsewhere in the history.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from checker.checking import Engine, check
from checker.errors import NothingToShrink
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.minimize.scopes import scopes
from checker.minimize.symptom import BudgetSpent, Symptom
from checker.models import Model, model_named
from checker.operation import Operation
from checker.result import CheckResult
from checker.verdict import Anomaly, Verdict

__all__ = ["BUDGET_SECONDS", "Minimized", "minimize"]

BUDGET_SECONDS: Final = 60.0


class Minimized(msgspec.Struct, frozen=True, kw_only=True):
    """A smaller history that fails in the same way.

    ``kept`` are the indices in the whole history of its operations, in order. ``anomaly`` is what
    is wrong with the small one, and its ``operations`` are indices into that; ``target`` is what is
    wrong with the part ``key`` of the whole. ``minimal``: without any one operation it does not
    fail so; if that is not known, ``reason`` says why. ``checks`` is how many parts were judged.
    """

    history: History
    kept: tuple[int, ...]
    anomaly: Anomaly
    target: Anomaly
    key: Any
    minimal: bool
    reason: str = ""
    checks: int


def minimize(
    history: History | RecordedHistory,
    model: str | Model[Any] = "stream",
    *,
    anomaly: str | None = None,
    result: CheckResult | None = None,
    consistency: str | None = None,
    limits: Limits | None = None,
    engine: Engine = "auto",
    budget_seconds: float = BUDGET_SECONDS,
    on_smaller: Callable[[Minimized], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Minimized:
    """Find a 1-minimal part of a history that fails in the same way.

    Args:
        history: What is in violation.
        model: A model's name, or a model.
        anomaly: The name of the anomaly to keep; by default the first one.
        result: The history's verdict, if it is known already.
        consistency: The level to judge by; by default that of ``result``, or the model's own.
        limits: What each check may cost.
        engine: Which engine searches.
        budget_seconds: When to stop with the smallest one found so far.
        on_smaller: Is told of each smaller history as soon as it is found.
        clock: Seconds.

    Raises:
        NothingToShrink: The history is not in violation, or has no anomaly of this name.
        MalformedHistory: The model cannot make sense of an operation.
        ModelError: A model of yours raised.
    """
    judge = model_named(model) if isinstance(model, str) else model
    limits = limits or Limits()
    deadline = clock() + budget_seconds
    if result is None:
        result = check(history, judge, consistency=consistency, limits=limits, engine=engine)
    target, key = _target(result, anomaly)
    symptom = Symptom(
        history,
        judge,
        target.type,
        consistency=result.consistency,
        limits=limits,
        engine=engine,
        deadline=deadline,
        clock=clock,
    )
    reduction = _Reduction(history, symptom, (target, key), on_smaller or _ignore)
    return reduction.run(lambda: scopes(history, judge, target, key))


def _target(result: CheckResult, name: str | None) -> tuple[Anomaly, Any]:
    if result.verdict is not Verdict.INVALID:
        raise NothingToShrink(f"the history is {result.verdict}", result.verdict)
    for part in result.partitions:
        for anomaly in part.anomalies:
            if name is None or anomaly.type == name:
                return anomaly, part.key
    found = ", ".join(sorted({anomaly.type for anomaly in result.anomalies})) or "none with a name"
    wanted = "anomaly" if name is None else f"{name!r}"
    raise NothingToShrink(f"the history has no {wanted}: found were {found}", result.verdict)


def _ignore(smaller: Minimized) -> None:
    del smaller


class _Reduction:
    """The smallest failing part so far, and how it gets smaller."""

    def __init__(
        self,
        history: History | RecordedHistory,
        symptom: Symptom,
        target: tuple[Anomaly, Any],
        on_smaller: Callable[[Minimized], None],
    ) -> None:
        self._history = history
        self._symptom = symptom
        self._on_smaller = on_smaller
        # Until a part has been seen to fail, the whole history is all that is known to.
        self._kept = list(range(len(history)))
        self._target, self._key = target
        self._anomaly = self._target
        self._undecided = ""

    def run(self, scopes: Callable[[], Iterable[Iterable[int]]]) -> Minimized:
        try:
            if self._begin(scopes()) or (self._symptom.relax() and self._begin(scopes())):
                for group_of in (_key, _process, _value):
                    self._drop_groups(group_of)
                self._drop_operations()
            else:
                self._undecided = self._undecided or "judged again, it did not fail in the same way"
        except BudgetSpent:
            return self._found(minimal=False, reason="the budget was spent")
        reason = self._undecided or self._symptom.doubt
        return self._found(minimal=not reason, reason=reason)

    def _begin(self, scopes: Iterable[Iterable[int]]) -> bool:
        return any(self._fails(sorted(set(scope))) for scope in scopes)

    def _fails(self, kept: list[int]) -> bool:
        """Take a part if it fails in the same way."""
        anomaly = self._symptom.shown_by(kept)
        if self._symptom.undecided:
            self._undecided = f"some parts were not decided: {self._symptom.undecided}"
        if anomaly is None:
            return False
        self._kept, self._anomaly = kept, anomaly
        self._on_smaller(self._found(minimal=False, reason="it was stopped"))
        return True

    def _drop_groups(self, group_of: Callable[[Operation], Any]) -> None:
        """Drop what belongs together at once: a value, say, with all that wrote and read it."""
        groups: dict[bytes, list[int]] = {}
        for index in self._kept:
            name = msgspec.json.encode(group_of(self._history.operations[index]))
            groups.setdefault(name, []).append(index)
        if 1 < len(groups) < len(self._kept):
            size = len(groups) // 2
            left = list(groups.values())
            while size:
                left = self._drop_chunks(left, size)
                size //= 2

    def _drop_operations(self) -> None:
        size = max(1, len(self._kept) // 2)
        while True:
            self._undecided = ""
            before = len(self._kept)
            self._drop_chunks([[index] for index in self._kept], size)
            if size == 1 and len(self._kept) == before:
                return
            size = max(1, size // 2)

    def _drop_chunks(self, groups: list[list[int]], size: int) -> list[list[int]]:
        """Try to do without each ``size`` groups in turn; return the groups that are left."""
        left: list[list[int]] = []
        for place in range(0, len(groups), size):
            chunk = groups[place : place + size]
            if not self._fails_without({index for group in chunk for index in group}):
                left += chunk
        return left

    def _fails_without(self, dropped: set[int]) -> bool:
        rest = [index for index in self._kept if index not in dropped]
        return 0 < len(rest) < len(self._kept) and self._fails(rest)

    def _found(self, *, minimal: bool, reason: str) -> Minimized:
        return Minimized(
            history=self._symptom.part(self._kept),
            kept=tuple(self._kept),
            anomaly=self._anomaly,
            target=self._target,
            key=self._key,
            minimal=minimal,
            reason="" if minimal else reason,
            checks=self._symptom.checks,
        )


def _key(operation: Operation) -> Any:
    return operation.key


def _process(operation: Operation) -> Any:
    return operation.process


def _value(operation: Operation) -> Any:
    return operation.output if operation.value is None else operation.value
