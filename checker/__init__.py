"""Trueorder's checker: was what clients observed linearizable? It knows nothing of any system."""

from checker.errors import (
    CheckerError,
    EngineUnavailable,
    MalformedHistory,
    ModelError,
    UnknownFormat,
    UnknownModel,
)
from checker.history.history import History, HistoryBuilder, NemesisEvent
from checker.limits import Limits
from checker.operation import Operation, Outcome
from checker.verdict import Anomaly, CheckResult, PartitionResult, Verdict, worst

__all__ = [
    "Anomaly",
    "CheckResult",
    "CheckerError",
    "EngineUnavailable",
    "History",
    "HistoryBuilder",
    "Limits",
    "MalformedHistory",
    "ModelError",
    "NemesisEvent",
    "Operation",
    "Outcome",
    "PartitionResult",
    "UnknownFormat",
    "UnknownModel",
    "Verdict",
    "worst",
]
