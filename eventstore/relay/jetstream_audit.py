"""Holds a whole stream against the log, message by message, and takes out what the log lost.

The relay itself compares the last message only: enough to know where to go on, since what it
publishes is conditional on its predecessor. An audit also sees what was changed behind its back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

import msgspec
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from eventstore import wire, wire_bytes
from eventstore.dataplane.frames import HEADERS_BEGIN
from eventstore.errors import ForeignMessage
from eventstore.event import RecordedEvent
from eventstore.jetstream import Connection, answered
from eventstore.relay.jetstream_stream import EVENTS, CarryingStream
from eventstore.relay.ports import OutgoingLog
from eventstore.stream import Position
from eventstore.wire_bytes import WireBytes

__all__ = ["Audit", "audit", "lost_events"]

_RETIRED: Final = b'\r\nTrueorder-Metadata: {"retired":'
"""Retention dropped what the log had of the event; what the stream has may be from before."""
_BATCH: Final = 500
_PAGE: Final = 1000
_IDLE_SECONDS: Final = 60.0


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found: ``messages`` looked at, and how far stream and log agree.

    ``differs_at`` is the first sequence whose message the log does not hold, null if there is none;
    up to ``agrees_to`` every message is the log's. Nothing was looked at behind an event of the log
    that cannot be decoded: ``unreadable`` says which and why, and ``differs_at`` then whether the
    stream has another message in its place.
    """

    messages: int
    agrees_to: Position
    differs_at: int | None
    unreadable: ForeignMessage | None = None


async def audit(connection: Connection, log: OutgoingLog, stream: CarryingStream = EVENTS) -> Audit:
    """Compare subject, id, position and body of each message with the log's, up to a difference.

    Raises:
        StreamUnavailable, ReadFailed, StoreUnavailable: no answer came.
    """
    messages, agrees_to = 0, Position(0)
    async with aclosing(_messages(connection, stream, after=0)) as batches:
        async for batch in batches:
            entries = await _entries(log, batch)
            for message in batch:
                sequence = message.metadata.sequence.stream
                entry = entries.get(Position(sequence))
                differs = entry is None or not _same(message, entry, stream)
                unreadable = None if entry is None or stream is not EVENTS else _fault_of(entry)
                if differs or unreadable is not None:
                    return Audit(
                        messages=messages,
                        agrees_to=agrees_to,
                        differs_at=sequence if differs else None,
                        unreadable=unreadable,
                    )
                messages += 1
                agrees_to = Position(sequence)
    return Audit(messages=messages, agrees_to=agrees_to, differs_at=None)


async def lost_events(
    connection: Connection, log: OutgoingLog, *, after: Position
) -> AsyncIterator[RecordedEvent | ForeignMessage]:
    """Yield the events after a position that the log does not hold there; or what is no event.

    Raises:
        StreamUnavailable, ReadFailed, StoreUnavailable: no answer came.
    """
    async for batch in _messages(connection, EVENTS, after=after):
        entries = await _entries(log, batch)
        for message in batch:
            try:
                event = wire.decode(message.subject, message.headers, message.data)
            except ForeignMessage as error:
                yield error
                continue
            entry = entries.get(event.position)
            if entry is None or entry.id != event.id:
                yield event


async def _messages(
    connection: Connection, stream: CarryingStream, *, after: int
) -> AsyncGenerator[list[Msg], None]:
    """Read the stream after a sequence, up to where it ends now."""
    with answered(f"read the stream {stream.name}"):
        info = await connection.api.stream_info(stream.name)
        last, first = info.state.last_seq, info.state.first_seq
        if not info.state.messages or last <= after:
            return
        subscription = await connection.api.pull_subscribe(
            stream.subjects,
            stream=stream.name,
            config=ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=max(first, after + 1),
                inactive_threshold=_IDLE_SECONDS,
            ),
        )
        reached = after
        while reached < last:
            batch = await subscription.fetch(
                min(_BATCH, last - reached), timeout=connection.timeout_seconds
            )
            yield batch
            meta = batch[-1].metadata
            reached = last if not meta.num_pending else meta.sequence.stream
        await subscription.unsubscribe()


async def _entries(log: OutgoingLog, batch: Sequence[Msg]) -> dict[Position, WireBytes]:
    """Read what the log holds at the positions of messages."""
    after = Position(batch[0].metadata.sequence.stream - 1)
    last = batch[-1].metadata.sequence.stream
    entries: dict[Position, WireBytes] = {}
    while after < last:
        page = await log.read(after=after, limit=min(_PAGE, last - after))
        entries |= {entry.position: entry for entry in page}
        if not page:
            break
        after = page[-1].position
    return entries


def _fault_of(entry: WireBytes) -> ForeignMessage | None:
    """Return why nobody can read an event of the log; null if it can be read."""
    block = HEADERS_BEGIN + entry.headers + b"\r\n"
    try:
        wire_bytes.decode_at(entry.position, entry.subject, block, entry.body)
    except ForeignMessage as error:
        return error
    return None


def _same(message: Msg, entry: WireBytes, stream: CarryingStream) -> bool:
    headers = message.headers or {}
    return (
        headers.get(stream.number_header) == str(entry.position)
        and headers.get(wire.EVENT_ID) == str(entry.id)
        and message.subject == entry.subject.decode()
        and (message.data == entry.body or _RETIRED in entry.headers)
    )
