"""Write JSON values as EDN, to test what reads it."""

from __future__ import annotations

from typing import Any

__all__ = ["edn_text"]


def edn_text(value: Any) -> str:
    """Return the value as EDN that a reader turns back into the same JSON value."""
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case list():
            return f"[{' '.join(map(edn_text, value))}]"
        case dict():
            items = (f"{edn_text(key)} {edn_text(item)}" for key, item in value.items())
            return "{" + ", ".join(items) + "}"
        case _:
            return repr(value)
