"""When two values are the same: canonical JSON.

``1``, ``1.0``, ``true`` and ``"1"`` are four different values; the order of an object's members
does not matter, that of an array's elements does.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["canonical_json"]

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: Any) -> str:
    """Return the text that all equal JSON values share, and no others.

    Raises:
        TypeError: the value is not JSON.
    """
    return _ENCODER.encode(value)
