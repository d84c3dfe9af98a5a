"""The only place that knows what PostgreSQL's and asyncpg's errors mean for us.

What counts is when an error came. Before a statement was sent it certainly did nothing. After that,
an append did nothing only if the server said so itself, in one of the classes below: such an error
ends the statement, and its transaction with it, before the commit. Everything else is on no list
and therefore leaves the outcome open: a connection that died, a time limit, a server that shuts
down (57P0x), a disk that failed (58). A disk that is full (53100) stops a statement before its
commit, if that is all that the server says of it; one that cannot write its own log crashes, says
something worse than an error, and after its recovery the row can be there.
"""

from __future__ import annotations

import socket
from typing import Final

import asyncpg

from eventstore.errors import (
    AppendRefused,
    ConfigError,
    EventStoreError,
    ImportRefused,
    MigrationFailed,
    OutcomeUnknown,
    ReadFailed,
    RemovalRefused,
    StoreUnavailable,
    UpdateFailed,
)
from eventstore.stream import StreamName

__all__ = [
    "DRIVER_ERRORS",
    "append_failed",
    "import_failed",
    "migration_failed",
    "read_failed",
    "removal_failed",
    "revision_unknown",
    "spoils_others",
    "unavailable",
    "update_failed",
]

DRIVER_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what it says of a connection that is lost at a bad moment
    OSError,
    TimeoutError,
)
"""All that the driver raises of a server that refuses, or that does not answer."""

DEFINITE_CLASSES: Final = frozenset({"0A", "22", "23", "3F", "42", "54", "ES", "P0"})
"""SQLSTATE classes of errors that roll the statement back: it asks for what cannot be done."""

DEFINITE_CODES: Final = frozenset({"25006", "40001", "40P01", "55P03"})
"""A read-only server; lost races: serialization, deadlock, a lock that was not granted in time."""

_DISK_FULL: Final = "53100"

_READ_ONLY: Final = "25006"

_NO_RIGHT: Final = "42501"

_ROLE: Final = "a role of the log, such as eventstore_reader or eventstore_writer"

_REMEDIES: Final = {
    "28P01": "mend user and password in the URL (percent-encoded), or the user's password there",
    "28000": "mend the user in the URL, or allow it in the server's pg_hba.conf",
    "3D000": "mend the name in the URL, or create the database and run `eventstore migrate`",
    _NO_RIGHT: f"grant the user CONNECT on the database, and {_ROLE}",
    "53300": "close some sessions, or raise the server's max_connections",
    "57P03": "it starts or shuts down: try again in a moment",
}
"""By SQLSTATE: what to do when no connection is made."""

_MIGRATION_REMEDIES: Final = {
    _READ_ONLY: "; this server takes no writes: name the primary.",
    _NO_RIGHT: "; run it as the owner of the database, or of the log's schema.",
    "53100": "; make room on the database's disk.",
    "55P03": "; another migration or a long transaction is in the way: wait for it.",
}

OF_ONE_APPEND: Final = frozenset({"22", "23", "54", "P0"})
"""Those of them that are about one append's values, and not about the server or our rights."""


def spoils_others(error: BaseException) -> bool:
    """Whether one append can have made the server refuse a batch, and the others might pass."""
    return isinstance(error, asyncpg.PostgresError) and (
        (error.sqlstate or "")[:2] in OF_ONE_APPEND
    )


def unavailable(error: BaseException, server: str) -> EventStoreError:
    """Say that no connection was made; the operation never began."""
    if isinstance(error, EventStoreError):
        return error
    if isinstance(error, asyncpg.ClientConfigurationError | ValueError):
        return ConfigError(f"the database URL for {server} cannot be used by the driver.")
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return StoreUnavailable(
            f"{server} is a standby, which may show an older log: name the primary."
        )
    if isinstance(error, TimeoutError):
        return StoreUnavailable(
            f"no connection to {server} within the time limit: is it running, and are there "
            "enough connections?"
        )
    return StoreUnavailable(f"no connection to {server}: {_reason(error)}{_remedy(error)}")


def revision_unknown(error: BaseException) -> StoreUnavailable:
    """Say that it is not known at which revision a log is; the operation never began."""
    return StoreUnavailable(
        f"the log's schema cannot be looked at: {_reason(error)}{_remedy(error)}"
    )


def _remedy(error: BaseException) -> str:
    """Say what to do when no connection is made, as far as the error tells."""
    if isinstance(error, asyncpg.PostgresError):
        remedy = _REMEDIES.get(error.sqlstate or "", "")
    elif isinstance(error, socket.gaierror):
        remedy = "mend the host in the URL"
    elif isinstance(error, ConnectionRefusedError):
        remedy = "nothing listens there: start the server, or mend host and port in the URL"
    else:
        remedy = ""
    return f"; {remedy}." if remedy else ""


