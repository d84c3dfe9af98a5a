"""The native judge: a whole history decided by ``checker._native``, monitors and searches alike.

It knows the models that `checker.models.MODELS` names and the core has; of a history it makes only
those operations that an explanation needs. What it finds is put into words here.
"""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

import msgspec

from checker import _native
from checker._native import CancelToken, JudgeProgress, PartReport, PartReports
from checker.engine import explanation
from checker.engine.outcome import SearchOutcome
from checker.engine.undecided import Reach, monitor_undecided, undecided
from checker.errors import MalformedHistory
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.models import MODELS, Kv, Model, MultiRegister, Register, Stream
from checker.models.describe import describe
from checker.operation import Operation
from checker.result import PartColumns, Partitions
from checker.verdict import Anomaly, PartitionResult, Verdict

__all__ = [
    "CancelToken",
    "Explain",
    "JudgeProgress",
    "Judged",
    "judge",
    "judge_by_process",
    "supports",
    "supports_processes",
]

Explain = Callable[[str, Sequence[Operation]], str]
"""Says in one sentence what is wrong, from an anomaly's name and operations."""


class Judged(NamedTuple):
    """What became of a history's parts."""

    parts: Partitions
    peak_bytes: int | None
    """The most bytes that a search kept."""
    decided: float
    """When the last part was decided; findings are put into words when they are asked for."""


_JUDGED: Final[Mapping[type[Model[Any]], str]] = MappingProxyType(
    {MODELS[name]: name for name in _native.judged_models() if name in MODELS}
)


def supports(model: Model[Any]) -> bool:
    """Say whether the native judge has this model; one of your own it has not."""
    if type(model) not in _JUDGED or (isinstance(model, Stream) and (model.whole or model.hints)):
        return False
    takes_initial = isinstance(model, Register | Kv | MultiRegister)
    return takes_initial or getattr(model, "initial", None) is None


