"""A violation explained: the smallest part that fails so, as it went, and what would be legal."""

from checker.report.explain.evidence import (
    Explanation,
    Step,
    explain_anomaly,
    explain_dependencies,
)

__all__ = ["Explanation", "Step", "explain_anomaly", "explain_dependencies"]
