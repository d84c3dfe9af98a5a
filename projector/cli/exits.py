"""Exit codes of the command line, and which error ends with which.

| exit | meaning |
|---|---|
| 0 | done |
| 1 | the log broke its promise: it went back, or the stream holds what is none of it |
| 2 | usage or configuration: an option, a URL, a projection that cannot be loaded |
| 3 | not yet: a generation is behind the active one |
| 5 | infrastructure: a server cannot be reached or did not answer |
| 70 | an internal error: a bug of ours, or of the projection |
| 130, 143 | interrupted, terminated |
"""

from __future__ import annotations

import enum

from eventstore.errors import ConfigError as StoreConfigError
from eventstore.errors import ForeignMessage, SchemaMismatch
from projector.errors import (
    ConfigError,
    FeedUnknown,
    GenerationBehind,
    GenerationUnknown,
    LogWentBack,
    ProjectionFailed,
)

__all__ = ["Exit", "exit_of"]


class Exit(enum.IntEnum):
    """How a command ended."""

    OK = 0
    VIOLATION = 1
    USAGE = 2
    NOT_YET = 3
    INFRASTRUCTURE = 5
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


def exit_of(error: Exception) -> Exit:
    """Return the exit code that an error ends with."""
    match error:
        case ConfigError() | StoreConfigError() | SchemaMismatch():
            return Exit.USAGE
        case GenerationUnknown() | FeedUnknown():
            return Exit.USAGE
        case GenerationBehind():
            return Exit.NOT_YET
        case LogWentBack() | ForeignMessage():
            return Exit.VIOLATION
        case ProjectionFailed():
            return Exit.INTERNAL
        case _:
            return Exit.INFRASTRUCTURE
