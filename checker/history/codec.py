"""The events of `trueorder.history/1`: one JSON object a line, Jepsen's operation map.

This module only knows what an event looks like. `checker.history.formats.jsonl` reads files of
them, `checker.history.recorder` and `checker.history.writer` write them.
``docs/reference/history-format.md`` is the format's description.
"""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

__all__ = ["FORMAT", "NEMESIS", "Event", "encode_event", "encode_header"]

FORMAT: Final = "trueorder.history/1"
NEMESIS: Final = "nemesis"
"""The process name of the fault injector, as in Jepsen."""


class Event(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """One line: an invocation, a completion, or what the nemesis did.

    Fields that are None are left out. ``gc=False``: an event holds JSON values only, which cannot
    form cycles.
    """

    type: str
    process: int | str
    f: str
    key: Any = None
    value: Any = None
    error: Any = None
    time: int | None = None
    index: int | None = None


_ENCODER: Final = msgspec.json.Encoder()


def encode_event(event: Event) -> bytes:
    """Return the event's line, newline included.

    Raises:
        TypeError: A value has no JSON form (a custom object, NaN, an infinity, bytes, a key that
            is not text): it could not be read back as it was.
    """
    for name, value in (("key", event.key), ("value", event.value), ("error", event.error)):
        _refuse_what_json_would_change(name, value)
    return _ENCODER.encode(event) + b"\n"


def encode_header(header: dict[str, Any]) -> bytes:
    """Return the header line: ``format`` first, then the given fields.

    Raises:
        TypeError: As for `encode_event`.
    """
    _refuse_what_json_would_change("header", header)
    return _ENCODER.encode({**header, "format": FORMAT}) + b"\n"


def _refuse_what_json_would_change(name: str, value: Any) -> None:
    # The encoder itself would turn NaN into null, bytes into base64 and number keys into text:
    # evidence must not change on its way to the disk.
    pending = [value]
    while pending:
        part = pending.pop()
        if part is None or isinstance(part, str | bool | int):
            continue
        if isinstance(part, list | tuple):
            pending.extend(part)
        elif isinstance(part, dict):
            if not all(isinstance(key, str) for key in part):
                raise TypeError(f"{name} has a key that is not text, which JSON cannot hold")
            pending.extend(part.values())
        elif not isinstance(part, float):
            raise TypeError(f"{name} holds a {type(part).__name__}, which JSON cannot hold")
        elif not math.isfinite(part):
            raise TypeError(f"{name} holds {part}, which JSON cannot hold")
