"""Write a history as `trueorder.history/1`, so that reading it gives the same history back.

Only line numbers and the source's name differ. A history whose values have no JSON form is
refused: nothing is written that would read back as something else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from checker.history.codec import NEMESIS, Event, encode_event, encode_header
from checker.history.destination import write_chunks
from checker.history.history import History, NemesisEvent
from checker.operation import Operation, Outcome

__all__ = ["history_events", "jsonl_chunks", "write_history"]


def write_history(history: History, path: str | Path) -> None:
    """Write the history; the file appears whole or not at all, gzipped if it is called ``.gz``.

    A device or a pipe (``/dev/stdout``, say) is written to as it is; ``-`` is standard output.

    Raises:
        TypeError: A value has no JSON form.
        OSError: The file cannot be written.
    """
    write_chunks(jsonl_chunks(history), path)


def jsonl_chunks(history: History) -> Iterator[bytes]:
    """Yield `trueorder.history/1`, line by line.

    Raises:
        TypeError: A value has no JSON form.
    """
    yield encode_header(history.header)
    yield from map(encode_event, history_events(history))


def history_events(history: History) -> Iterator[Event]:
    """Yield the events: endpoints by rank; between them, by time, what has no rank."""
    nemesis = deque(history.nemesis)
    unknown = deque(
        sorted(
            (op for op in history if op.outcome is Outcome.INFO and op.time_completed is not None),
            key=lambda op: op.time_completed or 0,
        )
    )
    invoked = -1
    for op, completes in _endpoints(history):
        time = (op.time_completed or 0) if completes else op.time_invoked
        while nemesis and nemesis[0].time < time:
            yield _nemesis_event(nemesis.popleft())
        while unknown and (unknown[0].time_completed or 0) < time and unknown[0].index <= invoked:
            yield _completion(unknown.popleft())
        if completes:
            yield _completion(op)
        else:
            invoked = op.index
            yield Event(
                type="invoke", process=op.process, f=op.f, key=op.key, value=op.value, time=time
            )
    yield from map(_nemesis_event, nemesis)
    yield from map(_completion, unknown)


def _endpoints(history: History) -> list[tuple[Operation, bool]]:
    endpoints = [(op.invoked, op.index, False) for op in history]
    endpoints += [(op.completed, op.index, True) for op in history if op.completed is not None]
    endpoints.sort()
    return [(history.operations[index], completes) for _, index, completes in endpoints]


def _completion(op: Operation) -> Event:
    return Event(
        type=op.outcome.value,
        process=op.process,
        f=op.f,
        value=op.output,
        error=op.error,
        time=op.time_completed,
    )


def _nemesis_event(event: NemesisEvent) -> Event:
    return Event(type="info", process=NEMESIS, f=event.f, value=event.value, time=event.time)
