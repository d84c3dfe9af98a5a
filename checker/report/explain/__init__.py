"""A violation explained: the smallest part that fails so, as it went, and what would be legal."""

from checker.report.explain.evidence import Explanation, explain_anomaly
from checker.report.explain.step import Step

__all__ = ["Explanation", "Step", "explain_anomaly"]
