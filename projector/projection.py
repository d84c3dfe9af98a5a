"""Projections: what a user writes to make a read model of the log."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from projector.documents import DocumentProjection
from projector.errors import ConfigError
from projector.process import Process, ProcessProjection

__all__ = ["BUILT_IN", "Projection", "identity_of", "load_projection"]

BUILT_IN: Final = {
    "event-counts": "projector.projections.event_counts:EventCounts",
    "event-search": "projector.projections.event_search:EventSearch",
    "latest-events": "projector.projections.latest_events:LatestEvents",
    "stream-totals": "projector.projections.stream_totals:StreamTotals",
}
"""The projections that come with the projector, by name."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@runtime_checkable
class Projection(Protocol):
    """Keeps tables from events.

    ``name`` and ``generation`` identify its checkpoint; ``tables`` are created before it begins.
    Give a changed projection another generation and other tables, and it is built from the start.
    """

    @property
    def name(self) -> str:
        """Lower-case letters, digits, ``-`` and ``_``."""
        ...

    @property
    def generation(self) -> int:
        """From 1."""
        ...

    @property
    def tables(self) -> MetaData:
        """The tables that it keeps."""
        ...

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        """Bring the tables from just before ``events`` to just after them.

        The events are consecutive in the log. The connection is in a transaction that also moves
        the checkpoint; it is committed afterwards, or rolled back if this raises. So each event
        takes effect exactly once, whatever fails, as long as the only effects are on this
        connection. Do not commit, and do not send mail.
        """
        ...


def identity_of(projection: object) -> str:
    """Return what tells a projection from another one of its name.

    That is the ``identity`` that it states, else the class of what a user wrote, with its module.
    """
    written: object = getattr(projection, "projection", projection)  # within what adapts it
    stated: object = getattr(written, "identity", None)
    if isinstance(stated, str) and stated:
        return stated
    return f"{type(written).__module__}.{type(written).__qualname__}"


def load_projection(given: str) -> Projection | DocumentProjection:
    """Load a projection: the name of one that is built in, or ``module:attribute``.

    The attribute is a projection, or makes one when called without arguments.

    Raises:
        ConfigError: says what is wrong with it.
    """
    module_name, separator, attribute = BUILT_IN.get(given, given).partition(":")
    if not (module_name and separator and attribute):
        raise ConfigError(
            f"{given!r} is no projection: name one of {', '.join(sorted(BUILT_IN))}, or "
            "MODULE:ATTRIBUTE."
        )
    try:
        found = getattr(importlib.import_module(module_name), attribute)
        made = found() if callable(found) else found
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"projection {given!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    return check_projection(made, given)


def check_projection(made: object, given: str) -> Projection | DocumentProjection:
    """Return what was made if it is a projection.

    Raises:
        ConfigError: says what is missing.
    """
    if isinstance(made, Process) and not isinstance(made, Projection):
        made = ProcessProjection(made)
    if not isinstance(made, Projection | DocumentProjection):
        raise ConfigError(
            f"{given!r} is a {type(made).__name__}, which lacks name and project, or else name, "
            "generation, tables or apply (or react, if it is a process manager)."
        )
    name: object = made.name  # what the type promises, a user's class may break
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise ConfigError(
            f"{given!r} is named {name!r}: a name has lower-case letters, digits, - and _."
        )
    if not isinstance(made, Projection):
        if inspect.iscoroutinefunction(made.project) or inspect.isasyncgenfunction(made.project):
            raise ConfigError(
                f"{given!r} has an async project: it must be a plain function of the event. What "
                "has to wait is written as `async def apply(connection, events)`."
            )
        return made
    generation: object = made.generation
    if not (isinstance(generation, int) and generation >= 1):
        raise ConfigError(f"{given!r} has generation {generation!r}: it is a number from 1.")
    return made
