"""The JetStream stream that the relay fills: how it is made, what is checked, and where it is.

It is `EVENTS` for the log; whoever else has dense numbers to carry names a stream of his own.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import nats.js.errors
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from eventstore import wire
from eventstore.errors import ConfigError
from eventstore.jetstream import Connection, answered
from eventstore.relay.ports import LastMessage, StreamState
from eventstore.stream import Position

__all__ = ["EVENTS", "CarryingStream", "Inspection", "create", "inspect"]

_NAME_IN_USE: Final = 10058
_DUPLICATE_WINDOW_SECONDS: Final = 1.0


class CarryingStream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream whose sequence equals a dense number that each of its messages has in a header."""

    name: str
    description: str
    subjects: str
    number_header: str


EVENTS: Final = CarryingStream(
    name=wire.STREAM,
    description="Trueorder's log in position order; the stream sequence is the position.",
    subjects=wire.SUBJECTS,
    number_header=wire.POSITION,
)
"""The log."""


class Inspection(NamedTuple):
    """Where the stream is, and whether it takes atomic batches (nats-server from 2.12)."""

    state: StreamState
    takes_batches: bool


async def inspect(connection: Connection, stream: CarryingStream = EVENTS) -> Inspection | None:
    """Say where the stream is, or null if there is none.

    Raises:
        StreamUnavailable: no answer came.
        ConfigError: there is a stream of that name that cannot carry the log.
    """
    with answered(f"inspect the stream {stream.name}"):
        try:
            info = await connection.api.stream_info(stream.name)
        except nats.js.errors.NotFoundError:
            return None
    _check_config(info.config, stream)
    last = info.state.last_seq
    message = await _message(connection, stream, last) if last else None
    return Inspection(StreamState(last_sequence=last, last=message), bool(info.config.allow_atomic))


async def _message(
    connection: Connection, stream: CarryingStream, sequence: int
) -> LastMessage | None:
    with answered(f"read sequence {sequence} of the stream {stream.name}"):
        try:
            message = await connection.api.get_msg(stream.name, sequence)
        except nats.js.errors.NotFoundError:
            return None
    headers = message.headers or {}
    try:
        return LastMessage(
            position=Position(int(headers[stream.number_header])),
            event_id=UUID(headers[wire.EVENT_ID]),
        )
    except (KeyError, ValueError):
        return LastMessage(position=None, event_id=None)


async def create(connection: Connection, stream: CarryingStream = EVENTS, *, replicas: int) -> None:
    """Create the stream; it is no error if somebody else just did.

    Raises:
        StreamUnavailable: no answer came.
        ConfigError: the server refuses such a stream.
    """
    with answered(f"create the stream {stream.name}"):
        try:
            await connection.api.add_stream(_config(stream, replicas))
        except nats.js.errors.BadRequestError as error:
            if error.err_code == _NAME_IN_USE:
                return  # somebody else made one; the next inspection says if it will do
            raise ConfigError(
                f"NATS refuses to create the stream {stream.name}: {error.description}. It "
                f"needs JetStream with file storage and {replicas} server(s), and no other "
                f"stream that takes {stream.subjects}."
            ) from error


def _config(stream: CarryingStream, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=stream.name,
        description=stream.description,
        subjects=[stream.subjects],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        # Nothing limits the stream; should somebody add a limit, a full stream refuses what is
        # new instead of dropping what is old.
        discard=DiscardPolicy.NEW,
        deny_delete=True,
        deny_purge=True,
        allow_direct=True,
        allow_atomic=True,
        num_replicas=replicas,
        # Duplicates are refused by the expected sequence, without a window.
        duplicate_window=_DUPLICATE_WINDOW_SECONDS,
    )


def _check_config(config: StreamConfig, stream: CarryingStream) -> None:
    """Refuse a stream in which a sequence could not stay equal to its position."""
    problem = None
    if config.subjects != [stream.subjects]:
        problem = f"it takes {config.subjects}, not {stream.subjects} alone"
    elif config.retention != RetentionPolicy.LIMITS:
        problem = f"it drops what was consumed (retention {config.retention})"
    elif config.mirror or config.sources or config.subject_transform:
        problem = "it takes messages from other streams, or renames them"
    elif config.no_ack or config.sealed:
        problem = "it does not acknowledge, or is sealed"
    if problem:
        raise ConfigError(
            f"the stream {stream.name} cannot carry the log: {problem}. Rename or delete it; the "
            "relay makes its own."
        )
