"""Trueorder's checker: was what clients observed linearizable? It knows nothing of any system."""

from checker.check import CancelToken, JudgeProgress, acheck, check, check_file
from checker.errors import (
    CheckerError,
    EngineUnavailable,
    MalformedHistory,
    ModelError,
    NothingToShrink,
    UnknownFormat,
    UnknownModel,
)
from checker.history.history import History, HistoryBuilder, NemesisEvent
from checker.history.recorded import RecordedHistory
from checker.limits import Limits
from checker.models import MODELS, Model, NondeterministicModel, Partition, model_named
from checker.operation import Operation, Outcome
from checker.verdict import Anomaly, CheckResult, PartitionResult, Verdict, worst

__all__ = [
    "MODELS",
    "Anomaly",
    "CancelToken",
    "CheckResult",
    "CheckerError",
    "EngineUnavailable",
    "History",
    "HistoryBuilder",
    "JudgeProgress",
    "Limits",
    "MalformedHistory",
    "Model",
    "ModelError",
    "NemesisEvent",
    "NondeterministicModel",
    "NothingToShrink",
    "Operation",
    "Outcome",
    "Partition",
    "PartitionResult",
    "RecordedHistory",
    "UnknownFormat",
    "UnknownModel",
    "Verdict",
    "acheck",
    "check",
    "check_file",
    "model_named",
    "worst",
]
