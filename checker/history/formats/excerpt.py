"""Quote a piece of an untrusted file in a message: short, one line, nothing a terminal obeys."""

from __future__ import annotations

from typing import Final

__all__ = ["excerpt"]

_MAX_CHARACTERS: Final = 80


def excerpt(data: bytes | str) -> str:
    """Return the first line, cut to a bearable length, with control characters escaped."""
    text = data[: 4 * _MAX_CHARACTERS].decode(errors="replace") if isinstance(data, bytes) else data
    line, newline, _ = text.strip().partition("\n")
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1]
        for character in line[:_MAX_CHARACTERS].rstrip()
    )
    cut = newline or len(line) > _MAX_CHARACTERS
    return f"{shown}..." if cut else shown
