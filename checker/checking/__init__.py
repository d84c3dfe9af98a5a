"""The front door: `check` a history, `check_file` a file.

`checker.checking.asynchronous` has `acheck`, which blocks no loop and imports asyncio.
"""

from checker.checking.consistency import consistency_of
from checker.checking.front import ENGINES, Engine, check, check_file
from checker.engine.native_judge import CancelToken, JudgeProgress

__all__ = [
    "ENGINES",
    "CancelToken",
    "Engine",
    "JudgeProgress",
    "check",
    "check_file",
    "consistency_of",
]
