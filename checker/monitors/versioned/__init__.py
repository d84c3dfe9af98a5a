"""The monitor of versioned key-value stores, piece by piece; `judge_versioned` is its front."""

from checker.monitors.versioned.monitor import judge_versioned, judge_versioned_by_process
from checker.monitors.versioned.words import explain

__all__ = ["explain", "judge_versioned", "judge_versioned_by_process"]
