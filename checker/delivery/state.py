"""A read model against the fold of the log it claims to have applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from checker.delivery.finding import Finding

__all__ = ["check_state"]

_ABSENT: Final = object()


def check_state(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Compare a read model's rows with what the fold of the log gives, row by row.

    Both map a row's key to its JSON value. Finds ``read-model-mismatch``.
    """
    findings = []
    for key in sorted(expected.keys() | actual.keys()):
        wanted = expected.get(key, _ABSENT)
        found = actual.get(key, _ABSENT)
        if wanted == found:
            continue
        if found is _ABSENT:
            difference = f"row {key} is missing; the fold of the log gives {wanted}"
        elif wanted is _ABSENT:
            difference = f"row {key} is {found}; the log has nothing for it"
        else:
            difference = f"row {key} is {found}; the fold of the log gives {wanted}"
        findings.append(Finding(type="read-model-mismatch", explanation=difference))
    return tuple(findings)
