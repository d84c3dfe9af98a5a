"""Exit codes of the command line, and which error ends with which.

| exit | meaning |
|---|---|
| 0 | done, or all is well |
| 1 | the log broke its promise: a position or a version is missing, or it went back; only that |
| 2 | usage or configuration: an option, a URL, a setting, a schema that is not migrated |
| 3 | undecided: the append got no answer; it may be in the log |
| 4 | malformed input, on standard input or in a file, with its line |
| 5 | infrastructure: the server cannot be reached or did not answer |
| 6 | refused: the store works and said no (an expected version, an event id, an import that does
     not fit, a migration); nothing was stored |
| 70 | an internal error: a bug of ours |
| 130, 143 | interrupted, terminated |
"""

from __future__ import annotations

import enum

from eventstore.errors import (
    AppendError,
    ArchiveDamaged,
    ConfigError,
    EventDamaged,
    EventStoreError,
    ImportRefused,
    InvalidRequest,
    LogWentBack,
    MalformedExport,
    MigrationFailed,
    PositionGap,
    RemovalRefused,
    SchemaMismatch,
    SealBroken,
    StreamDiverged,
    SubjectForgotten,
    UpdateFailed,
)

__all__ = ["Exit", "exit_of"]


class Exit(enum.IntEnum):
    """How a command ended."""

    OK = 0
    VIOLATION = 1
    USAGE = 2
    UNDECIDED = 3
    MALFORMED = 4
    INFRASTRUCTURE = 5
    REFUSED = 6
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


def exit_of(error: EventStoreError) -> Exit:
    """Return the exit code that an error ends with."""
    match error:
        case (
            AppendError()
            | ImportRefused()
            | MigrationFailed()
            | RemovalRefused()
            | SubjectForgotten()
            | UpdateFailed()
        ):
            return Exit.REFUSED if error.definite else Exit.UNDECIDED
        case MalformedExport():
            return Exit.MALFORMED
        case ArchiveDamaged() | EventDamaged() | LogWentBack() | PositionGap() | StreamDiverged():
            return Exit.VIOLATION
        case ConfigError() | InvalidRequest() | SchemaMismatch() | SealBroken():
            return Exit.USAGE
        case _:
            return Exit.INFRASTRUCTURE
