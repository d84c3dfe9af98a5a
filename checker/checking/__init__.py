"""The front door: `check` a history, `check_file` a file, `acheck` without blocking a loop."""

from checker.checking.asynchronous import acheck
from checker.checking.consistency import consistency_of
from checker.checking.front import ENGINES, Engine, check, check_file
from checker.engine.native_judge import CancelToken, JudgeProgress

__all__ = [
    "ENGINES",
    "CancelToken",
    "Engine",
    "JudgeProgress",
    "acheck",
    "check",
    "check_file",
    "consistency_of",
]
