"""JSON values and events as EDN (github.com/edn-format/edn), the way Jepsen writes them."""

from __future__ import annotations

import re
from typing import Any, Final

from checker.history.codec import NEMESIS, Event

__all__ = ["edn_event", "edn_text"]

_KEYWORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9*!_?-]*(?:\.[A-Za-z0-9*!_?-]+)*")


def edn_event(event: Event) -> str:
    """Write an event as one map; the fields that are None are left out, but for ``:value``."""
    process = ":nemesis" if event.process == NEMESIS else edn_text(event.process)
    fields = [
        f":process {process}",
        f":type {_name(event.type)}",
        f":f {_name(event.f)}",
        f":value {edn_text(event.value)}",
    ]
    fields += [
        f":{field} {edn_text(value)}"
        for field, value in (("key", event.key), ("error", event.error), ("time", event.time))
        if value is not None
    ]
    return "{" + ", ".join(fields) + "}"


def edn_text(value: Any) -> str:
    """Write a JSON value so that it is read back as the same.

    Raises:
        TypeError: It is no JSON value.
    """
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{' '.join(map(edn_text, value))}]"
        case dict():
            items = (f"{edn_text(key)} {edn_text(item)}" for key, item in value.items())
            return "{" + ", ".join(items) + "}"
    raise TypeError(f"a {type(value).__name__} has no EDN form")


def _name(text: str) -> str:
    """Write a name as a keyword if it can be one."""
    return f":{text}" if _KEYWORD.fullmatch(text) else edn_text(text)