def append_failed(error: BaseException, stream: StreamName) -> EventStoreError:
    """Say whether an append that was sent can have happened."""
    sqlstate = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    if sqlstate and (_is_definite(sqlstate) or _is_full(error)):
        return AppendRefused(stream, sqlstate, _reason(error))
    return OutcomeUnknown(stream, _reason(error))


def read_failed(error: BaseException) -> ReadFailed:
    """Say that a read got no answer, or was refused."""
    sqlstate = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    if sqlstate == _NO_RIGHT:
        return ReadFailed(f"PostgreSQL refused the read ({_reason(error)}): it takes {_ROLE}.")
    if sqlstate and _is_definite(sqlstate) and sqlstate not in DEFINITE_CODES:
        return ReadFailed(
            f"PostgreSQL refused the read ({_reason(error)}, SQLSTATE {sqlstate}): "
            "`eventstore doctor` says what is wrong with the server or the schema."
        )
    return ReadFailed(f"the read got no answer ({_reason(error)}): it can be repeated at any time.")


def update_failed(error: BaseException) -> UpdateFailed:
    """Say that a change beside the log was refused or got no answer."""
    return UpdateFailed(
        f"the change was refused or got no answer ({_reason(error)}): it can be repeated."
    )


def removal_failed(error: BaseException, left: str) -> RemovalRefused | UpdateFailed:
    """Say whether payloads that were to go can be gone; ``left`` is what is left otherwise."""
    sqlstate = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    if sqlstate == _NO_RIGHT:
        return RemovalRefused(
            f"PostgreSQL refused ({_reason(error)}): this takes the log's owner, or a user in the "
            f"role eventstore_archivist; {left}."
        )
    if sqlstate and (_is_definite(sqlstate) or _is_full(error)):
        return RemovalRefused(
            f"PostgreSQL refused ({_reason(error)}, SQLSTATE {sqlstate}); {left}."
        )
    return UpdateFailed(
        f"no answer came ({_reason(error)}): begin again, what is done already is passed over."
    )


def import_failed(error: BaseException) -> ImportRefused | UpdateFailed:
    """Say whether a batch of an import that was sent can have been stored."""
    sqlstate = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    if sqlstate and _is_full(error):
        return ImportRefused(f"{_reason(error)}; nothing of this batch was stored.")
    if sqlstate and _is_definite(sqlstate):
        return ImportRefused(
            f"PostgreSQL refused a batch ({_reason(error)}, SQLSTATE {sqlstate}); nothing of it "
            f"was stored.{' Only the owner of the tables may import.' * (sqlstate == _NO_RIGHT)}"
        )
    return UpdateFailed(
        f"the import got no answer ({_reason(error)}): begin it again, what is stored already is "
        "passed over."
    )


def migration_failed(error: BaseException) -> MigrationFailed | UpdateFailed:
    """Say whether a migration, which is one transaction, can have been done.

    ``error`` is asyncpg's, or what SQLAlchemy made of it: the same words and SQLSTATE.
    """
    sqlstate = getattr(error, "sqlstate", None) or ""
    words = " ".join(str(error).split()).rpartition(">: ")[2]
    if _is_definite(sqlstate) or sqlstate == _DISK_FULL:
        remedy = _MIGRATION_REMEDIES.get(sqlstate, "")
        return MigrationFailed(f"{words}{remedy}")
    return UpdateFailed(
        f"the migration got no answer ({words or type(error).__name__}): run it again, it is done "
        "as a whole or not at all."
    )


def _is_definite(sqlstate: str) -> bool:
    return sqlstate[:2] in DEFINITE_CLASSES or sqlstate in DEFINITE_CODES


def _is_full(error: BaseException) -> bool:
    """Whether a full disk stopped a statement, and nothing worse happened."""
    return (
        isinstance(error, asyncpg.PostgresError)
        and error.sqlstate == _DISK_FULL
        and error.severity_en == "ERROR"
    )


def _reason(error: BaseException) -> str:
    """Name an error in one line. PostgreSQL's detail is left out, since it quotes values."""
    if isinstance(error, TimeoutError):
        return "no answer within the time limit"
    if isinstance(error, asyncpg.ConnectionDoesNotExistError):
        return "the connection was lost"
    if isinstance(error, asyncpg.PostgresError):
        message = str(error.message or type(error).__name__)
        if error.sqlstate == _DISK_FULL:
            return f"the database's disk is full, make room there: {message}"
        if error.sqlstate == _READ_ONLY:
            return f"{message}; name the primary, or set default_transaction_read_only to off there"
        return message
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
