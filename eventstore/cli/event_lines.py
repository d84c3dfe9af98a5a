"""What both commands that append read: events as JSON lines, expected versions, boundaries."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.errors import ConfigError, OutcomeUnknown
from eventstore.event import Event, new_event_id
from eventstore.query import Query, QueryItem
from eventstore.store import Boundary
from eventstore.stream import Expect, ExpectedVersion, Position, StreamVersion

__all__ = [
    "After",
    "EventLine",
    "MalformedInput",
    "Unless",
    "boundary_of",
    "decoded",
    "expected_version",
    "ids_if_undecided",
    "lines_of",
]

Unless = Annotated[
    str | None,
    Parameter(
        help="A consistency boundary: refuse the append if an event that matches lies behind "
        'position --after. JSON: [{"types": [...], "tags": [...], "categories": [...]}, ...].'
    ),
]

After = Annotated[
    int | None,
    Parameter(help="The position up to which you have read.", validator=Number(gte=0)),
]

_Line = TypeVar("_Line")


class MalformedInput(Exception):
    """A line of standard input is not what it takes."""


class EventLine(msgspec.Struct, forbid_unknown_fields=True):
    """An event as JSON."""

    type: str
    data: Any = None
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    tags: tuple[str, ...] = ()
    id: UUID = msgspec.field(default_factory=new_event_id)

    def event(self) -> Event:
        """Make the event that it describes."""
        return Event(
            type=self.type, data=self.data, metadata=self.metadata, tags=self.tags, id=self.id
        )


def lines_of(lines: Iterable[bytes], kind: type[_Line]) -> Iterator[_Line]:
    """Read JSON lines; empty ones are passed over.

    Raises:
        MalformedInput: says which line is wrong, and what is.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line, type=kind)
        except msgspec.MsgspecError as error:
            raise MalformedInput(f"line {number}: {error}") from None


def expected_version(text: str, given_as: str = "--expected") -> ExpectedVersion:
    """Read what a stream is expected to be at.

    Raises:
        ConfigError: it says nothing of the kind.
    """
    if text.isdecimal():
        return StreamVersion(int(text))
    try:
        return Expect(text)
    except ValueError:
        raise ConfigError(
            f"{given_as} {text!r}: it is a version (0, 1, 2 ...), any, exists or absent."
        ) from None


def boundary_of(unless: str | None, after: int | None) -> Boundary | None:
    """Read a boundary from the two options that draw it.

    Raises:
        ConfigError: one of them is missing, or cannot be read.
    """
    if unless is None and after is None:
        return None
    if unless is None or after is None:
        raise ConfigError("--unless and --after go together: both draw the boundary.")
    items: tuple[QueryItem, ...] = decoded("--unless", unless, tuple[QueryItem, ...])
    return Boundary(Query(items), Position(after))


def decoded(option: str, text: str, kind: Any) -> Any:
    """Read an option that is JSON.

    Raises:
        ConfigError: it is none, or of another kind.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except UnicodeEncodeError:
        raise ConfigError(f"{option} is not UTF-8.") from None
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{option} {text!r} cannot be read: {error}.") from None


@contextmanager
def ids_if_undecided(events: Sequence[Event]) -> Iterator[None]:
    """Print the ids of an append whose outcome is not known: with them it can be repeated."""
    try:
        yield
    except (OutcomeUnknown, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError):
            sys.stderr.write(
                "eventstore: interrupted. The append may be in the log: to know, repeat it with "
                "the same ids, it is stored once.\n"
            )
        ids = " ".join(str(event.id) for event in events)
        sys.stderr.write(f"eventstore: the ids of the append are: {ids}\n")
        raise
