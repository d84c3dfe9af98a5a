"""How fast the log is read, and what a tailing reader sees, beside `eventsourcing` and raw SQL.

Figures are events a second; those of the reads are medians of rounds in turns (`benchmarks.turns`),
of tables that were vacuumed first. ``ours`` decodes every event into a `RecordedEvent`, its JSON
too, and reads the log as programs do, by `reading.log`, which reads ahead on three connections at
most; a page at a time is in the note. The peer builds its `Notification`s and `StoredEvent`s, whose
state stays bytes; the limit fetches the same columns of the same rows by keyset pages of the same
size, on one connection, and decodes nothing.

tail: a reader follows the log by position beside 64 writers of 1 to 9 events an append. tail-missed
says what it missed or saw twice; the peer is `eventsourcing`, the limit the same harness on raw
concurrent inserts, whose identity positions are given before the commit: the naive position cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from benchmarks import raw
from benchmarks.document import Row, main
from benchmarks.logs import DATA_JSON, fill_streams, follow_store, server
from benchmarks.peers import EVENTSOURCING, Peer, PeerFailed, eventsourcing
from benchmarks.tailing import Followed
from benchmarks.turns import Rounds, in_turns, settle
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


Contenders: TypeAlias = dict[str, Callable[[], Awaitable[int]]]


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much is read, and how much a reader follows."""

    rounds: int
    passes: int
    streams: int
    tailed: int
    tailed_by_peer: int


FULL: Final = Scale(rounds=7, passes=1, streams=10_000, tailed=1_000_000, tailed_by_peer=100_000)
QUICK: Final = Scale(rounds=9, passes=3, streams=400, tailed=15_000, tailed_by_peer=5_000)


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
    async with server() as (postgres, url), _peer_reads(scale, peer, postgres) as theirs:
        for row in await _reading(scale, url, theirs, skipped):
            yield row
    async with server() as (postgres, url):
        for row in await _tailing(scale, url, peer, postgres, skipped):
            yield row


async def _reading(
    scale: Scale, url: str, ask_peer: Callable[[str], Awaitable[int]] | None, skipped: str
) -> list[Row]:
    async with connect(url) as store:
        streams = await fill_streams(store, scale.streams, EVENTS_A_STREAM, INTERLEAVE)
        connection = await asyncpg.connect(url)
        try:
            pages = await connection.prepare(_LOG_PAGE)
            whole = await connection.prepare(_STREAM)
            contests: dict[str, Contenders] = {
                "log": {"ours": lambda: _our_log(store), "limit": lambda: _raw_log(pages)},
                "stream": {
                    "ours": lambda: _our_streams(store, streams),
                    "limit": lambda: _raw(whole, streams),
                },
            }
            if ask_peer is not None:
                contests["log"]["peer"] = lambda: ask_peer("log")
                contests["stream"]["peer"] = lambda: ask_peer("stream")
            contests["pages"] = {**contests["log"], "ours": lambda: _our_pages(store)}
            contests["pages"].pop("peer", None)
            await settle(connection)
            found = {
                name: await in_turns(contenders, rounds=scale.rounds, passes=scale.passes)
                for name, contenders in contests.items()
            }
        finally:
            await connection.close()
    page_words = f"page by page {found['pages'].ratio('ours', 'limit'):.2f} of the limit"
    return [
        _reading_row("log", found["log"], [page_words, skipped]),
        _reading_row("stream", found["stream"], [skipped]),
    ]


def _reading_row(name: str, rounds: Rounds, words: list[str]) -> Row:
    peer = "peer" in rounds.rates
    noted = (f"{rounds.events:,} events", rounds.words("ours", "limit"), *words)
    return Row(
        name=f"read-{name}",
        unit=UNIT,
        ours=rounds.median("ours"),
        peer=rounds.median("peer") if peer else None,
        peer_name=EVENTSOURCING,
        limit=rounds.median("limit"),
        limit_name="raw keyset read, undecoded",
        ratio_to_peer=rounds.ratio("ours", "peer") if peer else None,
        ratio_to_limit=rounds.ratio("ours", "limit"),
        note="; ".join(filter(None, noted)),
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


@asynccontextmanager
async def _peer_reads(
    scale: Scale, peer: Peer | None, postgres: PostgresServer
) -> AsyncIterator[Callable[[str], Awaitable[int]] | None]:
    if peer is None:
        yield None
        return
    url = await postgres.create_database("eventsourcing")
    task = {
        "mode": "read",
        "data": DATA_JSON,
        "streams": scale.streams,
        "events_a_stream": EVENTS_A_STREAM,
        "interleave": INTERLEAVE,
    }
    async with peer.conversation(url, task) as ask:
        yield ask


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
