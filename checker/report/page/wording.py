"""Words and numbers as people read them: values as bounded JSON text, durations.

Every text that leaves this module is data, never markup: the template escapes it and the scripts
set it as text.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

__all__ = ["decimal", "error_message", "label_text", "span_text", "value_text"]

_NANOSECONDS: Final = (("s", 10**9), ("ms", 10**6), ("µs", 10**3))
_MINUTE: Final = 60
_JSON: Final = json.JSONEncoder(ensure_ascii=False, default=repr)
_JSON_WORDS: Final = frozenset({"null", "true", "false"})
_JSON_STARTS: Final = frozenset('-0123456789"[{')
_VARIABLE_PARTS: Final = (
    (re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"(?i)\b0x[0-9a-f]+\b"), "<address>"),
    (re.compile(r"\d+"), "#"),
)


def value_text(value: Any, characters_max: int) -> str:
    """A value of a history as one line of JSON (its repr where JSON has no word for it).

    A longer text is cut, and says how much is missing.
    """
    if type(value) is int:
        return str(value)
    try:
        text = _JSON.encode(value)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    if len(text) <= characters_max:
        return text
    return f"{text[:characters_max]}… ({len(text) - characters_max:,} more characters)"


def label_text(value: Any, characters_max: int) -> str:
    """A value as a bare word where nothing else reads so: orders-1, but "42" for that string."""
    if not isinstance(value, str) or not value or value in _JSON_WORDS or value[0] in _JSON_STARTS:
        return value_text(value, characters_max)
    return value if len(value) <= characters_max else f"{value[:characters_max]}…"


def error_message(error: Any) -> str:
    """The part of an error that its kind shares: its type and message, numbers masked.

    Errors that differ only in ids or numbers fall under one message, so that a table of them has
    as many rows as there are causes.
    """
    if isinstance(error, dict):
        words = [error[name] for name in ("type", "message") if isinstance(error.get(name), str)]
        text = ": ".join(words) if words else value_text(error, 300)
    elif isinstance(error, str):
        text = error.strip().splitlines()[0] if error.strip() else "(empty message)"
    else:
        text = value_text(error, 300)
    for pattern, mask in _VARIABLE_PARTS:
        text = pattern.sub(mask, text)
    return text[:300]


def decimal(number: float) -> str:
    """Three significant digits without an exponent: 0.00123, 1.23, 12.3, 1,235."""
    if number >= 100:  # noqa: PLR2004 - three digits stand before the point from here on
        return f"{number:,.0f}"
    return f"{number:.3g}" if number else "0"


def span_text(nanoseconds: float) -> str:
    """A duration in the unit that gives it few digits: 850 µs, 12.3 ms, 4.5 s, 3 min 20 s."""
    if nanoseconds >= _MINUTE * 10**9:
        minutes, seconds = divmod(round(nanoseconds / 10**9), _MINUTE)
        return f"{minutes:,} min {seconds} s"
    for unit, size in _NANOSECONDS:
        if nanoseconds >= size:
            return f"{decimal(nanoseconds / size)} {unit}"
    return f"{nanoseconds:.0f} ns"
