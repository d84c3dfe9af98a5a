"""Read elle-cli's `json`: one array of Jepsen's operation maps, keywords written as text."""

from __future__ import annotations

from typing import Final

import msgspec

from checker.errors import MalformedHistory
from checker.history.formats.events import add_event
from checker.history.formats.json_line import BROKEN, decode_event, field_marks, refuse_traps
from checker.history.formats.source import Source
from checker.history.history import History, HistoryBuilder
from checker.history.keyed import lift_keys

__all__ = ["read_json_array"]

_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_MARKS: Final = field_marks(("type", "process", "f", "key", "value", "error", "time", "index"))


def read_json_array(source: Source) -> History:
    """Read the history. Lines are counted for each element's start.

    Raises:
        MalformedHistory: With the line, and what is wrong there.
    """
    text = source.text().encode()
    try:
        elements = _ARRAY.decode(text)
    except BROKEN as error:
        raise MalformedHistory(
            f"broken JSON: {error}", source=source.name, line=text.count(b"\n") + 1
        ) from error
    builder = HistoryBuilder(source=source.name)
    line, counted = 1, 0
    for element in elements:
        raw = bytes(element)
        start = text.index(raw, counted)
        line += text.count(b"\n", counted, start)
        counted = start
        with source.faults:
            event = decode_event(raw, line, source)
            refuse_traps(raw, line, source, _MARKS, (event.key, event.value, event.error))
            add_event(builder, event, line)
        line += raw.count(b"\n")
        counted += len(raw)
    return lift_keys(builder.build())
