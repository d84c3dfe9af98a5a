"""What a client can ask of an event store, and how a history writes it down.

Each request knows its words in a history (``f``, ``key``, ``value``; the encoding of the model
``stream``) and how to send itself. What it was answered is encoded beside the sending, so that the
two cannot drift apart. Nothing here records.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, TypeAlias

import msgspec

from checker import Outcome
from eventstore import (
    Appended,
    Event,
    Expect,
    ExpectedVersion,
    Position,
    RecordedEvent,
    StreamName,
    StreamVersion,
)

__all__ = [
    "Append",
    "ReadHead",
    "ReadLog",
    "ReadStream",
    "ReadVersion",
    "Reply",
    "Request",
    "WorkloadStore",
    "expected_as_json",
]


class WorkloadStore(Protocol):
    """What the requests ask of an event store: less than `EventStore` promises.

    A mutant is one too, and need not break what nobody here asks for.
    """

    async def append(
        self, stream: StreamName, events: Sequence[Event], *, expected: ExpectedVersion
    ) -> Appended:
        """Append events to a stream."""
        ...

    async def read_stream(
        self, stream: StreamName, *, after: StreamVersion, limit: int
    ) -> list[RecordedEvent]:
        """Read a stream forwards."""
        ...

    async def read_log(self, *, after: Position, limit: int) -> list[RecordedEvent]:
        """Read the log forwards."""
        ...

    async def stream_version(self, stream: StreamName) -> StreamVersion:
        """Return how many events a stream holds."""
        ...

    async def head(self) -> Position:
        """Return the position of the log's last event."""
        ...


def expected_as_json(expected: ExpectedVersion) -> int | str:
    """Write an expected version as histories do: ``3``, ``any``, ``exists``, ``absent``."""
    return expected.value if isinstance(expected, Expect) else int(expected)


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """Append events to a stream that is where the caller expects it.

    A repetition is the same request again: the same ids, on the same stream.
    """

    f: ClassVar[str] = "append"
    stream: StreamName
    events: tuple[Event, ...]
    expected: ExpectedVersion

    @property
    def key(self) -> str:
        """The stream."""
        return self.stream

    @property
    def value(self) -> dict[str, Any]:
        """The ids and the expected version."""
        return {
            "ids": [str(event.id) for event in self.events],
            "expected": expected_as_json(self.expected),
        }

    async def send(self, store: WorkloadStore) -> dict[str, int]:
        """Append; the answer is the version and the position of the last event."""
        appended = await store.append(self.stream, self.events, expected=self.expected)
        return {"version": int(appended.version), "position": int(appended.position)}


class ReadStream(msgspec.Struct, frozen=True, kw_only=True):
    """Read a stream's events after a version, at most ``limit``."""

    f: ClassVar[str] = "read"
    stream: StreamName
    after: int
    limit: int

    @property
    def key(self) -> str:
        """The stream."""
        return self.stream

    @property
    def value(self) -> dict[str, int]:
        """Where the page starts and how long it may be."""
        return {"after": self.after, "limit": self.limit}

    async def send(self, store: WorkloadStore) -> dict[str, Any]:
        """Read; the answer is ``[version, id, position]`` an event."""
        page = await store.read_stream(
            self.stream, after=StreamVersion(self.after), limit=self.limit
        )
        return {"events": [[int(e.version), str(e.id), int(e.position)] for e in page]}


class ReadLog(msgspec.Struct, frozen=True, kw_only=True):
    """Read the log's events after a position, at most ``limit``."""

    f: ClassVar[str] = "read-log"
    key: ClassVar[None] = None
    after: int
    limit: int

    @property
    def value(self) -> dict[str, int]:
        """Where the page starts and how long it may be."""
        return {"after": self.after, "limit": self.limit}

    async def send(self, store: WorkloadStore) -> dict[str, Any]:
        """Read; the answer is ``[position, stream, version, id]`` an event."""
        page = await store.read_log(after=Position(self.after), limit=self.limit)
        return {"events": _log_rows(page)}


class ReadVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Ask how many events a stream holds."""

    f: ClassVar[str] = "version"
    value: ClassVar[None] = None
    stream: StreamName

    @property
    def key(self) -> str:
        """The stream."""
        return self.stream

    async def send(self, store: WorkloadStore) -> int:
        """Ask; the answer is the version."""
        return int(await store.stream_version(self.stream))


class ReadHead(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for the position of the log's last event."""

    f: ClassVar[str] = "head"
    key: ClassVar[None] = None
    value: ClassVar[None] = None

    async def send(self, store: WorkloadStore) -> int:
        """Ask; the answer is the position."""
        return int(await store.head())


Request: TypeAlias = Append | ReadStream | ReadLog | ReadVersion | ReadHead


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """How a request ended: its outcome, the answer of an ok, the error of anything else."""

    outcome: Outcome
    output: Any = None
    error: dict[str, Any] | None = None


def _log_rows(page: Sequence[RecordedEvent]) -> list[list[Any]]:
    return [[int(e.position), str(e.stream), int(e.version), str(e.id)] for e in page]
