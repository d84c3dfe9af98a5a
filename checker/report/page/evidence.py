"""Anomalies as people read them: numbered, each with the operations that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from checker.history.history import History
from checker.operation import Operation, Outcome
from checker.report.page.clock import Clock
from checker.report.page.cycle import CycleDrawing, draw_cycle
from checker.report.page.lanes import Lanes
from checker.report.page.section import Section
from checker.report.page.wording import label_text, span_text, value_text
from checker.result import CheckResult
from checker.verdict import Anomaly, Dependency

__all__ = [
    "ANOMALIES_MAX",
    "AnomalyView",
    "OperationView",
    "anomaly_views",
    "found_anomalies",
    "tally_of",
]

ANOMALIES_MAX: Final = 50
"""Anomalies written out; more of them are counted, not told."""
OPERATIONS_MAX: Final = 40
_VALUE_CHARACTERS_MAX: Final = 400


class OperationView(msgspec.Struct, frozen=True, kw_only=True):
    """One operation as a row of text."""

    index: int
    client: str
    process: str
    f: str
    key: str
    request: str
    answer: str
    outcome: Outcome
    begin: str
    took: str


class AnomalyView(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly: ``claim`` is the property that it refutes, ``indices`` all its operations.

    ``cycle`` are its dependencies, if it has some, and ``drawing`` shows them where they are few.
    """

    number: int
    type: str
    claim: str
    explanation: str
    indices: tuple[int, ...]
    operations: tuple[OperationView, ...]
    cycle: tuple[Dependency, ...]
    drawing: CycleDrawing | None

    @property
    def hidden(self) -> int:
        """How many of its operations are not written out."""
        return len(self.indices) - len(self.operations)


def anomaly_views(
    history: History, clock: Clock, lanes: Lanes, found: Sequence[tuple[str, Anomaly]]
) -> tuple[AnomalyView, ...]:
    """The first anomalies of those found, each given with the claim that it refutes."""
    views = []
    for number, (claim, anomaly) in enumerate(found[:ANOMALIES_MAX], start=1):
        within = [index for index in anomaly.operations if 0 <= index < len(history)]
        views.append(
            AnomalyView(
                number=number,
                type=anomaly.type,
                claim=claim,
                explanation=anomaly.explanation,
                indices=tuple(within),
                cycle=anomaly.cycle,
                drawing=draw_cycle(anomaly.cycle),
                operations=tuple(
                    _operation_view(history.operations[index], clock, lanes)
                    for index in within[:OPERATIONS_MAX]
                ),
            )
        )
    return tuple(views)


def found_anomalies(
    result: CheckResult, claim: str, sections: Sequence[Section]
) -> Iterator[tuple[str, Anomaly]]:
    """Every anomaly with its claim: the checker's own first, then section by section."""
    yield from ((claim, anomaly) for anomaly in result.anomalies)
    for section in sections:
        yield from ((section.title, anomaly) for anomaly in section.anomalies)


def tally_of(found: Sequence[tuple[str, Anomaly]]) -> tuple[tuple[str, int], ...]:
    """How many anomalies there are of each type, the most frequent first."""
    return tuple(Counter(anomaly.type for _, anomaly in found).most_common())


def _operation_view(operation: Operation, clock: Clock, lanes: Lanes) -> OperationView:
    begin, end = clock.begin(operation), clock.end(operation)
    if clock.timed:
        when = f"{begin / 10**9:,.6f} s"
        took = "never answered" if end is None else span_text(end - begin)
    else:
        when = f"event {begin:,}"
        took = "never answered" if end is None else f"until event {end:,}"
    return OperationView(
        index=operation.index,
        client=lanes.names[lanes.of_process[operation.process]],
        process=str(operation.process),
        f=operation.f,
        key="" if operation.key is None else label_text(operation.key, _VALUE_CHARACTERS_MAX),
        request="" if operation.value is None else _short(operation.value),
        answer=_answer(operation),
        outcome=operation.outcome,
        begin=when,
        took=took,
    )


def _answer(operation: Operation) -> str:
    if operation.outcome is Outcome.OK:
        return _short(operation.output)
    return "" if operation.error is None else _short(operation.error)


def _short(value: object) -> str:
    return value_text(value, _VALUE_CHARACTERS_MAX)
