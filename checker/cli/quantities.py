"""Durations and sizes as people write them: ``60s``, ``500ms``, ``2m``, ``4GiB``, ``512MB``."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse_bytes", "parse_seconds"]

_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_SECONDS: Final = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES: Final = {"": 1, "b": 1} | {
    f"{prefix}{suffix}": base**power
    for power, prefix in enumerate("kmgt", start=1)
    for suffix, base in (("b", 1000), ("ib", 1024))
}


def parse_seconds(text: str) -> float:
    """Return the duration in seconds; a number without a unit is in seconds.

    Raises:
        ValueError: It is not a positive duration.
    """
    number, unit = _split(text, "a duration such as 500ms, 60s, 2m or 1h")
    if unit not in _SECONDS:
        raise ValueError(f"{text!r} has the unit {unit!r}; there are ms, s, m and h.")
    return number * _SECONDS[unit]


def parse_bytes(text: str) -> int:
    """Return the size in bytes; KiB, MiB, GiB count by 1024, KB, MB, GB by 1000.

    Raises:
        ValueError: It is not a positive size.
    """
    number, unit = _split(text, "a size such as 512MB or 4GiB")
    factor = _BYTES.get(unit.lower())
    if factor is None:
        raise ValueError(f"{text!r} has the unit {unit!r}; there are KiB, MiB, GiB, KB, MB, GB.")
    return max(1, int(number * factor))


def _split(text: str, expected: str) -> tuple[float, str]:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"{text!r} is not {expected}.")
    return float(match[1]), match[2]
