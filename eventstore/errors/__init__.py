"""Everything that can go wrong in the event store, and whether it had an effect.

::

    EventStoreError
    +- ConfigError
    +- InvalidRequest
    |  +- InvalidEvent
    |  +- InvalidStreamName
    +- AppendError
    |  +- WrongExpectedVersion
    |  +- BoundaryCrossed
    |  +- EventIdReused
    |  +- QueueFull
    |  +- AppendRefused
    |  +- OutcomeUnknown
    +- ReadFailed
    |  +- ArchiveMissing
    |  +- ArchiveDamaged
    +- UpdateFailed
    +- RemovalRefused
    +- PositionNotReached
    +- StoreUnavailable
    +- SchemaMismatch
    +- MigrationFailed
    +- ForeignMessage
    +- MalformedExport
    +- ImportRefused
    +- UnknownEventType
    +- EventNotReadable
    +- SubjectForgotten
    +- SealBroken
    +- PositionGap
    +- EventDamaged
    +- ConsumeError
    |  +- ContentDiffers
    |  +- LogWentBack
    |  +- EpochBegan
    |  +- CheckpointMoved
    |  +- CheckpointUnavailable
    |  +- PartitionLost
    +- RelayError
       +- LeaseLost
       +- StreamUnavailable
       +- PublishRefused
       +- PublishUnanswered
       +- StreamDiverged

``definite`` is the whole answer to "did it happen?": true means that the operation certainly had
no effect and never will; false means that it may have had one, or may have one still. A recorder
maps it to ``fail`` and ``info`` without a table, and a caller may repeat the operation at once when
it is true. When it is false a repeat is safe only with the same event ids. What is not known to be
definite is indefinite.
"""

from eventstore.errors.appending import (
    AppendError,
    AppendRefused,
    BoundaryCrossed,
    EventIdReused,
    OutcomeUnknown,
    QueueFull,
    WrongExpectedVersion,
)
from eventstore.errors.consuming import (
    CheckpointMoved,
    CheckpointUnavailable,
    ConsumeError,
    ContentDiffers,
    EpochBegan,
    LogWentBack,
    PartitionLost,
)
from eventstore.errors.content import (
    EventNotReadable,
    ForeignMessage,
    ImportRefused,
    MalformedExport,
    SealBroken,
    SubjectForgotten,
    UnknownEventType,
)
from eventstore.errors.relaying import (
    LeaseLost,
    PublishRefused,
    PublishUnanswered,
    RelayError,
    StreamDiverged,
    StreamUnavailable,
)
from eventstore.errors.root import (
    ConfigError,
    EventStoreError,
    InvalidEvent,
    InvalidRequest,
    InvalidStreamName,
)
from eventstore.errors.serving import (
    ArchiveDamaged,
    ArchiveMissing,
    EventDamaged,
    MigrationFailed,
    PositionGap,
    PositionNotReached,
    ReadFailed,
    RemovalRefused,
    SchemaMismatch,
    StoreUnavailable,
    UpdateFailed,
)

__all__ = [
    "AppendError",
    "AppendRefused",
    "ArchiveDamaged",
    "ArchiveMissing",
    "BoundaryCrossed",
    "CheckpointMoved",
    "CheckpointUnavailable",
    "ConfigError",
    "ConsumeError",
    "ContentDiffers",
    "EpochBegan",
    "EventDamaged",
    "EventIdReused",
    "EventNotReadable",
    "EventStoreError",
    "ForeignMessage",
    "ImportRefused",
    "InvalidEvent",
    "InvalidRequest",
    "InvalidStreamName",
    "LeaseLost",
    "LogWentBack",
    "MalformedExport",
    "MigrationFailed",
    "OutcomeUnknown",
    "PartitionLost",
    "PositionGap",
    "PositionNotReached",
    "PublishRefused",
    "PublishUnanswered",
    "QueueFull",
    "ReadFailed",
    "RelayError",
    "RemovalRefused",
    "SchemaMismatch",
    "SealBroken",
    "StoreUnavailable",
    "StreamDiverged",
    "StreamUnavailable",
    "SubjectForgotten",
    "UnknownEventType",
    "UpdateFailed",
    "WrongExpectedVersion",
]
