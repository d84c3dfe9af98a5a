"""Read the two text logs in Porcupine's test data: Jepsen's log of a register, and key-value maps.

::

    INFO  jepsen.util - 4	:invoke	:cas	[1 0]
    INFO  jepsen.util - 4	:info	:cas	:timed-out

    {:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}

The order of the lines is the order of the events; there are no times. In the first form tabs or
spaces part the columns, and the last one is the value, or the error of an operation that failed or
timed out; lines of other loggers are skipped. The second form is EDN.
"""

from __future__ import annotations

import re
from typing import Any, Final

from checker.errors import MalformedHistory
from checker.history.codec import NEMESIS, Event
from checker.history.formats.edn import read_edn
from checker.history.formats.edn_syntax import EdnError, EdnReader
from checker.history.formats.events import add_event
from checker.history.formats.excerpt import excerpt
from checker.history.formats.source import Source
from checker.history.history import History, HistoryBuilder

__all__ = ["LOG_LINE", "read_porcupine"]

LOG_LINE: Final = re.compile(rb"[A-Z]+\s+[\w.$-]+ - ")
"""How a line of any logger begins."""

_EVENT: Final = re.compile(
    r"[A-Z]+\s+jepsen\.util - (?P<process>\S+)\s+:(?P<type>\S+)\s+:(?P<f>\S+)(?:\s+(?P<rest>.*))?"
)
_NUMBER: Final = re.compile("[0-9]{1,18}")
_JEPSEN: Final = b"jepsen.util - "


def read_porcupine(source: Source) -> History:
    """Read the history, in whichever of the two forms it is.

    Raises:
        MalformedHistory: With the line, and what is wrong with it.
    """
    if source.head.lstrip().startswith((b"{", b";")):
        return read_edn(source)
    builder = HistoryBuilder(source=source.name)
    for number, line in enumerate(source.lines(), start=1):
        if line.isspace() or not line:
            continue
        if LOG_LINE.match(line) and _JEPSEN not in line:
            continue
        with source.faults:
            _add_line(builder, _decoded(line, number, source), number)
    return builder.build()


def _decoded(line: bytes, number: int, source: Source) -> str:
    try:
        return line.decode().rstrip()
    except UnicodeDecodeError as error:
        raise MalformedHistory("not UTF-8", source=source.name, line=number) from error


def _add_line(builder: HistoryBuilder, line: str, number: int) -> None:
    match = _EVENT.fullmatch(line)
    if match is None:
        raise MalformedHistory(
            "not a line of Jepsen's log: process, :type, :f and value, with white space between",
            source=builder.source,
            line=number,
            operation=excerpt(line),
        )
    values = _values(match["rest"] or "nil", builder, number)
    kind, process = match["type"], match["process"].removeprefix(":")
    known = kind in {"invoke", "ok"} or process == NEMESIS
    event = Event(
        type=kind,
        process=int(process) if _NUMBER.fullmatch(process) else process,
        f=match["f"],
        value=values[0] if known else None,
        error=None if known else values[-1],
    )
    add_event(builder, event, number)


def _values(columns: str, builder: HistoryBuilder, number: int) -> list[Any]:
    try:
        # In a list of their own, a column that is itself a vector stays one value.
        values = [value for _, value in EdnReader(f"({columns})")]
    except EdnError as error:
        raise MalformedHistory(
            f"the value is not EDN: {error}",
            source=builder.source,
            line=number,
            operation=excerpt(columns),
        ) from error
    return values or [None]
