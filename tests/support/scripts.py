"""Histories written by hand: one short line an event, as one would draw them on paper.

::

    script(
        "0 invoke write 1",
        "1 invoke read",
        "0 ok",
        "1 ok 1",
    )

A line is ``PROCESS KIND [f [@key]] [json]``; the value of an ``ok`` is the output, that of a
``fail`` the error. ``PROCESS do f [@key] value => output`` is an invocation and its OK in one.
"""

from __future__ import annotations

import json
from typing import Any

from checker import History, HistoryBuilder, Outcome

__all__ = ["script"]


def script(*lines: str) -> History:
    """Build a history from its events."""
    builder = HistoryBuilder()
    for line in lines:
        process, kind, *rest = line.split(" ", 2)
        tail = rest[0] if rest else ""
        if kind == "do":
            asked, _, answered = tail.partition("=>")
            _invoke(builder, int(process), asked.strip())
            builder.complete(int(process), Outcome.OK, output=_value(answered))
        elif kind == "refused":
            asked, _, error = tail.partition("=>")
            _invoke(builder, int(process), asked.strip())
            builder.complete(int(process), Outcome.FAIL, error=_value(error))
        elif kind == "invoke":
            _invoke(builder, int(process), tail)
        elif kind == "ok":
            builder.complete(int(process), Outcome.OK, output=_value(tail))
        elif kind == "fail":
            builder.complete(int(process), Outcome.FAIL, error=_value(tail))
        else:
            builder.complete(int(process), Outcome(kind))
    return builder.build()


def _invoke(builder: HistoryBuilder, process: int, words: str) -> None:
    f, _, tail = words.partition(" ")
    key = None
    if tail.startswith("@"):
        key, _, tail = tail[1:].partition(" ")
    builder.invoke(process, f, key=key, value=_value(tail))


def _value(text: str) -> Any:
    return json.loads(text) if text.strip() else None
