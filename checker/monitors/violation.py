"""A violation before it is put into words: a name, and the operations that exclude every order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from checker.monitors.outcome import MonitorOutcome
from checker.operation import Operation
from checker.verdict import Anomaly

__all__ = ["Found", "Violation", "outcome", "sentence"]


class Violation(NamedTuple):
    """What is wrong, with the operations in the order in which they are best told."""

    anomaly: str
    operations: tuple[Operation, ...]


Found = list[Operation] | Violation | str
"""A legal order, a violation, or why the search must decide."""


def outcome(
    algorithm: str, found: Found, explain: Callable[[str, Sequence[Operation]], str]
) -> MonitorOutcome:
    """Answer what was found; ``explain`` puts a violation into words."""
    if isinstance(found, str):
        return MonitorOutcome(algorithm=algorithm, undecided=found)
    if isinstance(found, Violation):
        anomaly = Anomaly(
            type=found.anomaly,
            operations=tuple(operation.index for operation in found.operations),
            explanation=explain(found.anomaly, found.operations),
        )
        return MonitorOutcome(algorithm=algorithm, anomalies=(anomaly,))
    return MonitorOutcome(
        algorithm=algorithm, witness=tuple(operation.index for operation in found)
    )


def sentence(words: str) -> str:
    """Write words with a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."
