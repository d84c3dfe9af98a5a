"""How fast the log is read, and what a tailing reader sees, beside `eventsourcing` and raw SQL.

Figures are events a second; those of the reads are medians, of tables that were vacuumed first:
ours and the limit are measured in pairs (`benchmarks.pairs`), the peer just before. ``ours``
decodes every event into a `RecordedEvent`, its JSON too, and reads the log as programs do, by
`reading.log`, which reads ahead on three connections at most; a page at a time is in the note. The
peer builds its `Notification`s and `StoredEvent`s, whose state stays bytes; the limit fetches the
same columns of the same rows by keyset pages of the same size, on one connection, and decodes
nothing.

tail: a reader follows the log by position beside 64 writers of 1 to 9 events an append. tail-missed
says what it missed or saw twice; the peer is `eventsourcing`, the limit the same harness on raw
concurrent inserts, whose identity positions are given before the commit: the naive position cursor.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import asyncpg
import msgspec

from benchmarks import raw
from benchmarks.closed_loop import Rate
from benchmarks.document import Row, main
from benchmarks.logs import DATA_JSON, fill_streams, follow_store, server
from benchmarks.pairs import Pairs, in_pairs, settle
from benchmarks.peers import EVENTSOURCING, Peer, PeerFailed, eventsourcing
from benchmarks.tailing import Followed
from eventstore import EventStore, Position, StreamName, connect, reading
from verification.cluster.postgres import PostgresServer

UNIT: Final = "events/s"
PAGE: Final = 1000
EVENTS_A_STREAM: Final = 100
INTERLEAVE: Final = 10
WRITERS: Final = 64

_LOG_PAGE: Final = """
SELECT position, stream_id, version, recorded_at, event_id, type, data, metadata
FROM eventstore.events WHERE position > $1 ORDER BY position LIMIT $2
"""
_STREAM: Final = """
SELECT position, stream_id, version, recorded_at, event_id, type, data, metadata
FROM eventstore.events
WHERE stream_id = (SELECT id FROM eventstore.streams WHERE name = $1) AND version > 0
ORDER BY version LIMIT $2
"""


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much is read, and how much a reader follows."""

    rounds: int
    rounds_of_peer: int
    streams: int
    tailed: int
    tailed_by_peer: int


FULL: Final = Scale(
    rounds=7, rounds_of_peer=3, streams=10_000, tailed=1_000_000, tailed_by_peer=100_000
)
QUICK: Final = Scale(rounds=31, rounds_of_peer=9, streams=400, tailed=15_000, tailed_by_peer=5_000)


def measure(quick: bool) -> Iterator[Row]:  # noqa: FBT001 - the shape that `main` calls
    """Measure every row, as it is done."""
    rows = _measure(QUICK if quick else FULL)
    with asyncio.Runner() as runner:
        while (row := runner.run(anext(rows, None))) is not None:
            yield row


async def _measure(scale: Scale) -> AsyncIterator[Row]:
    try:
        peer: Peer | None = await asyncio.to_thread(eventsourcing)
        skipped = ""
    except PeerFailed as error:
        peer, skipped = None, f"eventsourcing skipped: {error}"
    async with server() as (postgres, url):
        for row in await _reading(scale, url, await _peer_reads(scale, peer, postgres), skipped):
            yield row
    async with server() as (postgres, url):
        for row in await _tailing(scale, url, peer, postgres, skipped):
            yield row


async def _reading(scale: Scale, url: str, theirs: dict[str, Rate], skipped: str) -> list[Row]:
    async with connect(url) as store:
        streams = await fill_streams(store, scale.streams, EVENTS_A_STREAM, INTERLEAVE)
        connection = await asyncpg.connect(url)
        try:
            pages = await connection.prepare(_LOG_PAGE)
            whole = await connection.prepare(_STREAM)
            await settle(connection)
            log = await in_pairs(
                lambda: _our_log(store), lambda: _raw_log(pages), rounds=scale.rounds
            )
            by_page = await in_pairs(
                lambda: _our_pages(store), lambda: _raw_log(pages), rounds=scale.rounds
            )
            stream = await in_pairs(
                lambda: _our_streams(store, streams),
                lambda: _raw(whole, streams),
                rounds=scale.rounds,
            )
        finally:
            await connection.close()
    page_words = f"page by page {by_page.ratio:.2f} of the limit"
    return [
        _reading_row("log", log, theirs.get("log"), [page_words, skipped]),
        _reading_row("stream", stream, theirs.get("stream"), [skipped]),
    ]