def judge(
    model: Model[Any],
    history: RecordedHistory,
    limits: Limits,
    *,
    explain: Explain | None = None,
    cancel: CancelToken | None = None,
    on_progress: Callable[[JudgeProgress], object] | None = None,
    on_stopped: Callable[[Partitions], object] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Judged:
    """Judge a history; return each part's verdict, and the most bytes that a search kept.

    ``explain`` has the words for what the model's monitor finds. ``on_stopped`` is given the parts
    that were decided when Ctrl-C or what ``on_progress`` raises ended the judgement.

    Raises:
        MalformedHistory: an operation is none of the model's.
    """
    parts = _Parts(model, history.operations, limits, explain or _explain)

    def stopped(reports: PartReports) -> None:
        if on_stopped is not None:
            on_stopped(parts.results(reports))

    try:
        reports = _native.judge(
            history.native,
            _JUDGED[type(model)],
            options=_options(model),
            timeout_seconds=limits.timeout_seconds,
            memory_bytes=limits.memory_bytes,
            jobs=limits.jobs or os.cpu_count() or 1,
            cancel=cancel,
            on_progress=on_progress,
            stopped=stopped,
        )
    except _native.MalformedOperation as malformed:
        raise _malformed(malformed, history) from None
    return Judged(parts.results(reports), reports.peak_bytes, clock())


def supports_processes(model: Model[Any]) -> bool:
    """Say whether the native judge decides the sequential consistency of one of these objects."""
    return supports(model) and _JUDGED[type(model)] in _native.process_models()


def judge_by_process(
    model: Model[Any],
    history: RecordedHistory,
    limits: Limits,
    *,
    explain: Explain | None = None,
    cancel: CancelToken | None = None,
) -> list[PartitionResult | str]:
    """Ask of each object whether it is sequentially consistent; a text is why a search must decide.

    Raises:
        MalformedHistory: an operation is none of the model's.
    """
    parts = _Parts(model, history.operations, limits, explain or _explain)
    try:
        answers = _native.judge_by_process(
            history.native,
            _JUDGED[type(model)],
            options=_options(model),
            timeout_seconds=limits.timeout_seconds,
            memory_bytes=limits.memory_bytes,
            jobs=limits.jobs or os.cpu_count() or 1,
            cancel=cancel,
        )
    except _native.MalformedOperation as malformed:
        raise _malformed(malformed, history) from None
    return [answer if isinstance(answer, str) else parts.result(answer) for answer in answers]


def _malformed(malformed: _native.MalformedOperation, history: RecordedHistory) -> MalformedHistory:
    """The error that an operation is none of the model's, with its line."""
    reason, row = malformed.args
    operation = None if row is None else history.operations[row]
    return MalformedHistory(
        reason,
        source=history.source,
        line=None if operation is None else operation.line,
        operation=None if operation is None else describe(operation),
    )


def _options(model: Model[Any]) -> str:
    """Return the options of a model's constructor as JSON; ``initial`` is the only one."""
    initial = getattr(model, "initial", None)
    return msgspec.json.encode({} if initial is None else {"initial": initial}).decode()


_VERDICTS: Final = {verdict.value: verdict for verdict in Verdict}
"""By name; an enumeration's own call takes as long as all else that is said of a part."""

_IS_UNKNOWN: Final = bytes(severity == Verdict.UNKNOWN.severity for severity in range(256))
"""A table for ``bytes.translate``."""


class _Parts:
    """Puts the reports on a history's parts into words."""

    def __init__(
        self,
        model: Model[Any],
        operations: Sequence[Operation],
        limits: Limits,
        explain: Explain,
    ) -> None:
        self._model = model
        self._explain = explain
        self._operations = operations
        self._limits = limits

    def results(self, reports: PartReports) -> Partitions:
        """All parts; each is put into words when it is asked for."""
        severities = reports.severities
        columns = PartColumns(
            severities=severities,
            undecided=severities.translate(_IS_UNKNOWN),
            operations=_numbers("Q", reports.operations),
            configurations=_numbers("Q", reports.configurations),
            algorithms=tuple(_algorithm(monitor, why) for monitor, why in reports.algorithms),
        )
        return Partitions(columns, lambda place: self.result(reports[place]))

    def result(self, report: PartReport) -> PartitionResult:
        verdict = _VERDICTS[report.verdict]
        return PartitionResult(
            key=report.key,
            verdict=verdict,
            algorithm=_algorithm(report.monitor, report.why),
            operations=report.operations,
            seconds=report.seconds,
            reason=self._reason(report),
            anomalies=self._anomalies(report) if verdict is Verdict.INVALID else (),
            witness=_numbers("I", report.order) if verdict is Verdict.VALID else None,
            configurations=report.configurations,
        )

    def _reason(self, report: PartReport) -> str:
        if report.limit is None:
            return ""
        if report.monitor is not None:
            return monitor_undecided(report.limit, report.stopped, self._limits)
        placed = len(report.order) // array("I").itemsize
        blocked = None if report.blocked is None else self._operations[report.blocked]
        reach = Reach(report.configurations, placed, report.operations, blocked)
        return undecided(report.limit, reach, self._limits)

    def _anomalies(self, report: PartReport) -> tuple[Anomaly, ...]:
        if not report.certificates:
            return self._searched(report)
        return tuple(self._anomaly(name, rows) for name, rows in report.certificates)

    def _anomaly(self, name: str, rows: Sequence[int]) -> Anomaly:
        operations = [self._operations[row] for row in rows]
        return Anomaly(
            type=name,
            operations=tuple(operation.index for operation in operations),
            explanation=self._explain(name, operations),
        )

    def _searched(self, report: PartReport) -> tuple[Anomaly, ...]:
        operations = [self._operations[row] for row in _numbers("I", report.rows)]
        outcome = SearchOutcome(
            verdict=Verdict.INVALID,
            longest_prefix=tuple(_numbers("I", report.order)),
            blocked=report.blocked,
        )
        anomaly = explanation.explain(self._model, operations, outcome)
        return () if anomaly is None else (anomaly,)


def _explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say it for a model whose anomalies have no words of their own."""
    shown = ", ".join(f"[{describe(operation)}]" for operation in operations)
    return f"No order explains these operations together ({anomaly}): {shown}."


def _algorithm(monitor: str | None, why: str) -> str:
    if monitor is not None:
        return monitor
    return f"search: native ({why})" if why else "search: native"


def _numbers(kind: Literal["I", "Q"], data: bytes) -> array[int]:
    numbers = array(kind)
    numbers.frombytes(data)
    return numbers
