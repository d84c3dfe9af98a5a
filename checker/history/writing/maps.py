"""Write Jepsen's operation maps, an event each: as JSON lines, as one JSON array, and as EDN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checker.history.codec import encode_event
from checker.history.formats.limits import MAX_DEPTH
from checker.history.history import History
from checker.history.keyed import lift_keys
from checker.history.writer import history_events
from checker.history.writing.edn_text import edn_event
from checker.history.writing.loss import Loss, header_loss, operations_loss

__all__ = ["edn_chunks", "json_chunks", "map_losses"]

_OWN_LEVELS = {"edn": 1, "json": 0}
"""How many levels of nesting the event itself takes of those that a reader allows."""


def json_chunks(history: History) -> Iterator[bytes]:
    """Yield one JSON array, an event a line.

    Raises:
        TypeError: A value has no JSON form.
    """
    separator = b"[\n"
    for event in history_events(history):
        yield separator + encode_event(event).rstrip(b"\n")
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def edn_chunks(history: History) -> Iterator[bytes]:
    """Yield EDN maps, one a line; the empty vector if there are none.

    Raises:
        TypeError: A value has no JSON form: it would be read back as something else.
    """
    empty = True
    for event in history_events(history):
        encode_event(event)
        yield edn_event(event).encode() + b"\n"
        empty = False
    if empty:
        yield b"[]\n"


def map_losses(history: History, format: str) -> list[Loss]:  # noqa: A002 - as in `read_history`
    """Say what an array of maps cannot hold."""
    losses = header_loss(history.header)
    if lift_keys(history) is not history:
        losses.append(
            Loss(
                what="values that are all pairs: Jepsen's readers take the first of each for a key",
                line=history.operations[0].line,
            )
        )
    deepest = MAX_DEPTH - _OWN_LEVELS[format]
    deep = (
        op
        for op in history
        if any(_is_deeper(value, deepest) for value in (op.key, op.value, op.output, op.error))
    )
    losses += operations_loss(f"values that nest more than {deepest} levels deep", deep)
    return losses


def _is_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        level = [
            part
            for parent in level
            if isinstance(parent, list | dict)
            for part in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
