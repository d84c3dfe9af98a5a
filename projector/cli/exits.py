"""Exit codes of the command line, and which error ends with which.

| exit | meaning |
|---|---|
| 0 | done |
| 1 | the log broke its promise: it went back, or the stream holds what is none of it |
| 2 | usage or configuration: an option, a URL, a projection that cannot be loaded |
| 3 | not yet: a generation is behind the active one, lacks events, or is in use |
| 4 | incomplete: events are parked or held, or the projection has halted |
| 5 | infrastructure: a server cannot be reached or did not answer |
| 70 | an internal error: a bug of ours, or of the projection |
| 130, 143 | interrupted, terminated |
"""

from __future__ import annotations

import enum
from typing import Final

from eventstore.errors import ConfigError as StoreConfigError
from eventstore.errors import EventDamaged, ForeignMessage, SchemaMismatch
from projector.errors import (
    AnotherProjection,
    ConfigError,
    EpochBegan,
    FeedDiverged,
    FeedUnknown,
    GenerationBehind,
    GenerationInUse,
    GenerationSetAside,
    GenerationUnknown,
    LogWentBack,
    NotSetAside,
    ParkingFull,
    ProjectionFailed,
    TablesDiffer,
)

__all__ = ["Exit", "exit_of"]


class Exit(enum.IntEnum):
    """How a command ended."""

    OK = 0
    VIOLATION = 1
    USAGE = 2
    NOT_YET = 3
    INCOMPLETE = 4
    INFRASTRUCTURE = 5
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


_EXITS: Final[tuple[tuple[tuple[type[Exception], ...], Exit], ...]] = (
    ((ConfigError, StoreConfigError, SchemaMismatch, AnotherProjection, TablesDiffer), Exit.USAGE),
    ((GenerationUnknown, FeedUnknown, NotSetAside), Exit.USAGE),
    ((GenerationBehind, GenerationSetAside, GenerationInUse), Exit.NOT_YET),
    ((ParkingFull,), Exit.INCOMPLETE),
    ((LogWentBack, EpochBegan, EventDamaged, ForeignMessage, FeedDiverged), Exit.VIOLATION),
    ((ProjectionFailed,), Exit.INTERNAL),
)


def exit_of(error: Exception) -> Exit:
    """Return the exit code that an error ends with."""
    for errors, code in _EXITS:
        if isinstance(error, errors):
            return code
    return Exit.INFRASTRUCTURE
