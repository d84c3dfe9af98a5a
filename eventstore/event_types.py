"""Typed events: structs for the data of events, by type and schema version, with upcasters.

A program says once which struct stands for which type of event, and then writes and reads structs;
what is in the log stays plain JSON, which other languages read without it. When the shape of an
event changes, the struct takes the next version, and an upcaster turns what the old one looked like
into the new: the log itself never changes, and only the newest shape reaches the program.

The version is in the metadata (``schema_version``); an event without one has version 1.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from eventstore.errors import ConfigError, EventNotReadable, InvalidEvent, UnknownEventType
from eventstore.event import Event, RecordedEvent, new_event_id
from eventstore.stream import Position

__all__ = ["SCHEMA_VERSION", "EventTypes", "Upcast"]

SCHEMA_VERSION: Final = "schema_version"
"""The key of the version in an event's metadata."""

Upcast: TypeAlias = Callable[[Any], Any]
"""Turns the data of one version, as JSON values, into that of the next."""

T = TypeVar("T")
Shape: TypeAlias = tuple[str, int]


class _Registered(msgspec.Struct, frozen=True):
    struct: type[Any]
    shape: Shape
    tags: Callable[[Any], tuple[str, ...]]


class EventTypes:
    """Which struct stands for which type of event; made once, when the program starts."""

    def __init__(self) -> None:
        self._by_shape: dict[Shape, _Registered] = {}
        self._by_struct: dict[type[Any], _Registered] = {}
        self._upcasts: dict[Shape, tuple[Shape, Upcast]] = {}

    def event(
        self,
        name: str,
        *,
        version: int = 1,
        tags: Callable[[Any], tuple[str, ...]] = lambda _: (),
    ) -> Callable[[type[T]], type[T]]:
        """Register the decorated struct for events of a type; ``tags`` says what one is about.

        Raises:
            ConfigError: the type or the struct is registered already.
        """

        def register(struct: type[T]) -> type[T]:
            taken = next((r for shape, r in self._by_shape.items() if shape[0] == name), None)
            if taken is not None:
                raise ConfigError(
                    f"event type {name!r} is {taken.struct.__name__} already: keep the newest "
                    "struct only, and give an upcaster from each older version."
                )
            if struct in self._by_struct:
                raise ConfigError(f"{struct.__name__} stands for another event type already.")
            registered = _Registered(struct, (name, _checked(name, version)), tags)
            self._by_shape[registered.shape] = registered
            self._by_struct[struct] = registered
            return struct

        return register

    def upcast(
        self, name: str, *, version: int, to: Shape | None = None
    ) -> Callable[[Upcast], Upcast]:
        """Register the decorated function: it turns this version of an event's data into the next.

        ``to`` names another type and version, for a type that was renamed.

        Raises:
            ConfigError: there is one already, or it leads back to where it began.
        """
        shape = (name, _checked(name, version))

        def register(function: Upcast) -> Upcast:
            if shape in self._upcasts:
                raise ConfigError(f"version {version} of {name!r} has an upcaster already.")
            self._upcasts[shape] = (to or (name, version + 1), function)
            self._refuse_circle(shape)
            return function

        return register

    def check(self) -> None:
        """Check that each upcaster leads to a struct in the end; call it when all is registered.

        Raises:
            ConfigError: names one that does not, or a version below a struct's that has none.
        """
        for shape in self._upcasts:
            end = self._end_of(shape)
            if end not in self._by_shape:
                raise ConfigError(
                    f"the upcasters of version {shape[1]} of {shape[0]!r} end at version {end[1]} "
                    f"of {end[0]!r}, for which there is no struct."
                )
        for name, newest in self._by_shape:
            for version in range(1, newest):
                if (name, version) not in self._upcasts:
                    raise ConfigError(f"version {version} of {name!r} has no upcaster.")

    def registered(self) -> tuple[tuple[str, int, type[Any]], ...]:
        """Return type, newest version and struct of each, in the order of their registration."""
        return tuple((*entry.shape, entry.struct) for entry in self._by_shape.values())

    def to_event(
        self,
        body: object,
        *,
        metadata: Mapping[str, Any] | None = None,
        tags: tuple[str, ...] = (),
        event_id: UUID | None = None,
    ) -> Event:
        """Make the event of a struct; ``tags`` are added to those that its type gives it.

        Raises:
            UnknownEventType: the struct is not registered.
            InvalidEvent: it holds what JSON cannot say.
        """
        registered = self._by_struct.get(type(body))
        if registered is None:
            raise UnknownEventType(
                f"{type(body).__name__} is not registered: decorate it with the event type that "
                "it stands for."
            )
        name, version = registered.shape
        try:
            data = msgspec.to_builtins(body, str_keys=True)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidEvent(f"its {type(body).__name__} is no JSON value: {error}.") from None
        return Event(
            type=name,
            data=data,
            metadata={**(metadata or {}), SCHEMA_VERSION: version},
            tags=tuple(dict.fromkeys((*registered.tags(body), *tags))),
            id=event_id or new_event_id(),
        )

    def knows(self, event: RecordedEvent) -> bool:
        """Whether there is a struct for an event; one without is read raw, as `event.data`."""
        return self._end_of(_shape_of(event)) in self._by_shape

    def body_of(self, event: RecordedEvent) -> Any:
        """Return the struct of an event, in its newest shape.

        Raises:
            UnknownEventType: there is none for its type or its version.
            EventNotReadable: an upcaster failed, or the data does not fit the struct.
        """
        if event.retired:
            reason = "retention has dropped what it said; look at `event.retired` first"
            raise EventNotReadable(event.position, event.type, reason)
        shape, data = _shape_of(event), event.data
        registered = self._by_shape.get(self._end_of(shape))
        if registered is None:
            raise self._unknown(event.position, shape)
        try:
            if shape in self._upcasts:
                data = copy.deepcopy(data)  # an upcaster may change what it is given
            while shape in self._upcasts:
                next_shape, function = self._upcasts[shape]
                data = function(data)
                shape = next_shape
            return msgspec.convert(data, registered.struct, str_keys=True)
        except Exception as error:
            failed = (
                "" if shape == registered.shape else f"the upcaster of {_words(shape)} failed, "
            )
            reason = f"{failed}{type(error).__name__}: {error}"
            raise EventNotReadable(event.position, event.type, reason) from error

    def _unknown(self, position: Position, shape: Shape) -> UnknownEventType:
        name, version = self._end_of(shape)
        newest = max((known for of, known in self._by_shape if of == name), default=0)
        if newest > version:
            return UnknownEventType(
                f"event at position {position}: it is {_words(shape)}, and nothing turns version "
                f"{version} of {name!r} into the next one, up to the struct's {newest}: register "
                "an upcaster (`check` finds this when the program starts)."
            )
        return UnknownEventType(
            f"event at position {position}: {_words(shape)} is not registered. Was it written by a "
            "newer program? Update this one, or read its data."
        )

    def _end_of(self, shape: Shape) -> Shape:
        while shape in self._upcasts:
            shape = self._upcasts[shape][0]
        return shape

    def _refuse_circle(self, start: Shape) -> None:
        shape = start
        while shape in self._upcasts:
            shape = self._upcasts[shape][0]
            if shape == start:
                del self._upcasts[start]
                raise ConfigError(
                    f"the upcasters of version {start[1]} of {start[0]!r} lead back to it."
                )


def _words(shape: Shape) -> str:
    return f"version {shape[1]} of {shape[0]!r}"


def _checked(name: str, version: int) -> int:
    if version < 1:
        raise ConfigError(f"event type {name!r}: version {version} is none, they begin with 1.")
    return version


def _shape_of(event: RecordedEvent) -> Shape:
    version = event.metadata.get(SCHEMA_VERSION, 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise EventNotReadable(event.position, event.type, f"{SCHEMA_VERSION} is {version!r}")
    return event.type, version
