"""``eventstore append``: one event by options, or many as JSON lines on standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter

from eventstore.cli.event_lines import (
    After,
    EventLine,
    MalformedInput,
    Unless,
    boundary_of,
    decoded,
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
from eventstore.errors import ConfigError, InvalidRequest
from eventstore.event import Event, new_event_id
from eventstore.store import Appended
from eventstore.stream import stream_name
from eventstore.validation import APPEND_EVENTS_MAX, check_append

__all__ = ["append"]

_STDIN = "-"

EventTags = Annotated[
    tuple[str, ...],
    Parameter(name="--tag", negative="", help="A tag of the event; give several."),
]


async def append(
    stream: Annotated[str, Parameter(help="CATEGORY-ID, such as order-1042.")],
    source: Annotated[
        str | None,
        Parameter(
            help='"-" reads the events from standard input: JSON lines with "type" and '
            'optionally "data", "metadata", "tags", "id".',
            allow_leading_hyphen=True,
        ),
    ] = None,
    /,
    *,
    expected: Annotated[
        str,
        Parameter(help="The version that the stream must be at: N, any, exists or absent."),
    ],
    event_type: Annotated[str | None, Parameter(name="--type", help="The event's type.")] = None,
    data: Annotated[
        str, Parameter(help="The event's data as JSON.", allow_leading_hyphen=True)
    ] = "null",
    metadata: Annotated[str, Parameter(help="The event's metadata as a JSON object.")] = "{}",
    event_id: Annotated[
        UUID | None,
        Parameter(name="--id", help="The event's UUID; give the same again to repeat an append."),
    ] = None,
    tag: EventTags = (),
    unless: Unless = None,
    after: After = None,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> int:
    """Append events to a stream, all or none.

    An append that got no answer (exit 3) can be repeated with the same ids: it is stored once.
    """
    name, version = stream_name(stream), expected_version(expected)
    boundary = boundary_of(unless, after)
    if source is None:
        events = [_event(event_type, data, metadata, tag, event_id)]
    elif source == _STDIN and event_type is None:
        try:
            with interruptible():
                events = _events_of(sys.stdin.buffer)
            check_append(name, events, version)
        except (MalformedInput, InvalidRequest) as error:
            sys.stderr.write(f"eventstore: standard input: {error}\n")
            return Exit.MALFORMED
    else:
        raise ConfigError("events come either from --type and --data, or from standard input (-).")
    with ids_if_undecided(events):
        async with open_store(database_url, log_name, timeout_seconds) as store:
            appended = await store.append(name, events, expected=version, boundary=boundary)
    _print(appended, events, as_json=json)
    return Exit.OK


def _event(
    event_type: str | None,
    data: str,
    metadata: str,
    tags: tuple[str, ...],
    event_id: UUID | None,
) -> Event:
    if event_type is None:
        raise ConfigError("no event: give --type and --data, or - to read events from stdin.")
    return Event(
        type=event_type,
        data=decoded("--data", data, Any),
        metadata=decoded("--metadata", metadata, dict[str, Any]),
        tags=tags,
        id=event_id or new_event_id(),
    )


def _events_of(lines: Iterable[bytes]) -> list[Event]:
    # One more than an append has is too many already, as the check of the append will say.
    events = [line.event() for line in islice(lines_of(lines, EventLine), APPEND_EVENTS_MAX + 1)]
    if not events:
        raise MalformedInput("it has no events; each line is one, as a JSON object")
    return events


def _print(appended: Appended, events: list[Event], *, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        print_json(
            {
                "stream": appended.stream,
                "version": appended.version,
                "position": appended.position,
                "repeated": appended.repeated,
                "ids": [event.id for event in events],
            }
        )
        return
    count = "1 event" if appended.events == 1 else f"{appended.events} events"
    was = "was already in the log" if appended.repeated else "appended"
    print(f"{appended.stream}: {count} {was}, version {appended.version}, ", end="")
    print(f"position {appended.position}")
