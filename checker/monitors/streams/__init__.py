"""The monitor of event streams, piece by piece; `judge_streams` is its front."""

from checker.monitors.streams.monitor import judge_streams

__all__ = ["judge_streams"]
