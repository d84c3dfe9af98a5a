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

from checker.errors import MalformedHistory
from checker.history.formats.edn_syntax import EdnError, EdnReader
from checker.history.formats.events import add_event
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
    if not isinstance(form, dict):
        raise MalformedHistory(
            f"an operation is a map, not {_kind(form)}", source=builder.source, line=line
        )
    fields = (form.get("type"), form.get("process"), form.get("f"))
    kind, process, f = fields
    time = form.get("time")
    if (
        not isinstance(kind, str)
        or not isinstance(process, int | str)
        or isinstance(process, bool)
        or not isinstance(f, str)
        or isinstance(time, bool | list | dict | str)
    ):
        raise _wrong_field(builder, form, line)
    add_event(
        builder,
        kind,
        process,
        f,
        key=form.get("key"),
        value=form.get("value"),
        error=form.get("error"),
        time=None if time is None else round(time),
        line=line,
    )


def _wrong_field(builder: HistoryBuilder, form: dict[str, Any], line: int) -> MalformedHistory:
    for name, expected in (
        ("type", "a keyword"),
        ("process", "a number or a keyword"),
        ("f", "a keyword"),
    ):
        if form.get(name) is None:
            reason = f"the operation has no :{name}"
            break
        if not isinstance(form[name], str) and (
            name != "process" or _kind(form[name]) != "a number"
        ):
            reason = f":{name} is {expected}, not {_kind(form[name])}"
            break
    else:
        reason = f":time is a number, not {_kind(form['time'])}"
    operation = " ".join(str(form[name]) for name in ("process", "type", "f") if name in form)
    return MalformedHistory(reason, source=builder.source, line=line, operation=operation)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, list):
        return "a vector"
    return "a map" if isinstance(value, dict) else "nil"
