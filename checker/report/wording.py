"""How reports for people write values, times and counts; no file can steer a terminal by them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

__all__ = ["count_text", "duration_text", "printable", "value_text"]

_VALUE_CHARACTERS: Final = 60
_UNITS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"))


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
            return (
                f"{nanoseconds / factor:.3g} {unit}"
                if nanoseconds < 1000 * factor
                else (f"{nanoseconds / factor:,.0f} {unit}")
            )
    return f"{nanoseconds} ns"


def count_text(number: int, noun: str, plural: str | None = None) -> str:
    """Write a count with its noun: ``1 operation``, ``1,234 operations``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
