"""The JetStream stream that the relay fills: how it is made, what is checked, and where it is.

It is `EVENTS` for the log; whoever else has dense numbers to carry names a stream of his own.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import nats.js.errors
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo

from eventstore import wire
from eventstore.epoch import Epoch
from eventstore.errors import ConfigError
from eventstore.jetstream import Connection, answered
from eventstore.relay.ports import LastMessage, StreamState
from eventstore.stream import Position

__all__ = [
    "EVENTS",
    "CarryingStream",
    "Inspection",
    "create",
    "epoch_of",
    "inspect",
    "replace",
]

_NAME_IN_USE: Final = 10058
_DUPLICATE_WINDOW_SECONDS: Final = 1.0
_EPOCH: Final = "trueorder-epoch"
_EPOCH_AFTER: Final = "trueorder-epoch-after"
_EPOCHS: Final = "trueorder-epochs"
_EPOCH_FORM: Final = re.compile("([0-9]{1,18}):([0-9]{1,18})")
_REASON: Final = "trueorder-made-because"


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
    """Where the stream is, and what else is known of it.

    ``takes_batches``: whether it takes atomic batches (nats-server from 2.12). It was made at
    ``created``, because of ``reason``, to begin at ``begins_at`` on so many ``replicas``; the first
    message that it holds is ``first``.
    """

    state: StreamState
    takes_batches: bool
    first: int
    begins_at: int
    replicas: int
    created: dt.datetime | None
    reason: str
    epoch: Epoch


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
    metadata = info.config.metadata or {}
    last, missing = info.state.last_seq, _missing(info)
    # Others may be publishing: the message at that very sequence, unless that may be lost.
    message = await _message(connection, stream, None if missing else last) if last else None
    state = StreamState(last_sequence=last, last=message, missing=missing)
    return Inspection(
        state=state,
        takes_batches=bool(info.config.allow_atomic),
        first=info.state.first_seq,
        begins_at=info.config.first_seq or 1,
        replicas=info.config.num_replicas or 1,
        created=info.created,
        reason=metadata.get(_REASON, ""),
        epoch=epoch_of(metadata),
    )


def _missing(info: StreamInfo) -> int:
    """Count what the stream should hold and does not; with limits nobody can say what it should."""
    config, state = info.config, info.state
    limits = (config.max_age, config.max_msgs, config.max_bytes, config.max_msgs_per_subject)
    if any(limit is not None and limit > 0 for limit in limits):
        return 0
    begins_at = config.first_seq or 1
    return max(0, state.last_seq - begins_at + 1 - state.messages)


def epoch_of(metadata: Mapping[str, str] | None) -> Epoch:
    """Read the epoch from a stream's metadata; the first one if there is none."""
    kept = metadata or {}
    last = f"{kept.get(_EPOCH, '')}:{kept.get(_EPOCH_AFTER, '')}"
    found = map(_EPOCH_FORM.fullmatch, (*kept.get(_EPOCHS, "").split(), last))
    return Epoch.of((int(one[1]), Position(int(one[2]))) for one in found if one is not None)


def _metadata(epoch: Epoch, reason: str) -> dict[str, str]:
    kept = {_EPOCH: str(epoch.number), _EPOCH_AFTER: str(epoch.after), _REASON: reason}
    if epoch.earlier:
        kept[_EPOCHS] = " ".join(f"{number}:{after}" for number, after in epoch.began)
    return kept


async def _message(
    connection: Connection, stream: CarryingStream, sequence: int | None
) -> LastMessage | None:
    """Read who a message is; the last one without a sequence."""
    with answered(f"read a message of the stream {stream.name}"):
        try:
            message = (
                await connection.api.get_last_msg(stream.name, stream.subjects)
                if sequence is None
                else await connection.api.get_msg(stream.name, sequence)
            )
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


async def create(
    connection: Connection,
    stream: CarryingStream = EVENTS,
    *,
    replicas: int,
    first: int = 1,
    reason: str = "there was none",
    epoch: Epoch | None = None,
) -> None:
    """Create the stream; it is no error if somebody else just did.

    Args:
        connection: To NATS.
        stream: Which one.
        replicas: How many servers hold it.
        first: Its first sequence: what is before it is only in the log.
        reason: Why it is made, for an operator.
        epoch: The first one without.

    Raises:
        StreamUnavailable: no answer came.
        ConfigError: the server refuses such a stream.
    """
    config = _config(stream, replicas)
    config.metadata = _metadata(epoch or Epoch(), reason)
    config.first_seq = first if first > 1 else None
    with answered(f"create the stream {stream.name}"):
        try:
            await connection.api.add_stream(config)
        except nats.js.errors.BadRequestError as error:
            if error.err_code == _NAME_IN_USE:
                return  # somebody else made one; the next inspection says if it will do
            raise ConfigError(
                f"NATS refuses to create the stream {stream.name}: {error.description}. It "
                f"needs JetStream with file storage and {replicas} server(s), and no other "
                f"stream that takes {stream.subjects}."
            ) from error


async def replace(
    connection: Connection,
    stream: CarryingStream = EVENTS,
    *,
    reason: str,
    epoch: Epoch | None = None,
    replicas: int = 1,
    first: int = 1,
) -> None:
    """Delete the stream and create it anew, in its epoch or in a later one; see `create`.

    It keeps its replicas and where it begins; ``replicas`` and ``first`` are for one that is gone.

    Raises:
        StreamUnavailable: no answer came; it may be deleted.
        ConfigError: the server refuses such a stream.
    """
    found = await inspect(connection, stream)
    if found is not None:
        epoch = found.epoch.joined(epoch or Epoch())
        replicas, first = found.replicas, found.begins_at
    with (
        answered(f"delete the stream {stream.name}"),
        contextlib.suppress(nats.js.errors.NotFoundError),
    ):
        await connection.api.delete_stream(stream.name)
    await create(connection, stream, replicas=replicas, first=first, reason=reason, epoch=epoch)


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
