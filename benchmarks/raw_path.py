"""The limit of the latency from commit to change: a bare relay, a bare projector, a process each.

usage: python -m benchmarks.raw_path relay|projector STORE_URL NATS_URL. The relay listens for
PostgreSQL's notifications, reads what is new with a prepared statement and writes frames to a bare
socket; the projector counts what comes and stores counts and checkpoint with one statement. Nothing
is checked, nothing survives a failure, and each event is decoded no further than to its position.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import nats
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

from eventstore.dataplane.frames import publish_with_headers_frame
from eventstore.postgres.wakeup import LISTENS

__all__ = ["CHANGED", "ONE_OF"]

CHANGED: Final = "bare_counts"
"""The table of the bare projector: key, count, position of the last event."""

ONE_OF: Final = 10_000
"""So many keys take turns."""

_STREAM: Final = "BARE"
_CONSUMER: Final = "bare"
_READ_BYTES: Final = 1 << 18
_PAGE: Final = 1000
_MANY: Final = 8
_SEQUENCE: Final = re.compile(rb"\$JS\.ACK\.BARE\.bare\.1\.(\d+)\.")
_HELLO: Final = b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n'

_READ: Final = (
    "SELECT position, data::text FROM eventstore.events "
    "WHERE position > $1 ORDER BY position LIMIT $2"
)
_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS {CHANGED} (key text PRIMARY KEY, count bigint, position bigint);
CREATE TABLE IF NOT EXISTS bare_checkpoint (position bigint);
INSERT INTO bare_checkpoint VALUES (0);
"""  # noqa: S608 - our own name
_APPLY: Final = f"""
WITH moved AS (UPDATE bare_checkpoint SET position = $1)
INSERT INTO {CHANGED} SELECT * FROM unnest($2::text[], $3::bigint[], $4::bigint[])
ON CONFLICT (key) DO UPDATE SET count = excluded.count, position = excluded.position
"""  # noqa: S608 - our own name


async def _socket(nats_url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(nats_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=_READ_BYTES)
    await reader.readline()
    writer.write(_HELLO + b"SUB bare.inbox 1\r\n")
    return reader, writer


async def _make_stream(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        await client.jetstream().add_stream(
            StreamConfig(name=_STREAM, subjects=["bare"], allow_atomic=True)
        )
        await client.jetstream().add_consumer(
            _STREAM,
            ConsumerConfig(durable_name=_CONSUMER, ack_policy=AckPolicy.NONE, mem_storage=True),
        )
    finally:
        await client.close()


async def _relay(store_url: str, nats_url: str) -> None:
    await _make_stream(nats_url)
    reader, writer = await _socket(nats_url)
    connection = await asyncpg.connect(store_url)
    read = await connection.prepare(_READ)
    listening = await asyncpg.connect(store_url, server_settings={"application_name": LISTENS})
    grown = asyncio.Event()
    await listening.add_listener("eventstore", lambda *_: grown.set())
    last = 0
    while True:
        grown.clear()
        rows = await read.fetch(last, _PAGE)
        if not rows:
            await grown.wait()
            continue
        as_batch = len(rows) >= _MANY  # which is flushed once
        writer.write(b"".join(_batch(rows) if as_batch else map(_message, rows)))
        last = rows[-1][0]
        await _until(reader, writer, b'"seq":', 1 if as_batch else len(rows))


def _message(row: asyncpg.Record) -> bytes:
    position, data = row
    condition = b"Nats-Expected-Last-Sequence: %d\r\n" % (position - 1)
    return publish_with_headers_frame(b"bare", condition, data.encode(), reply=b"bare.inbox")


def _batch(rows: list[asyncpg.Record]) -> Iterator[bytes]:
    first, last = rows[0][0], rows[-1][0]
    for position, data in rows:
        headers = b"Nats-Batch-Id: bare-%d\r\nNats-Batch-Sequence: %d\r\n" % (
            first,
            position - first + 1,
        )
        if position == first:
            headers += b"Nats-Expected-Last-Sequence: %d\r\n" % (position - 1)
        if position == last:
            headers += b"Nats-Batch-Commit: 1\r\n"
        reply = b"bare.inbox" if position == last else b""
        yield publish_with_headers_frame(b"bare", headers, data.encode(), reply=reply)


async def _until(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, what: bytes, times: int
) -> None:
    """Read until something came so often."""
    rest = b""
    while times > 0:
        chunk = rest + await _more(reader, writer)
        times -= chunk.count(what)
        rest = chunk[1 - len(what) :]


async def _more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    chunk = await reader.read(_READ_BYTES)
    if not chunk:
        raise ConnectionError("NATS went away")
    if b"PING\r\n" in chunk:
        writer.write(b"PONG\r\n")
    return chunk


async def _project(store_url: str, nats_url: str) -> None:
    await _make_stream(nats_url)
    connection = await asyncpg.connect(store_url)
    await connection.execute(_TABLES)
    apply = await connection.prepare(_APPLY)
    reader, writer = await _socket(nats_url)
    body = b'{"batch":%d}' % _PAGE
    ask = b"PUB $JS.API.CONSUMER.MSG.NEXT.%b.%b bare.inbox %d\r\n%b\r\n" % (
        _STREAM.encode(),
        _CONSUMER.encode(),
        len(body),
        body,
    )
    counts: dict[str, int] = {}
    asked = got = 0
    rest = b""
    while True:
        while asked - got < _PAGE:
            writer.write(ask)
            asked += _PAGE
        chunk = rest + await _more(reader, writer)
        touched: dict[str, int] = {}
        end = 0
        for found in _SEQUENCE.finditer(chunk):
            position = int(found[1])
            key = f"account-{position % ONE_OF}"
            counts[key] = counts.get(key, 0) + 1
            touched[key] = position
            got += 1
            end = found.end()
        # What is cut off belongs to the next chunk; what was counted must not be counted again.
        rest = chunk[max(end, len(chunk) - 64) :]
        if touched:
            keys = list(touched)
            await apply.fetch(
                max(touched.values()), keys, [counts[key] for key in keys], list(touched.values())
            )


if __name__ == "__main__":
    asyncio.run({"relay": _relay, "projector": _project}[sys.argv[1]](*sys.argv[2:4]))
