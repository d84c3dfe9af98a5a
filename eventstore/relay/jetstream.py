"""Publishes to a JetStream stream, `EVENTS` by default: the adapter behind `StreamPublisher`.

A small publish is a window: all its messages are sent at once, each on condition that its
predecessor is the last message. So a message is stored at the sequence that is its position, or
refused: what comes after a refused one is refused too, unless the stream holds its predecessor
already. What replies there are come to one inbox (`eventstore.relay.window`).

A large one may be an atomic batch (NATS ADR-50), stored whole or not at all, on condition that the
predecessor of its first event is the last message; `Sending` chooses. A server before 2.12 does not
know batches.

It deliberately does not retry; the core decides that.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Final, NoReturn, Self, TypeAlias

import msgspec

from eventstore import jetstream
from eventstore.dataplane.connection import DataPlane
from eventstore.dataplane.frames import Message
from eventstore.dataplane.opening import connect as connect_plane
from eventstore.epoch import Epoch
from eventstore.errors import PublishRefused, PublishUnanswered, StreamUnavailable
from eventstore.relay import jetstream_stream
from eventstore.relay.jetstream_stream import EVENTS, CarryingStream
from eventstore.relay.ports import StreamState
from eventstore.relay.sending import Sending
from eventstore.relay.window import Window
from eventstore.wire_bytes import WireBytes

__all__ = ["JetStreamPublisher"]

_PORTION_BYTES: Final = 4 * 1024 * 1024
"""How much is sent without awaiting replies; JetStream buffers 128 MiB a stream by default."""

_WRITE_EVENTS: Final = 64
"""How many messages are joined into one write; between two, a refusal is looked for."""

_ADDED_BYTES: Final = 256
"""Room for what publishing adds to a message: the protocol's own lines, and headers."""

_NO_RESPONDERS: Final = b"NATS/1.0 503"
_LAST_SEQUENCE: Final = re.compile(r"wrong last sequence: (\d+)")


