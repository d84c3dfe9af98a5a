"""Between the errors of the store and gRPC's statuses: whether a call had an effect survives it.

The status' details carry a `Failure` in gRPC's richer error model, so that a client in any language
reads it with what its library has for that (https://grpc.io/docs/guides/error/).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import grpc
import msgspec
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from eventstore import errors
from eventstore.errors import EventStoreError
from eventstore.grpc import eventstore_pb2 as pb
from eventstore.grpc.messages import uuid_from
from eventstore.store import Boundary, Write
from eventstore.stream import Position, StreamName, StreamVersion

__all__ = [
    "DETAILS_KEY",
    "Asked",
    "code_of",
    "details_to",
    "error_of",
    "failure_from",
    "failure_to",
]

DETAILS_KEY: Final = "grpc-status-details-bin"

_CODES: Final[dict[type[EventStoreError], grpc.StatusCode]] = {
    errors.InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
    errors.WrongExpectedVersion: grpc.StatusCode.ABORTED,
    errors.BoundaryCrossed: grpc.StatusCode.ABORTED,
    errors.EventIdReused: grpc.StatusCode.ALREADY_EXISTS,
    errors.QueueFull: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.AppendRefused: grpc.StatusCode.FAILED_PRECONDITION,
    errors.OutcomeUnknown: grpc.StatusCode.UNKNOWN,
    errors.PositionNotReached: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.ArchiveDamaged: grpc.StatusCode.DATA_LOSS,
    errors.EventDamaged: grpc.StatusCode.DATA_LOSS,
    errors.ReadFailed: grpc.StatusCode.UNAVAILABLE,
    errors.StoreUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.SchemaMismatch: grpc.StatusCode.FAILED_PRECONDITION,
    errors.PositionGap: grpc.StatusCode.DATA_LOSS,
    errors.LogWentBack: grpc.StatusCode.DATA_LOSS,
}

_SAID_BY_A_MESSAGE: Final[dict[str, type[EventStoreError]]] = {
    kind.__name__: kind
    for kind in (
        errors.ArchiveDamaged,
        errors.ArchiveMissing,
        errors.ConfigError,
        errors.EventDamaged,
        errors.InvalidEvent,
        errors.InvalidRequest,
        errors.ReadFailed,
        errors.StoreUnavailable,
    )
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asked for, as far as its errors name it again."""

    writes: Sequence[Write] = ()
    boundary: Boundary | None = None
    position: Position = Position(0)
    seconds: float = 0.0


def code_of(error: EventStoreError) -> grpc.StatusCode:
    """The status that a call ends with: that of the error's class, else of a class above it."""
    for kind in type(error).__mro__:
        if kind in _CODES:
            return _CODES[kind]
    return grpc.StatusCode.INTERNAL


def details_to(code: grpc.StatusCode, failure: pb.Failure) -> bytes:
    """Encode the details of a status, for the trailing metadata `DETAILS_KEY`."""
    packed = AnyMessage()
    packed.Pack(failure)
    number: int = code.value[0]
    return pb.Status(code=number, message=failure.message, details=[packed]).SerializeToString()


def failure_from(details: bytes) -> pb.Failure | None:
    """Decode the details of a status; null if they are not of this contract."""
    try:
        status = pb.Status.FromString(details)
    except DecodeError:
        return None
    for packed in status.details:
        failure = pb.Failure()
        if packed.Unpack(failure):
            return failure
    return None


def failure_to(error: EventStoreError) -> pb.Failure:
    """Encode an error, with everything it carries that the client does not know."""
    failure = pb.Failure(error=type(error).__name__, definite=error.definite, message=str(error))
    match error:
        case errors.WrongExpectedVersion():
            failure.stream, failure.actual_version = error.stream, error.actual
        case errors.BoundaryCrossed():
            failure.stream, failure.last_match = error.stream, error.last_match
        case errors.EventIdReused():
            failure.stream, failure.event_id = error.stream, error.event_id.bytes
        case errors.QueueFull():
            failure.stream, failure.limit = error.stream, error.limit
        case errors.AppendRefused():
            failure.stream, failure.reason = error.stream, error.reason
            failure.sqlstate = error.sqlstate
        case errors.OutcomeUnknown():
            failure.stream, failure.reason = error.stream, error.reason
        case errors.InvalidStreamName():
            failure.stream, failure.reason = str(error.name), error.reason
        case errors.PositionNotReached() | errors.LogWentBack():
            failure.head = error.head
        case errors.PositionGap():
            failure.missing, failure.found = error.expected, error.got
    return failure


def error_of(failure: pb.Failure, asked: Asked) -> EventStoreError:
    """Make the error again that the server's store raised."""
    if failure.error in _SAID_BY_A_MESSAGE:
        return _SAID_BY_A_MESSAGE[failure.error](failure.message)
    if failure.error in _SAID_BY_FIELDS:
        return _SAID_BY_FIELDS[failure.error](failure, StreamName(failure.stream), asked)
    # An error that a newer server knows and we do not: what counts is whether it had an effect.
    if failure.definite or not asked.writes:
        return errors.StoreUnavailable(failure.message)
    return errors.OutcomeUnknown(asked.writes[0].stream, failure.message)


def _wrong_version(failure: pb.Failure, stream: StreamName, asked: Asked) -> EventStoreError:
    (expected,) = (write.expected for write in asked.writes if write.stream == stream)
    actual = StreamVersion(failure.actual_version)
    return errors.WrongExpectedVersion(stream, expected, actual)


def _crossed(failure: pb.Failure, stream: StreamName, asked: Asked) -> EventStoreError:
    after = asked.boundary.after if asked.boundary else Position(0)
    return errors.BoundaryCrossed(stream, after, Position(failure.last_match))


_SAID_BY_FIELDS: Final[dict[str, Callable[[pb.Failure, StreamName, Asked], EventStoreError]]] = {
    "WrongExpectedVersion": _wrong_version,
    "BoundaryCrossed": _crossed,
    "EventIdReused": lambda failure, stream, _: errors.EventIdReused(
        stream, uuid_from(failure.event_id)
    ),
    "QueueFull": lambda failure, stream, _: errors.QueueFull(stream, failure.limit),
    "AppendRefused": lambda failure, stream, _: errors.AppendRefused(
        stream, failure.sqlstate, failure.reason
    ),
    "OutcomeUnknown": lambda failure, stream, _: errors.OutcomeUnknown(stream, failure.reason),
    "InvalidStreamName": lambda failure, stream, _: errors.InvalidStreamName(
        stream, failure.reason
    ),
    "PositionNotReached": lambda failure, _, asked: errors.PositionNotReached(
        asked.position, Position(failure.head), asked.seconds
    ),
    "LogWentBack": lambda failure, _, asked: errors.LogWentBack(
        asked.position, Position(failure.head)
    ),
    "PositionGap": lambda failure, _, __: errors.PositionGap(failure.missing, failure.found),
}
