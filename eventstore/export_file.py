"""The format `trueorder.log/1`: a log, or a part of it, in a file. No I/O.

JSON lines in UTF-8: a header, an event a line in the order of the log, and how many there were, by
which a file that was cut off is told::

    {"format": "trueorder.log/1", "until": 1042, "selected": false}
    {"id": ..., "type": ..., "data": ..., "metadata": ..., "stream": ..., "version": 1,
     "position": 1, "recorded_at": "2026-11-24T08:00:00.123456Z", "tags": [...]}
    {"events": 1042}

Lines of an event are what `eventstore read --json` prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from eventstore.encoding import encode_event
from eventstore.errors import InvalidEvent, InvalidStreamName, MalformedExport
from eventstore.event import Event, RecordedEvent
from eventstore.stream import Position, stream_name

__all__ = ["FORMAT", "Header", "batches_of", "event_line", "header_line", "trailer_line"]

FORMAT: Final = "trueorder.log/1"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line. ``until`` is where the log was; ``selected``: not all up to there is here."""

    format: str
    until: Position
    selected: bool


class _Trailer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    events: int


_EVENT: Final = msgspec.json.Decoder(RecordedEvent)
_TRAILER: Final = msgspec.json.Decoder(_Trailer)


def header_line(until: Position, *, selected: bool) -> bytes:
    """Encode the header."""
    return _line(Header(format=FORMAT, until=until, selected=selected))


def event_line(event: RecordedEvent) -> bytes:
    """Encode an event."""
    return _line(event)


def trailer_line(events: int) -> bytes:
    """Encode the last line."""
    return _line(_Trailer(events=events))


def batches_of(
    lines: Iterable[bytes], *, events_max: int, bytes_max: int
) -> Iterator[list[RecordedEvent]]:
    """Decode a file's events in batches, one by one, as they are asked for.

    A file is always cut into the same batches. A batch has at most ``events_max`` events, and one
    event more than fits into ``bytes_max``.

    Raises:
        MalformedExport: says which line is wrong, or that the file was cut off.
    """
    batch: list[RecordedEvent] = []
    size = 0
    for event, length in _events_of(lines):
        batch.append(event)
        size += length
        if len(batch) == events_max or size >= bytes_max:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _events_of(lines: Iterable[bytes]) -> Iterator[tuple[RecordedEvent, int]]:
    number, last, ended = 0, 0, False
    for number, line in enumerate(lines, 1):
        if number == 1:
            _check_header(line)
        elif ended:
            raise MalformedExport(number, "there is something after the line that ends the file")
        elif line.startswith(b'{"events":'):
            ended = True
            _check_trailer(number, line)
        else:
            event = _event(number, line)
            if event.position <= last:
                raise MalformedExport(
                    number, f"position {event.position} does not come after {last}"
                )
            last = event.position
            yield event, len(line)
    if not ended:
        raise MalformedExport(number + 1, "the file was cut off: its last line is missing")


def _line(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _check_header(line: bytes) -> None:
    try:
        header = msgspec.json.decode(line, type=Header)
    except msgspec.MsgspecError as error:
        raise MalformedExport(1, f"it is no header of an export: {error}") from None
    if header.format != FORMAT:
        raise MalformedExport(1, f"the format is {header.format!r}; this version reads {FORMAT}")


def _check_trailer(number: int, line: bytes) -> None:
    try:
        trailer = _TRAILER.decode(line)
    except msgspec.MsgspecError as error:
        raise _malformed(number, line, error) from None
    before = number - 2
    if trailer.events != before:
        raise MalformedExport(number, f"it counts {trailer.events} events, there are {before}")


def _event(number: int, line: bytes) -> RecordedEvent:
    try:
        event = _EVENT.decode(line)
        stream_name(event.stream)
        encode_event(
            Event(
                id=event.id,
                type=event.type,
                data=event.data,
                metadata=event.metadata,
                tags=event.tags,
            )
        )
    except (msgspec.MsgspecError, InvalidEvent, InvalidStreamName) as error:
        raise _malformed(number, line, error) from None
    if event.recorded_at.tzinfo is None:
        raise MalformedExport(number, "recorded_at has no time zone")
    return event


def _malformed(number: int, line: bytes, error: Exception) -> MalformedExport:
    cut = not line.endswith(b"\n")
    return MalformedExport(number, "the file was cut off in this line" if cut else str(error))
