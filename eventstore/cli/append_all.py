"""``eventstore append-all``: events to several streams at once, all or none."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from eventstore.cli.event_lines import (
    After,
    EventLine,
    MalformedInput,
    Unless,
    boundary_of,
    expected_version,
    ids_if_undecided,
    lines_of,
)
from eventstore.cli.exits import Exit
from eventstore.cli.options import (
    DatabaseUrl,
    Json,
    LogName,
    TimeoutSeconds,
    open_store,
    print_json,
)
from eventstore.cli.termination import interruptible
from eventstore.errors import EventStoreError
from eventstore.store import Appended, Write
from eventstore.stream import stream_name
from eventstore.validation import APPEND_EVENTS_MAX, check_append_all

__all__ = ["append_all"]


class _WriteLine(msgspec.Struct, forbid_unknown_fields=True):
    """What is appended to one stream, on a line of standard input."""

    stream: str
    expected: int | str
    events: list[EventLine]

    def write(self) -> Write:
        return Write(
            stream=stream_name(self.stream),
            events=[line.event() for line in self.events],
            expected=expected_version(str(self.expected), given_as="expected"),
        )


async def append_all(
    *,
    unless: Unless = None,
    after: After = None,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> int:
    """Append to several streams, all or none, what is on standard input.

    A line a stream: {"stream": "order-1", "expected": 3, "events": [{"type": ..., "data": ...}]};
    expected is a version, "any", "exists" or "absent". The events are side by side in the log.
    """
    boundary = boundary_of(unless, after)
    try:
        with interruptible():
            writes = _writes_of(sys.stdin.buffer)
        check_append_all(writes, boundary)
    except (MalformedInput, EventStoreError) as error:
        sys.stderr.write(f"eventstore: standard input: {error}\n")
        return Exit.MALFORMED
    with ids_if_undecided([event for write in writes for event in write.events]):
        async with open_store(database_url, log_name, timeout_seconds) as store:
            appended = await store.append_all(writes, boundary=boundary)
    _print(appended, writes, as_json=json)
    return Exit.OK


def _writes_of(lines: Iterable[bytes]) -> list[Write]:
    # One more than an append has is too many already, as the check of the append will say.
    writes = [line.write() for line in islice(lines_of(lines, _WriteLine), APPEND_EVENTS_MAX + 1)]
    if not writes:
        raise MalformedInput("it has no lines; each is a stream and its events, as a JSON object")
    return writes


def _print(appended: Sequence[Appended], writes: Sequence[Write], *, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        ids = {write.stream: [event.id for event in write.events] for write in writes}
        print_json(
            {
                "repeated": any(one.repeated for one in appended),
                "appended": [
                    {
                        "stream": one.stream,
                        "version": one.version,
                        "position": one.position,
                        "ids": ids[one.stream],
                    }
                    for one in appended
                ],
            }
        )
        return
    for one in appended:
        count = "1 event" if one.events == 1 else f"{one.events} events"
        was = "was already in the log" if one.repeated else "appended"
        print(f"{one.stream}: {count} {was}, version {one.version}, position {one.position}")
