"""Trueorder's event store: an append-only log in PostgreSQL, carried to NATS JetStream."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from eventstore.config import DEFAULT_LOG
from eventstore.errors import (
    AppendError,
    AppendRefused,
    ArchiveDamaged,
    ArchiveMissing,
    BoundaryCrossed,
    ConfigError,
    EventDamaged,
    EventIdReused,
    EventNotReadable,
    EventStoreError,
    ImportRefused,
    InvalidEvent,
    InvalidRequest,
    InvalidStreamName,
    LogWentBack,
    MalformedExport,
    MigrationFailed,
    OutcomeUnknown,
    PositionGap,
    PositionNotReached,
    QueueFull,
    ReadFailed,
    RemovalRefused,
    SchemaMismatch,
    SealBroken,
    StoreUnavailable,
    SubjectForgotten,
    UnknownEventType,
    UpdateFailed,
    WrongExpectedVersion,
)
from eventstore.event import Event, RecordedEvent, new_event_id
from eventstore.query import Query, QueryItem
from eventstore.store import (
    PAGE_BYTES,
    READ_LIMIT_MAX,
    Appended,
    Boundary,
    Delivery,
    EventStore,
    LogPage,
    Outcome,
    Subscription,
    Write,
)
from eventstore.stream import (
    ABSENT,
    ANY,
    EXISTS,
    Expect,
    ExpectedVersion,
    Position,
    StreamName,
    StreamVersion,
    category_of,
    stream_name,
)

__all__ = [
    "ABSENT",
    "ANY",
    "EXISTS",
    "PAGE_BYTES",
    "READ_LIMIT_MAX",
    "AppendError",
    "AppendRefused",
    "Appended",
    "ArchiveDamaged",
    "ArchiveMissing",
    "Boundary",
    "BoundaryCrossed",
    "ConfigError",
    "Delivery",
    "Event",
    "EventDamaged",
    "EventIdReused",
    "EventNotReadable",
    "EventStore",
    "EventStoreError",
    "Expect",
    "ExpectedVersion",
    "ImportRefused",
    "InvalidEvent",
    "InvalidRequest",
    "InvalidStreamName",
    "LogPage",
    "LogWentBack",
    "MalformedExport",
    "MigrationFailed",
    "Outcome",
    "OutcomeUnknown",
    "Position",
    "PositionGap",
    "PositionNotReached",
    "Query",
    "QueryItem",
    "QueueFull",
    "ReadFailed",
    "RecordedEvent",
    "RemovalRefused",
    "SchemaMismatch",
    "SealBroken",
    "StoreUnavailable",
    "StreamName",
    "StreamVersion",
    "SubjectForgotten",
    "Subscription",
    "UnknownEventType",
    "UpdateFailed",
    "Write",
    "WrongExpectedVersion",
    "category_of",
    "connect",
    "new_event_id",
    "stream_name",
]


def connect(
    url: str,
    *,
    log: str = DEFAULT_LOG,
    pool_size: int = 8,
    timeout_seconds: float = 10.0,
    archive_folder: Path | None = None,
) -> AbstractAsyncContextManager[EventStore]:
    """Open the event store in PostgreSQL, for the length of an ``async with`` block.

    ``log`` names one of the logs of the database. ``timeout_seconds`` limits each wait: for a
    connection, and for the answer to a statement. ``archive_folder`` is where the files of archives
    are; without it they are looked for where they were written.

    Raises:
        ConfigError: the URL cannot be used, or ``log`` cannot be a name.
        StoreUnavailable: no connection could be made.
        SchemaMismatch: the database is not migrated to the revision of this version.
    """
    from eventstore.postgres.store import PostgresEventStore  # noqa: PLC0415 - slow to import

    return PostgresEventStore.connect(
        url,
        log=log,
        pool_size=pool_size,
        timeout_seconds=timeout_seconds,
        archive_folder=archive_folder,
    )
