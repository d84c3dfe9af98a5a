from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import ANY, Event, MalformedExport, Position, RecordedEvent, stream_name
from eventstore.export_file import batches_of, event_line, header_line, trailer_line
from eventstore.memory import MemoryEventStore
from tests.support.stores import json_values

WIDE = {"events_max": 1000, "bytes_max": 1 << 20}


def recorded(position: int, *, data: object = None) -> RecordedEvent:
    return RecordedEvent(
        id=UUID(int=position),
        type="x",
        data=data,
        metadata={},
        stream=stream_name("order-1"),
        version=position,  # type: ignore[arg-type]
        position=Position(position),
        recorded_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        tags=("a", "b"),
    )


def lines(*events: RecordedEvent) -> list[bytes]:
    end = Position(events[-1].position if events else 0)
    return [
        header_line(end, selected=False),
        *map(event_line, events),
        trailer_line(len(events)),
    ]


@given(st.lists(st.tuples(json_values, st.dictionaries(st.just("k"), json_values)), max_size=5))
async def test_what_is_written_is_read(contents: list[tuple[object, dict[str, object]]]) -> None:
    store = MemoryEventStore()
    for data, metadata in contents:
        event = Event(type="é", data=data, metadata=metadata, tags=("t",))
        await store.append(stream_name("a-1"), [event], expected=ANY)
    log = await store.read_log()
    read = [event for batch in batches_of(lines(*log), **WIDE) for event in batch]
    assert read == log


def test_batches_are_bounded_by_number_and_size() -> None:
    events = [recorded(n, data="x" * 100) for n in range(1, 8)]
    size = len(event_line(events[0]))
    by_number = batches_of(lines(*events), events_max=3, bytes_max=1 << 20)
    assert [len(batch) for batch in by_number] == [3, 3, 1]
    by_size = batches_of(lines(*events), events_max=100, bytes_max=2 * size)
    assert [len(batch) for batch in by_size] == [2, 2, 2, 1]
    assert list(batches_of(lines(), **WIDE)) == []


ONE, TWO = recorded(1), recorded(2)
HEADER, END = header_line(Position(2), selected=False), trailer_line(2)


@pytest.mark.parametrize(
    ("given_lines", "line", "words"),
    [
        ([], 1, "cut off"),
        ([HEADER], 2, "cut off"),
        ([HEADER, event_line(ONE), event_line(TWO)], 4, "cut off"),
        ([b"{}\n"], 1, "no header"),
        ([HEADER.replace(b"log/1", b"log/9")], 1, "trueorder.log/9"),
        ([HEADER, event_line(ONE), END], 3, "counts 2 events, there are 1"),
        ([HEADER, event_line(ONE), event_line(TWO), END, b"\n"], 5, "something after"),
        ([HEADER, event_line(TWO), event_line(ONE), END], 3, "does not come after 2"),
        ([HEADER, event_line(ONE)[:40]], 2, "the file was cut off in this line"),
        ([HEADER, event_line(ONE)[:40] + b"\n"], 2, "malformed"),
        ([HEADER, event_line(ONE)[:-1]], 3, "its last line is missing"),
        ([HEADER, event_line(ONE), event_line(TWO), END[:-4]], 4, "cut off in this line"),
        ([HEADER, b'{"events": "x"}\n'], 2, "events"),
        ([HEADER, event_line(ONE).replace(b"order-1", b"order")], 2, "hyphen"),
        ([HEADER, event_line(ONE).replace(b"null", b'"\\u0000"')], 2, "NUL"),
        ([HEADER, event_line(ONE).replace(b"00Z", b"00")], 2, "time zone"),
    ],
)
def test_a_damaged_file_says_where(given_lines: list[bytes], line: int, words: str) -> None:
    with pytest.raises(MalformedExport, match=words) as malformed:
        list(batches_of(given_lines, **WIDE))
    assert malformed.value.line == line
