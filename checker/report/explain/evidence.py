"""What there is to say about one anomaly: from the history to `Explanation`, which reports draw."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from checker.checking.consistency import LINEARIZABLE, SEQUENTIAL, judge_level
from checker.engine import explanation, reference
from checker.engine.stepping import apply
from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.minimize import Minimized
from checker.models import Model, Partition, TransactionModel
from checker.models.describe import describe, shorten
from checker.monitors import MONITORS
from checker.operation import Operation
from checker.report.anomaly_definitions import AnomalyDefinition, definition_of
from checker.report.explain.by_process import LegalOrder, found_by_process, legal_order
from checker.report.explain.legal import legal_answers
from checker.report.explain.step import STATE_CHARACTERS, Step
from checker.verdict import Anomaly, Dependency, Verdict

__all__ = ["STEPS_MAX", "Explanation", "explain_anomaly"]

STEPS_MAX: Final = 24
"""Operations up to which a part is drawn and searched."""
_SEARCH: Final = Limits(timeout_seconds=2.0, memory_bytes=256 * 1024**2)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why one part of a history is in violation. Operations are indices into the whole history.

    ``operations`` is the smallest failing part that was found; ``minimal`` says that it fails only
    with all of them. ``longest_order`` is the longest legal order of these, ``initial`` the state
    before it, ``blocked`` the operation that no order reaches, and ``legal_answers`` what could
    have been answered to it (those that the history knows of).
    """

    model: str
    key: Any
    anomaly: str
    sentence: str
    definitions: tuple[AnomalyDefinition, ...]
    operations: tuple[int, ...]
    minimal: bool
    initial: str = ""
    longest_order: tuple[Step, ...] = ()
    blocked: int | None = None
    legal_answers: tuple[str, ...] = ()
    cycle: tuple[Dependency, ...] = ()


def _explain_transactions(
    history: History | RecordedHistory,
    model: TransactionModel[Any],
    smallest: Minimized,
    consistency: str,
) -> Explanation:
    """Say all there is to say of transactions that cannot be isolated as they should be.

    Args:
        history: The whole history.
        model: What judged it.
        smallest: A small part that fails in the same way.
        consistency: The level that it was judged by.
    """
    told, kept = smallest.target, set(smallest.kept)
    if kept != set(told.operations):
        operations = [history.operations[index] for index in smallest.kept]
        told = _transactions_again(history, model, operations, consistency, told.type) or told
    plain = _plain(model, smallest, told)
    named = set(told.operations)
    if named <= kept:
        return plain
    return msgspec.structs.replace(plain, operations=tuple(sorted(named)), minimal=False)


def explain_anomaly(
    history: History | RecordedHistory,
    model: Model[Any],
    smallest: Minimized,
    consistency: str = LINEARIZABLE,
) -> Explanation:
    """Say all there is to say about one anomaly.

    Args:
        history: The whole history.
        model: What judged it.
        smallest: A small part that fails in the same way.
        consistency: The level that it was judged by.

    Raises:
        ModelError: The model raised.
    """
    if isinstance(model, TransactionModel):
        return _explain_transactions(history, model, smallest, consistency)
    by_process = consistency == SEQUENTIAL
    operations = [history.operations[index] for index in smallest.kept]
    told = smallest.target
    if by_process or not set(smallest.kept) <= set(told.operations):
        again = found_by_process if by_process else _judged_again
        told = again(model, operations, smallest.anomaly.type) or told
    plain = _plain(model, smallest, told)
    if len(operations) > STEPS_MAX:
        return plain
    if by_process:
        order = legal_order(model, operations)
        return plain if order is None else _with_steps(plain, order)
    for part in model.partition(operations):
        outcome = reference.search(part.model, part.operations, _SEARCH)
        if outcome.verdict is Verdict.INVALID:
            return _with_order(plain, part, outcome.longest_prefix, outcome.blocked, history)
    return plain


def _plain(model: Model[Any], smallest: Minimized, told: Anomaly) -> Explanation:
    return Explanation(
        model=model.name,
        key=smallest.key,
        anomaly=told.type,
        sentence=told.explanation,
        definitions=definition_of(told.type, model.name) or definition_of(told.type),
        operations=smallest.kept,
        minimal=smallest.minimal,
        cycle=told.cycle,
    )


def _with_steps(plain: Explanation, order: LegalOrder) -> Explanation:
    return msgspec.structs.replace(
        plain, initial=order.initial, longest_order=order.steps, blocked=order.blocked
    )


def _transactions_again(
    history: History | RecordedHistory,
    model: TransactionModel[Any],
    operations: Sequence[Operation],
    level: str,
    kind: str,
) -> Anomaly | None:
    """Find the anomaly in a part of the history, in terms of the whole history's indices."""
    part = History(operations=tuple(operations), header=history.header, source=history.source)
    result = judge_level(model, part, level, _SEARCH, time.monotonic, None)
    return next((anomaly for anomaly in result.anomalies if anomaly.type == kind), None)


def _judged_again(model: Model[Any], operations: Sequence[Operation], kind: str) -> Anomaly | None:
    """Find the anomaly in a part of the history, in terms of the whole history's indices."""
    for part in model.partition(operations):
        monitor = MONITORS.get(type(part.model))
        if monitor is not None:
            anomalies = monitor(part.model, part.operations).anomalies
            same = next((anomaly for anomaly in anomalies if anomaly.type == kind), None)
            if same is not None:
                return same
        outcome = reference.search(part.model, part.operations, _SEARCH)
        if outcome.verdict is Verdict.INVALID:
            return explanation.explain(part.model, part.operations, outcome)
    return None


def _with_order(
    plain: Explanation,
    part: Partition,
    order: Sequence[int],
    blocked: int | None,
    history: History | RecordedHistory,
) -> Explanation:
    known = {operation.index: operation for operation in part.operations}
    state = part.model.init()
    initial = shorten(str(state), STATE_CHARACTERS)
    steps = []
    for index in order:
        state = apply(part.model, state, known[index])
        steps.append(
            Step(
                operation=index,
                does=describe(known[index]),
                state=shorten(str(state), STATE_CHARACTERS),
            )
        )
    answers = () if blocked is None else legal_answers(part, known[blocked], history)
    return msgspec.structs.replace(
        plain, initial=initial, longest_order=tuple(steps), blocked=blocked, legal_answers=answers
    )
