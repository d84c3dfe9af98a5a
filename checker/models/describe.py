"""Operations in plain words, for explanations and errors."""

from __future__ import annotations

from typing import Any, Final

from checker.models.canonical import canonical_json
from checker.operation import Operation, Outcome

__all__ = ["describe", "name_operation", "shorten"]

VALUE_CHARACTERS_MAX: Final = 80
_NANOSECONDS: Final = 1e9


def shorten(value: Any, characters_max: int = VALUE_CHARACTERS_MAX) -> str:
    """Write a value as JSON, text without its quotes, cut where it gets too long to read.

    Of an empty text nothing would be seen, so it keeps them. What a terminal would not print, or
    would obey, is escaped: histories come from strangers.
    """
    try:
        text = value if isinstance(value, str) and value else canonical_json(value)
    except (TypeError, ValueError):
        text = repr(value)
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
    if len(text) <= characters_max:
        return text
    return f"{text[: characters_max - 3]}..."


def name_operation(operation: Operation) -> str:
    """Name an operation: its index, its process, and when it ran if the history has times."""
    if operation.time_invoked == operation.invoked:
        return f"operation {operation.index} (process {shorten(operation.process)})"
    begin = f"{operation.time_invoked / _NANOSECONDS:.3f}"
    end = (
        "?"
        if operation.time_completed is None
        else f"{operation.time_completed / _NANOSECONDS:.3f}"
    )
    return f"operation {operation.index} (process {shorten(operation.process)}, {begin}-{end} s)"


def describe(operation: Operation) -> str:
    """Say in one line what an operation asked for and what it was answered."""
    words = [f"{operation.index}: process {shorten(operation.process)}", shorten(operation.f)]
    if operation.key is not None:
        words.append(shorten(operation.key))
    if operation.value is not None:
        words.append(shorten(operation.value))
    if operation.outcome is Outcome.OK:
        words.append(f"-> {shorten(operation.output)}")
    elif operation.outcome is Outcome.FAIL:
        words.append(f"-> fail {shorten(operation.error)}")
    else:
        words.append("-> unknown")
    if operation.line is not None:
        words.append(f"(line {operation.line})")
    return " ".join(words)
