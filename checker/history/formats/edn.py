"""Read Jepsen's histories: operation maps in EDN, one after the other or in one vector or list.

::

    {:process 0, :type :invoke, :f :read, :value nil, :time 3291485317, :index 0}
    #jepsen.history.Op{:process 0, :type :ok, :f :read, :value 5, :time 3767733708, :index 1}

The order of the maps is the order of the events. Fields other than these, ``:key`` and ``:error``
are ignored. Operations of ``:nemesis`` are kept apart. Jepsen's keyed workloads put ``[k v]`` into
the value; such histories are recognised and split (`checker.history.keyed`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from checker.errors import MalformedHistory
from checker.history.codec import Event
from checker.history.formats.edn_syntax import EdnError, EdnReader
from checker.history.formats.events import add_event, field_fault, transaction_event
from checker.history.formats.excerpt import excerpt
from checker.history.formats.source import Source
from checker.history.history import History, HistoryBuilder
from checker.history.keyed import lift_keys

__all__ = ["read_edn"]


def read_edn(source: Source) -> History:
    """Read the history.

    Raises:
        MalformedHistory: With the line, and what is wrong there.
    """
    text = source.text()
    builder = HistoryBuilder(source=source.name)
    elements = EdnReader(text)
    line, counted = 1, 0
    events = 0
    try:
        for position, form in elements:
            line += text.count("\n", counted, position)
            counted = position
            events += 1
            with source.faults:
                _add_map(builder, form, line)
    except EdnError as error:
        raise MalformedHistory(
            f"broken EDN: {error}",
            source=source.name,
            line=text.count("\n", 0, error.position) + 1,
            operation=excerpt(text[text.rfind("\n", 0, error.position) + 1 :][:200]),
        ) from error
    if not events and not elements.enclosed:
        raise MalformedHistory("no operations in it", source=source.name, line=1)
    return lift_keys(builder.build())


def _add_map(builder: HistoryBuilder, form: Any, line: int) -> None:
    try:
        event = msgspec.convert(form, Event)
    except msgspec.ValidationError as error:
        lenient = transaction_event(form)
        if lenient is None:
            raise MalformedHistory(
                field_fault(error), source=builder.source, line=line, operation=_in_words(form)
            ) from error
        event = lenient
    add_event(builder, event, line)


def _in_words(form: Any) -> str | None:
    if not isinstance(form, dict):
        return None
    named = (form[name] for name in ("process", "type", "f") if name in form)
    return excerpt(" ".join(map(str, named)))
