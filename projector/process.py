"""Process managers: events in, commands out, each command with its effect exactly once.

A process manager reacts to events with commands, which are appends to streams of the log. It is a
projection whose tables are its state. For each event, in order: react (read and change the state),
append the commands, and at the end of the batch commit state and checkpoint together. A crash
anywhere before that commit takes the state back, and the events are reacted to again; since the
commands are a function of state and event, and their ids of the manager's name, the event and a
number, the append is the same append, which the store keeps once. After the commit nothing is
repeated. The ids name no generation: another one that decides the same adds nothing either.

Time comes as events too: see `projector.process_clock`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol, runtime_checkable
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.causation import EventContext
from eventstore.errors import OutcomeUnknown, QueueFull
from eventstore.event import Event, RecordedEvent
from eventstore.store import EventStore, Write
from eventstore.stream import ANY, ExpectedVersion, StreamName
from projector.errors import ConfigError, ReadModelUnavailable

__all__ = ["Command", "Process", "ProcessProjection", "command_id"]

_NAMESPACE: Final = UUID("5b1c1f5e-0f0e-5d0a-9a53-9f1f3c5a7e10")
"""Of the ids of commands; it never changes."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a process manager wants appended.

    ``expected`` guards it, where it is the first one of its reaction for the stream: if the stream
    is elsewhere, the reaction fails as a whole, and the event is poison.
    """

    stream: StreamName
    type: str
    data: Any = None
    tags: tuple[str, ...] = ()
    expected: ExpectedVersion = ANY


@runtime_checkable
class Process(Protocol):
    """What a user writes: a name, tables for the state, and how it reacts."""

    @property
    def name(self) -> str:
        """Lower-case letters, digits, ``-`` and ``_``. The ids of its commands are made of it."""
        ...

    @property
    def generation(self) -> int:
        """From 1."""
        ...

    @property
    def tables(self) -> MetaData:
        """The tables of its state."""
        ...

    async def react(self, connection: AsyncConnection, event: RecordedEvent) -> Iterable[Command]:
        """Change the state through the connection, and say what shall be appended.

        It must be a function of the state and the event: no clock, no randomness, no request to
        anyone. After a crash it is asked again, with the state as it was.
        """
        ...


def command_id(manager: str, cause: UUID, number: int) -> UUID:
    """Return the id of a reaction's command: a version 5 UUID (RFC 9562).

    Args:
        manager: The name of the process manager.
        cause: The id of the event that it reacts to.
        number: Which of the reaction's commands, from 0.
    """
    return uuid5(uuid5(_NAMESPACE, manager), f"{cause} {number}")


class ProcessProjection:
    """A process manager as a projection; see `projector.projection.Projection`.

    ``store`` takes the commands. Without one it can be inspected, and not run.
    """

    def __init__(self, manager: Process, store: EventStore | None = None) -> None:
        self.projection = manager
        self.name = manager.name
        self.generation = manager.generation
        self.tables = manager.tables
        self._store = store

    def appending_to(self, store: EventStore) -> ProcessProjection:
        """Return one that appends its commands to a store."""
        return ProcessProjection(self.projection, store)

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """React to events in order, and append what each wants before the next.

        Raises:
            ReadModelUnavailable, StoreUnavailable: the store gave no answer; ask again, and the
                same append is made again.
            AppendError, InvalidEvent, InvalidStreamName: it refuses a reaction.
        """
        if self._store is None:
            raise ConfigError(f"process manager {self.name!r} has no store to append to.")
        for event in events:
            commands = list(await self.projection.react(connection, event))
            if commands:
                await self._append(self._store, event, commands)

    async def _append(
        self, store: EventStore, cause: RecordedEvent, commands: Sequence[Command]
    ) -> None:
        metadata = EventContext.following(cause).metadata(process_manager=self.name)
        grouped: dict[StreamName, list[Event]] = {}
        expected: dict[StreamName, ExpectedVersion] = {}
        for number, command in enumerate(commands):
            event = Event(
                type=command.type,
                data=command.data,
                metadata=metadata,
                tags=command.tags,
                id=command_id(self.name, cause.id, number),
            )
            grouped.setdefault(command.stream, []).append(event)
            expected.setdefault(command.stream, command.expected)
        writes = [
            Write(stream=stream, events=events, expected=expected[stream])
            for stream, events in grouped.items()
        ]
        try:
            await store.append_all(writes)
        except (OutcomeUnknown, QueueFull) as error:
            raise ReadModelUnavailable(f"process manager {self.name!r}: {error}") from error