def _reading_row(name: str, pairs: Pairs, peer: Rate | None, words: list[str]) -> Row:
    ours = statistics.median(pairs.ours)
    return Row(
        name=f"read-{name}",
        unit=UNIT,
        ours=ours,
        peer=peer.per_second if peer else None,
        peer_name=EVENTSOURCING,
        limit=statistics.median(pairs.limit),
        limit_name="raw keyset read, undecoded",
        ratio_to_peer=ours / peer.per_second if peer else None,
        ratio_to_limit=pairs.ratio,
        note="; ".join(filter(None, (f"{pairs.events:,} events", pairs.words(), *words))),
    )


async def _our_log(store: EventStore) -> int:
    events = 0
    async for _ in reading.log(store, page_size=PAGE):
        events += 1
    return events


async def _our_pages(store: EventStore) -> int:
    last, events = Position(0), 0
    while page := await store.read_log(after=last, limit=PAGE):
        last, events = page[-1].position, events + len(page)
    return events


async def _raw_log(pages: Any) -> int:
    last, events = 0, 0
    while page := await pages.fetch(last, PAGE):
        last, events = page[-1]["position"], events + len(page)
    return events


async def _our_streams(store: EventStore, streams: list[StreamName]) -> int:
    return sum([len(await store.read_stream(stream)) for stream in streams])


async def _raw(whole: Any, streams: list[StreamName]) -> int:
    return sum([len(await whole.fetch(stream, PAGE)) for stream in streams])


async def _peer_reads(scale: Scale, peer: Peer | None, postgres: PostgresServer) -> dict[str, Rate]:
    if peer is None:
        return {}
    url = await postgres.create_database("eventsourcing")
    task = {
        "mode": "read",
        "data": DATA_JSON,
        "streams": scale.streams,
        "events_a_stream": EVENTS_A_STREAM,
        "interleave": INTERLEAVE,
        "rounds": scale.rounds_of_peer,
    }
    return msgspec.convert(await asyncio.to_thread(peer.ask, url, task), type=dict[str, Rate])


async def _tailing(
    scale: Scale, url: str, peer: Peer | None, postgres: PostgresServer, skipped: str
) -> list[Row]:
    async with connect(url) as store:
        ours = await follow_store(store, writers=WRITERS, events=scale.tailed)
    naive = await (await raw.open_log(url)).follow(writers=WRITERS, events=scale.tailed)
    theirs = None
    if peer is not None:
        task = {
            "mode": "tail",
            "data": DATA_JSON,
            "producers": WRITERS,
            "events": scale.tailed_by_peer,
        }
        peer_url = await postgres.create_database("eventsourcing")
        answer = await asyncio.to_thread(peer.ask, peer_url, task)
        theirs = msgspec.convert({**answer, "dense": False}, type=Followed)
    rate = theirs.events / theirs.seconds if theirs else None
    words = f"ours {ours.words()}; naive cursor {naive.words()}"
    return [
        Row(
            name="tail",
            unit=UNIT,
            ours=ours.events / ours.seconds,
            peer=rate,
            peer_name=EVENTSOURCING,
            limit=naive.events / naive.seconds,
            limit_name="raw inserts, naive cursor",
            ratio_to_peer=ours.events / ours.seconds / rate if rate else None,
            ratio_to_limit=ours.events / ours.seconds / (naive.events / naive.seconds),
            note=skipped or words,
        ),
        Row(
            name="tail-missed",
            unit="events",
            ours=ours.missed + ours.twice,
            peer=theirs.missed + theirs.twice if theirs else None,
            peer_name=EVENTSOURCING,
            limit=naive.missed + naive.twice,
            limit_name="naive position cursor",
            note=words + (f"; eventsourcing {theirs.words()}" if theirs else f"; {skipped}"),
        ),
    ]


if __name__ == "__main__":
    main(__doc__ or "", measure)
