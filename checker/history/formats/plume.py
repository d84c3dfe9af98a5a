"""Read ``plume``, the text of AWDIT's histories: transactions on numbered registers.

::

    w 0 1
    r 1 2
    -----
    r 0 1
    =====

``w k v`` and ``r k v`` are what one transaction did, ``-----`` ends a transaction, ``=====`` a
session. A transaction becomes one operation ``txn`` of its session's process: its value is
``[["w", k, v], ["r", k, None], ...]``, its output the same with what was read. Nothing says how
sessions were ordered in time: ranks follow the file, and the header's ``real_time`` is False.
"""

from __future__ import annotations

import re
from typing import Any, Final

from checker.errors import MalformedHistory
from checker.history.formats.excerpt import excerpt
from checker.history.formats.source import Source
from checker.history.history import History, HistoryBuilder
from checker.operation import Outcome

__all__ = ["PLUME_LINE", "read_plume"]

PLUME_LINE: Final = re.compile(rb"(?:([rw]) (-?[0-9]{1,18}) (-?[0-9]{1,18})|-----|=====)\s*")
"""A line of this format, whole; the groups are what was done, to which key, with which value."""


def read_plume(source: Source) -> History:
    """Read the history.

    Raises:
        MalformedHistory: With the line, and what is wrong with it.
    """
    builder = HistoryBuilder(source=source.name, header={"real_time": False})
    session, first_line = 0, 0
    done: list[list[Any]] = []
    for number, line in enumerate(source.lines(), start=1):
        if not line or line.isspace():
            continue
        match = PLUME_LINE.fullmatch(line)
        if match is None:
            raise MalformedHistory(
                "not a line of a plume history: `w key value`, `r key value`, `-----` or `=====`",
                source=source.name,
                line=number,
                operation=excerpt(line),
            )
        if match[1] is not None:
            first_line = first_line if done else number
            done.append([match[1].decode(), int(match[2]), int(match[3])])
            continue
        _add_transaction(builder, session, done, first_line)
        done = []
        session += line.startswith(b"=")
    _add_transaction(builder, session, done, first_line)
    return builder.build()


def _add_transaction(
    builder: HistoryBuilder, session: int, done: list[list[Any]], line: int
) -> None:
    if not done:
        return
    asked = [[f, key, value if f == "w" else None] for f, key, value in done]
    builder.invoke(session, "txn", value=asked, line=line)
    builder.complete(session, Outcome.OK, output=done, line=line)
