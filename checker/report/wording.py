"""How reports for people write values, times and counts; no file can steer a terminal by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec

__all__ = ["Moments", "bytes_text", "count_text", "duration_text", "printable", "value_text"]

_VALUE_CHARACTERS: Final = 100
_UNITS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"))
_LARGER_UNITS: Final = ("KiB", "MiB", "GiB")
_BYTES_STEP: Final = 1024
_UNIT_STEP: Final = 10
"""A moment is written in a unit if it is at least this many of it."""


def printable(text: str) -> str:
    """Escape what is not printable: control characters, line ends, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def value_text(value: Any) -> str:
    """Write a JSON value on one line, cut to what a table can hold."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, UnicodeEncodeError):
        text = repr(value)
    text = printable(text)
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[: _VALUE_CHARACTERS - 3]}..."


def duration_text(nanoseconds: int) -> str:
    """Write a duration in the unit that fits it, to three digits or so: ``1.24 ms``."""
    for factor, unit in _UNITS:
        if abs(nanoseconds) >= factor:
            amount = nanoseconds / factor
            decimals = max(0, 2 - math.floor(math.log10(abs(amount))))
            return f"{amount:,.{decimals}f} {unit}"
    return f"{nanoseconds} ns"


def bytes_text(count: int) -> str:
    """Write an amount of memory in the unit that fits it: ``1.2 MiB``."""
    amount, unit = float(count), "bytes"
    for larger in _LARGER_UNITS:
        if amount < _BYTES_STEP:
            break
        amount, unit = amount / _BYTES_STEP, larger
    return f"{count:,} bytes" if unit == "bytes" else f"{amount:,.1f} {unit}"


class Moments:
    """Writes moments of one table in one unit, as finely as tells them apart.

    Args:
        times: All moments of the table, in nanoseconds.
    """

    def __init__(self, times: Sequence[int]) -> None:
        latest, span = max(times), max(times) - min(times)
        self._factor, self.unit = next(
            ((factor, unit) for factor, unit in _UNITS if latest >= _UNIT_STEP * factor), (1, "ns")
        )
        finest = len(str(self._factor)) - 1
        coarse = math.floor(math.log10(max(span, 1) / self._factor))
        self._decimals = max(0, min(finest, 2 - coarse))

    def text(self, time: int) -> str:
        """Write one moment, without the unit."""
        return f"{time / self._factor:.{self._decimals}f}"


def count_text(number: int, noun: str, plural: str | None = None) -> str:
    """Write a count with its noun: ``1 operation``, ``1,234 operations``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
