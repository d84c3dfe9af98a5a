"""Read `trueorder.history/1`: an optional header, then one event a line.

The order of the lines is the order of the events; ``time`` and ``index`` are for people. Unknown
fields are ignored, so that other tools' additions do no harm; a field that occurs twice is refused,
because readers would disagree about which one counts.
"""

from __future__ import annotations

from typing import Any, Final

from checker.errors import MalformedHistory
from checker.history.codec import FORMAT
from checker.history.formats.events import add_event
from checker.history.formats.json_line import (
    decode_event,
    field_marks,
    header_of,
    refuse_traps,
)
from checker.history.formats.source import Source
from checker.history.history import History, HistoryBuilder

__all__ = ["read_jsonl"]

_MARKS: Final = field_marks(("type", "process", "f", "key", "value", "error", "time", "index"))


def read_jsonl(source: Source) -> History:
    """Read the history.

    Raises:
        MalformedHistory: With the line, and what is wrong with it.
    """
    faults = source.faults
    builder: HistoryBuilder | None = None
    for number, line in enumerate(source.lines(), start=1):
        if not line or line.isspace():
            continue
        if builder is None:
            header = _header(source, line, number)
            builder = HistoryBuilder(source=source.name, header=header)
            if header is not None:
                continue
        with faults:
            event = decode_event(line, number, source)
            refuse_traps(line, number, source, _MARKS, (event.key, event.value, event.error))
            add_event(builder, event, number)
    return (builder or HistoryBuilder(source=source.name)).build()


def _header(source: Source, line: bytes, number: int) -> dict[str, Any] | None:
    header = header_of(line)
    if header is not None:
        refuse_traps(line, number, source, (), ())
    if header is not None and (named := header.pop("format")) != FORMAT:
        raise MalformedHistory(
            f"the header names the format {named!r}; this version reads {FORMAT!r}",
            source=source.name,
            line=number,
        )
    return header
