"""Trueorder's checker: was what clients observed linearizable? It knows nothing of any system.

Names are imported when they are first asked for (PEP 562): a program that records histories pays
for no monitor, and ``checker --version`` for next to nothing.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from checker.checking import CancelToken, JudgeProgress, check, check_file
    from checker.checking.asynchronous import acheck
    from checker.errors import (
        CheckerError,
        EngineUnavailable,
        HistoryTooLarge,
        MalformedHistory,
        ModelError,
        NothingToShrink,
        UnknownFormat,
        UnknownModel,
    )
    from checker.history.history import History, HistoryBuilder, NemesisEvent
    from checker.history.recorded import RecordedHistory
    from checker.history.recorder import RecordedOperation, Recorder, RecordingBroken, Session
    from checker.limits import Limits
    from checker.models import MODELS, Model, NondeterministicModel, Partition, model_named
    from checker.operation import Operation, Outcome
    from checker.result import CheckResult, Partitions
    from checker.verdict import Anomaly, PartitionResult, Verdict, worst

__all__ = [
    "MODELS",
    "Anomaly",
    "CancelToken",
    "CheckResult",
    "CheckerError",
    "EngineUnavailable",
    "History",
    "HistoryBuilder",
    "HistoryTooLarge",
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
    "Partitions",
    "RecordedHistory",
    "RecordedOperation",
    "Recorder",
    "RecordingBroken",
    "Session",
    "UnknownFormat",
    "UnknownModel",
    "Verdict",
    "acheck",
    "check",
    "check_file",
    "model_named",
    "worst",
]

_HOMES: Final = MappingProxyType(
    {
        "checker.checking": "CancelToken JudgeProgress check check_file",
        "checker.checking.asynchronous": "acheck",
        "checker.errors": (
            "CheckerError EngineUnavailable HistoryTooLarge MalformedHistory ModelError "
            "NothingToShrink UnknownFormat UnknownModel"
        ),
        "checker.history.history": "History HistoryBuilder NemesisEvent",
        "checker.history.recorded": "RecordedHistory",
        "checker.history.recorder": "RecordedOperation Recorder RecordingBroken Session",
        "checker.limits": "Limits",
        "checker.models": "MODELS Model NondeterministicModel Partition model_named",
        "checker.operation": "Operation Outcome",
        "checker.result": "CheckResult Partitions",
        "checker.verdict": "Anomaly PartitionResult Verdict worst",
    }
)
"""Where each name is defined; a test holds that these are the names of ``__all__``."""
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names.split()}


if not TYPE_CHECKING:  # a type checker would take every name for one of these

    def __getattr__(name: str) -> Any:
        """Import one of the names in ``__all__``, once.

        Raises:
            AttributeError: There is no such name.
        """
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(home), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
