"""Publishes the log to the JetStream stream `EVENTS`: the adapter behind `StreamPublisher`.

A small publish is a window: all its messages are sent at once, each on condition that its
predecessor is the last message, and the replies are counted on one inbox. So a message is stored at
the sequence that is its position, or refused: what comes after a refused one is refused too, unless
the stream holds its predecessor already.

A large one is an atomic batch (NATS ADR-50), stored whole or not at all, on condition that the
predecessor of its first event is the last message. A server that flushes to disk before it
acknowledges then flushes once a batch, not once a message. A server before 2.12 does not know
batches, and gets windows.

It deliberately does not retry; the core decides that.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, NoReturn, Self
from uuid import UUID

import msgspec
import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from eventstore import wire
from eventstore.errors import ConfigError, PublishRefused, PublishUnanswered, StreamUnavailable
from eventstore.event import RecordedEvent
from eventstore.jetstream import Connection, answered
from eventstore.relay.ports import LastMessage, StreamState
from eventstore.stream import Position

__all__ = ["JetStreamPublisher"]

EXPECTED_LAST_SEQUENCE: Final = "Nats-Expected-Last-Sequence"

BATCH_FROM: Final = 32
"""From how many events on a batch, with its fixed cost, is cheaper than flushing each message."""

_BATCH_ID: Final = "Nats-Batch-Id"
_BATCH_SEQUENCE: Final = "Nats-Batch-Sequence"
_BATCH_COMMIT: Final = "Nats-Batch-Commit"

_PORTION_BYTES: Final = 4 * 1024 * 1024
"""How much is sent without awaiting replies; JetStream buffers 128 MiB a stream by default."""

_ADDED_HEADERS_BYTES: Final = 256
"""Room for the headers that publishing adds to a message."""

_NO_RESPONDERS: Final = "503"
_NAME_IN_USE: Final = 10058
_DUPLICATE_WINDOW_SECONDS: Final = 1.0
_LAST_SEQUENCE: Final = re.compile(r"wrong last sequence: (\d+)")


class _ApiError(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class _PubAck(msgspec.Struct):
    seq: int = 0
    error: _ApiError | None = None


_decode_ack: Final = msgspec.json.Decoder(_PubAck).decode


class _Message(NamedTuple):
    position: Position
    wire: wire.WireMessage


class _Window:
    """The replies still due to messages sent together; settled when all came, or by a refusal."""

    def __init__(self, number: str, last: Position, replies: int, *, as_batch: bool) -> None:
        self.number = number
        self.last = last
        self.due = replies
        self.as_batch = as_batch
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # The sender may fail before anybody looks at a refusal.
        self.settled.add_done_callback(lambda done: done.cancelled() or done.exception())

    def acknowledge(self) -> None:
        self.due -= 1
        if self.due == 0 and not self.settled.done():
            self.settled.set_result(None)

    def refuse(self, error: PublishRefused) -> None:
        if not self.settled.done():
            self.settled.set_exception(error)


class JetStreamPublisher:
    """Keeps the stream, and publishes to it with its sequence equal to the position.

    Args:
        connection: An open connection, which stays its owner's.
        replicas: How many servers hold the stream, when it has to be created.
        ack_seconds: How long there may be no reply to a publish under way.
    """

    def __init__(
        self, connection: Connection, *, replicas: int = 1, ack_seconds: float = 5.0
    ) -> None:
        self._connection = connection
        self._client = connection.client
        self._api = connection.api
        self._replicas = replicas
        self._ack_seconds = ack_seconds
        self._inbox = self._client.new_inbox()
        self._windows: dict[str, _Window] = {}
        self._window_number = 0
        self._batches = False
        # Publishes may overlap, their messages on the wire may not.
        self._sending = asyncio.Lock()

    @classmethod
    async def open(
        cls, connection: Connection, *, replicas: int = 1, ack_seconds: float = 5.0
    ) -> Self:
        """Make a publisher that hears the replies to what it publishes.

        Raises:
            StreamUnavailable: the connection is gone.
        """
        publisher = cls(connection, replicas=replicas, ack_seconds=ack_seconds)
        with answered("listen for acknowledgements"):
            await publisher._client.subscribe(f"{publisher._inbox}.*.*", cb=publisher._replied)
        return publisher

    async def inspect(self) -> StreamState | None:
        """Say where the stream is, or null if there is none; see `StreamPublisher`."""
        with answered(f"inspect the stream {wire.STREAM}"):
            try:
                info = await self._api.stream_info(wire.STREAM)
            except nats.js.errors.NotFoundError:
                return None
        _check_config(info.config)
        self._batches = bool(info.config.allow_atomic)
        last = info.state.last_seq
        return StreamState(last_sequence=last, last=await self._message(last) if last else None)

    async def _message(self, sequence: int) -> LastMessage | None:
        with answered(f"read sequence {sequence} of the stream {wire.STREAM}"):
            try:
                message = await self._api.get_msg(wire.STREAM, sequence)
            except nats.js.errors.NotFoundError:
                return None
        headers = message.headers or {}
        try:
            return LastMessage(
                position=Position(int(headers[wire.POSITION])),
                event_id=UUID(headers[wire.EVENT_ID]),
            )
        except (KeyError, ValueError):
            return LastMessage(position=None, event_id=None)

    async def create(self) -> None:
        """Create the stream; see `StreamPublisher`."""
        with answered(f"create the stream {wire.STREAM}"):
            try:
                await self._api.add_stream(_stream_config(self._replicas))
            except nats.js.errors.BadRequestError as error:
                if error.err_code == _NAME_IN_USE:
                    return  # somebody else made one; the next inspection says if it will do
                raise ConfigError(
                    f"NATS refuses to create the stream {wire.STREAM}: {error.description}. It "
                    f"needs JetStream with file storage and {self._replicas} server(s), and no "
                    f"other stream that takes {wire.SUBJECTS}."
                ) from error

    async def publish(self, events: Sequence[RecordedEvent]) -> None:
        """Publish events and await their acknowledgements; see `StreamPublisher`."""
        window = None
        opened: list[_Window] = []
        try:
            async with self._sending:
                for messages in self._portions(events):
                    if window is not None:
                        await self._acknowledged(window)
                    window = self._open_window(messages)
                    opened.append(window)
                    with answered(f"publish to the stream {wire.STREAM}"):
                        async with asyncio.timeout(self._ack_seconds):
                            await self._send(messages, window)
            # Outside of the lock: the next publish may be sent while this one is acknowledged.
            if window is not None:
                await self._acknowledged(window)
        except PublishRefused:
            # An event no server takes ends the publish; what is before it is stored all the same.
            if window is not None:
                await self._acknowledged(window)
            raise
        finally:
            for window in opened:
                del self._windows[window.number]
                window.settled.cancel()

    def _portions(self, events: Sequence[RecordedEvent]) -> Iterator[list[_Message]]:
        """Encode events, in portions that a server buffers; what is before a bad one is sent."""
        portion: list[_Message] = []
        portion_bytes = 0
        for event in events:
            message = wire.encode(event)
            size = _size(message)
            too_large = size > self._client.max_payload
            if portion and (too_large or portion_bytes + size > _PORTION_BYTES):
                yield portion
                portion, portion_bytes = [], 0
            if too_large:
                raise PublishRefused(
                    event.position,
                    None,
                    f"event {event.id} makes a message of {size} bytes, the server takes "
                    f"{self._client.max_payload}: raise its max_payload",
                )
            portion.append(_Message(event.position, message))
            portion_bytes += size
        if portion:
            yield portion

    def _open_window(self, messages: Sequence[_Message]) -> _Window:
        self._window_number += 1
        as_batch = self._batches and len(messages) >= BATCH_FROM
        replies = 1 if as_batch else len(messages)
        window = _Window(
            str(self._window_number), messages[-1].position, replies, as_batch=as_batch
        )
        self._windows[window.number] = window
        return window

    async def _send(self, messages: Sequence[_Message], window: _Window) -> None:
        inbox = f"{self._inbox}.{window.number}"
        first = messages[0].position
        for position, message in messages:
            if window.settled.done():
                return  # refused already: look at the stream before more is sent
            headers = message.headers
            last = position == window.last
            if window.as_batch:
                headers[_BATCH_ID] = inbox.rpartition("_INBOX.")[2]
                headers[_BATCH_SEQUENCE] = str(position - first + 1)
                if last:
                    headers[_BATCH_COMMIT] = "1"
            if position == first or not window.as_batch:
                headers[EXPECTED_LAST_SEQUENCE] = str(position - 1)
            await self._client.publish(
                message.subject,
                message.body,
                reply="" if window.as_batch and not last else f"{inbox}.{position}",
                headers=headers,
            )

    async def _acknowledged(self, window: _Window) -> None:
        lost = self._connection.lost
        either: list[asyncio.Future[None] | asyncio.Future[NoReturn]] = [window.settled, lost]
        while True:
            due = window.due
            await asyncio.wait(
                either, timeout=self._ack_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if window.settled.done():
                return window.settled.result()
            if lost.done():
                raise StreamUnavailable(f"the connection to NATS at {self._connection.server} died")
            if window.due == due:
                raise PublishUnanswered(window.last - due + 1, self._ack_seconds)

    async def _replied(self, message: Msg) -> None:
        number, position = message.subject[len(self._inbox) + 1 :].split(".")
        window = self._windows.get(number)
        if window is None:
            return  # of a publish that was given up
        sequence = int(position)
        if (message.headers or {}).get("Status") == _NO_RESPONDERS:
            window.refuse(PublishRefused(sequence, None, "no stream takes it"))
            return
        ack = _decode_ack(message.data)
        if ack.error is not None:
            last = _LAST_SEQUENCE.search(ack.error.description)
            window.refuse(
                PublishRefused(sequence, int(last[1]) if last else None, ack.error.description)
            )
        elif ack.seq != sequence:
            window.refuse(PublishRefused(sequence, None, f"it is stored as sequence {ack.seq}"))
        else:
            window.acknowledge()


def _size(message: wire.WireMessage) -> int:
    """Count what the server counts: "NATS/1.0", a line each header, an empty line, the body."""
    headers = sum(len(name) + len(value) + 4 for name, value in message.headers.items())
    return 12 + headers + _ADDED_HEADERS_BYTES + len(message.body)


def _stream_config(replicas: int) -> StreamConfig:
    return StreamConfig(
        name=wire.STREAM,
        description="Trueorder's log in position order; the stream sequence is the position.",
        subjects=[wire.SUBJECTS],
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


def _check_config(config: StreamConfig) -> None:
    """Refuse a stream in which a sequence could not stay equal to its position."""
    problem = None
    if config.subjects != [wire.SUBJECTS]:
        problem = f"it takes {config.subjects}, not {wire.SUBJECTS} alone"
    elif config.retention != RetentionPolicy.LIMITS:
        problem = f"it drops what was consumed (retention {config.retention})"
    elif config.mirror or config.sources or config.subject_transform:
        problem = "it takes messages from other streams, or renames them"
    elif config.no_ack or config.sealed:
        problem = "it does not acknowledge, or is sealed"
    if problem:
        raise ConfigError(
            f"the stream {wire.STREAM} cannot carry the log: {problem}. Rename or delete it; the "
            "relay makes its own."
        )
