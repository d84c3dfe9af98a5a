"""The monitor of event streams, piece by piece; `judge_streams` is its front."""

from checker.monitors.streams.monitor import judge_streams, judge_streams_by_process
from checker.monitors.streams.words import explain

__all__ = ["explain", "judge_streams", "judge_streams_by_process"]