class _ApiError(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class _PubAck(msgspec.Struct):
    seq: int = 0
    error: _ApiError | None = None


_decode_ack: Final = msgspec.json.Decoder(_PubAck).decode


AskEpoch: TypeAlias = Callable[[], Awaitable[Epoch]]


async def _first_epoch() -> Epoch:
    return Epoch()


class JetStreamPublisher:
    """Keeps the stream, and publishes to it with its sequence equal to the position.

    Made by `open`. ``alarms`` fail when one of its connections is lost.
    """

    def __init__(
        self,
        connection: jetstream.Connection,
        plane: DataPlane,
        *,
        stream: CarryingStream,
        replicas: int,
        first: int,
        epoch: AskEpoch,
        ack_seconds: float,
    ) -> None:
        self.alarms: Sequence[asyncio.Future[NoReturn]] = (connection.lost, plane.lost)
        self._connection = connection
        self._plane = plane
        self._stream = stream
        self._replicas = replicas
        self._first = first
        self._epoch = epoch
        self._ack_seconds = ack_seconds
        self._inbox = plane.new_inbox().encode()
        self._windows: dict[int, Window] = {}
        self._window_number = 0
        self._choice = Sending()
        self._last_ended = 0.0
        # Publishes may overlap, their messages on the wire may not.
        self._sending = asyncio.Lock()
        plane.subscribe(f"{self._inbox.decode()}.*.*", self._replied)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        name: str,
        stream: CarryingStream = EVENTS,
        replicas: int = 1,
        first: int = 1,
        epoch: AskEpoch | None = None,
        ack_seconds: float = 5.0,
    ) -> AsyncIterator[Self]:
        """Connect to NATS at ``url``; the connections are closed at the end of the block.

        Args:
            url: The server or servers.
            name: What the server's monitoring shows.
            stream: Which one is published to; its subjects are those of the messages.
            replicas: How many servers hold the stream, when it has to be created.
            first: The position of its first message, when it has to be created.
            epoch: Asked which epoch the stream is of, when it has to be created; the first without.
            ack_seconds: How long there may be no reply to a publish under way.

        Raises:
            StreamUnavailable: there is no connection.
        """
        async with (
            jetstream.connect(url, name=name, timeout_seconds=ack_seconds) as connection,
            connect_plane(url, name=f"{name} (data)", timeout_seconds=ack_seconds) as plane,
        ):
            yield cls(
                connection,
                plane,
                stream=stream,
                replicas=replicas,
                first=first,
                epoch=epoch or _first_epoch,
                ack_seconds=ack_seconds,
            )

    async def inspect(self) -> StreamState | None:
        """Say where the stream is, or null if there is none; see `StreamPublisher`."""
        found = await jetstream_stream.inspect(self._connection, self._stream)
        if found is None:
            return None
        self._choice.takes_batches = found.takes_batches
        return found.state

    async def create(self) -> None:
        """Create the stream; see `StreamPublisher`."""
        await jetstream_stream.create(
            self._connection,
            self._stream,
            replicas=self._replicas,
            first=self._first,
            epoch=await self._epoch(),
        )

    async def replace(self, reason: str) -> None:
        """Delete the stream and create it anew; see `StreamPublisher`."""
        await jetstream_stream.replace(
            self._connection,
            self._stream,
            replicas=self._replicas,
            first=self._first,
            reason=reason,
            epoch=await self._epoch(),
        )

    async def publish(self, messages: Sequence[WireBytes]) -> None:
        """Publish events and await their acknowledgements; see `StreamPublisher`."""
        opened: list[Window] = []
        try:
            async with self._sending:
                await self._send_all(messages, opened)
            # Outside of the lock: the next publish may be sent while this one is acknowledged.
            await self._acknowledged(opened[-1])
        except PublishRefused:
            # An event no server takes ends the publish; what is before it is stored all the same.
            if opened:
                await self._acknowledged(opened[-1])
            raise
        finally:
            for window in opened:
                del self._windows[window.number]
                window.settled.cancel()

    async def _send_all(self, messages: Sequence[WireBytes], opened: list[Window]) -> None:
        """Send messages as windows, each after the one before is acknowledged, but for the last."""
        for portion in self._portions(messages):
            sent = 0
            while sent < len(portion):
                if opened:
                    await self._acknowledged(opened[-1])
                way = self._choice.next(len(portion) - sent)
                part = portion[sent : sent + way.events]
                window = self._open_window(part, as_batch=way.as_batch)
                opened.append(window)
                await self._send(part, window)
                sent += way.events

    def _portions(self, messages: Sequence[WireBytes]) -> Iterator[list[WireBytes]]:
        """Cut what a server buffers at once; what is before a message that is too large is sent."""
        max_payload = self._plane.info.max_payload
        portion: list[WireBytes] = []
        portion_bytes = 0
        for message in messages:
            size = len(message.headers) + len(message.body) + _ADDED_BYTES
            too_large = size > max_payload
            if portion and (too_large or portion_bytes + size > _PORTION_BYTES):
                yield portion
                portion, portion_bytes = [], 0
            if too_large:
                raise PublishRefused(
                    message.position,
                    None,
                    f"event {message.id} makes a message of {size} bytes, the server takes "
                    f"{max_payload}: raise its max_payload",
                )
            portion.append(message)
            portion_bytes += size
        if portion:
            yield portion

    def _open_window(self, messages: Sequence[WireBytes], *, as_batch: bool) -> Window:
        self._window_number += 1
        window = Window(self._window_number, messages, as_batch=as_batch)
        self._windows[window.number] = window
        return window

    async def _send(self, messages: Sequence[WireBytes], window: Window) -> None:
        for start in range(0, len(messages), _WRITE_EVENTS):
            if window.settled.done():
                return  # refused already: look at the stream before more is sent
            self._plane.write(window.frames(messages[start : start + _WRITE_EVENTS], self._inbox))
            await self._plane.drained(self._ack_seconds)

    async def _acknowledged(self, window: Window) -> None:
        lost = self._plane.lost
        either: list[asyncio.Future[None] | asyncio.Future[NoReturn]] = [window.settled, lost]
        while True:
            stored_to = window.stored_to
            await asyncio.wait(
                either, timeout=self._ack_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if window.settled.done():
                window.settled.result()
                # The server took them in turn: before it was through with others it did not begin.
                seconds = window.ended - max(window.began, self._last_ended)
                self._last_ended = window.ended
                self._choice.took(as_batch=window.as_batch, events=window.events, seconds=seconds)
                return
            if lost.done():
                raise StreamUnavailable(f"the connection to NATS at {self._plane.server} died")
            if window.stored_to == stored_to:
                raise PublishUnanswered(stored_to + 1, self._ack_seconds)

    def _replied(self, message: Message) -> None:
        number, position = message.subject[len(self._inbox) + 1 :].split(b".")
        window = self._windows.get(int(number))
        if window is None:
            return  # of a publish that was given up
        sequence = int(position)
        if message.headers.startswith(_NO_RESPONDERS):
            window.refuse(PublishRefused(sequence, None, "no stream takes it"))
            return
        ack = _decode_ack(message.body)
        if ack.error is not None:
            last = _LAST_SEQUENCE.search(ack.error.description)
            window.refuse(
                PublishRefused(sequence, int(last[1]) if last else None, ack.error.description)
            )
        elif ack.seq != sequence:
            window.refuse(PublishRefused(sequence, None, f"it is stored as sequence {ack.seq}"))
        else:
            window.acknowledge(sequence)
