"""One property of a run: the claim, its verdict, and the evidence for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from checker import Anomaly, Operation, Verdict
from checker.delivery import Finding

__all__ = ["ANOMALIES_MAX", "OperationsOfEvents", "Property", "anomalies_of", "from_findings"]

ANOMALIES_MAX: Final = 50
"""The most anomalies a property carries; a broken relay would name every event of the run."""

OperationsOfEvents = Mapping[str, tuple[int, ...]]
"""The append operations that carried an event id, by that id."""


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """A claim about a run, judged.

    ``name`` is stable and short, ``title`` is the claim in words, ``sentence`` what the verdict
    rests on (for an unknown: why, and what to do). ``anomalies_total`` also counts those beyond
    `ANOMALIES_MAX`.
    """

    name: str
    title: str
    verdict: Verdict
    sentence: str
    anomalies: tuple[Anomaly, ...] = ()
    anomalies_total: int = 0
    anomaly_types: tuple[str, ...] = ()


def appends_by_event(operations: Iterable[Operation]) -> dict[str, tuple[int, ...]]:
    """Find the append operations of every event id, so that a finding can point at them."""
    found: dict[str, tuple[int, ...]] = {}
    for operation in operations:
        if operation.f == "append":
            for event_id in operation.value["ids"]:
                found[event_id] = (*found.get(event_id, ()), operation.index)
    return found


def anomalies_of(
    findings: Iterable[Finding], operations: OperationsOfEvents
) -> tuple[Anomaly, ...]:
    """Turn findings into anomalies: their own operations, then the appends of their events."""
    anomalies = []
    for finding in findings:
        of_events = [index for event_id in finding.ids for index in operations.get(event_id, ())]
        indices = dict.fromkeys((*finding.operations, *of_events))
        anomalies.append(
            Anomaly(
                type=finding.type,
                operations=tuple(indices),
                explanation=finding.explanation,
            )
        )
    return tuple(anomalies)


def from_findings(
    name: str,
    title: str,
    sentence: str,
    findings: Iterable[Finding],
    operations: OperationsOfEvents,
) -> Property:
    """Make a property that is valid exactly when nothing was found."""
    anomalies = anomalies_of(findings, operations)
    return Property(
        name=name,
        title=title,
        verdict=Verdict.INVALID if anomalies else Verdict.VALID,
        sentence=sentence,
        anomalies=anomalies[:ANOMALIES_MAX],
        anomalies_total=len(anomalies),
        anomaly_types=tuple(dict.fromkeys(anomaly.type for anomaly in anomalies)),
    )
