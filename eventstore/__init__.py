"""Trueorder's event store: an append-only log in PostgreSQL, carried to NATS JetStream."""

from eventstore.errors import (
    AppendError,
    ConfigError,
    EventIdReused,
    EventStoreError,
    InvalidEvent,
    InvalidStreamName,
    OutcomeUnknown,
    ReadFailed,
    SchemaMismatch,
    StoreUnavailable,
    WrongExpectedVersion,
)
from eventstore.event import Event, RecordedEvent, new_event_id
from eventstore.store import READ_LIMIT_MAX, Appended, EventStore
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
    "READ_LIMIT_MAX",
    "AppendError",
    "Appended",
    "ConfigError",
    "Event",
    "EventIdReused",
    "EventStore",
    "EventStoreError",
    "Expect",
    "ExpectedVersion",
    "InvalidEvent",
    "InvalidStreamName",
    "OutcomeUnknown",
    "Position",
    "ReadFailed",
    "RecordedEvent",
    "SchemaMismatch",
    "StoreUnavailable",
    "StreamName",
    "StreamVersion",
    "WrongExpectedVersion",
    "category_of",
    "new_event_id",
    "stream_name",
]
