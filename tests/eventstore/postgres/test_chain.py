"""Whatever is changed below the chain's last hash is found, and a whole log is found whole."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from eventstore import ABSENT, ANY, Event, EventStore, SchemaMismatch, connect, stream_name
from eventstore.postgres.chain import GENESIS, ChainReport, Link, verify_chain
from eventstore.store import Write
from eventstore.stream import Position
from tests.support.stores import events

pytestmark = pytest.mark.stack

EMPTY = ChainReport(events=0, links=0, position=Position(0), hash=GENESIS)
A, B, C = (stream_name(f"{letter}-1") for letter in "abc")


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[EventStore]:
    async with connect(store_url) as store:
        yield store


@pytest.fixture
async def tamper(store_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A superuser's connection past the triggers."""
    connection = await asyncpg.connect(store_url)
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()


async def fill(store: EventStore) -> None:
    """Nine events in six links: 1, 2-4, 5-6, 7, 8, 9."""
    await store.append(A, [Event(type="é", data={"n": 1.0, "t": "a\nb"})], expected=ABSENT)
    await store.append(A, events(3), expected=ANY)
    await store.append_all([Write(stream=s, events=events(1), expected=ANY) for s in (B, C)])
    await store.append(B, [Event(type="x", tags=("t:1", "ü"))], expected=ANY)
    await store.append(C, [Event(type="x", metadata={"by": None})], expected=ANY)
    await store.append(C, [Event(type="x")], expected=ANY)


async def test_a_log_that_is_whole(store: EventStore, store_url: str) -> None:
    assert await verify_chain(store_url) == EMPTY
    await fill(store)
    report = await verify_chain(store_url)
    assert (report.events, report.links, report.position, report.fault) == (9, 6, 9, None)


async def test_progress_is_told(store: EventStore, store_url: str) -> None:
    for _ in range(3):
        await store.append(A, events(1000), expected=ANY)
    told: list[tuple[int, int]] = []
    report = await verify_chain(store_url, progress=lambda done, all_: told.append((done, all_)))
    assert report.events == 3000
    assert told == [(1000, 3000), (2000, 3000), (3000, 3000)]


async def test_anybody_can_compute_a_hash(store: EventStore, store_url: str) -> None:
    event = Event(type="placed", data={"total": 30}, metadata={"by": "é"}, tags=("a:1", "b"))
    await store.append(stream_name("order-7"), [event], expected=ABSENT)
    (recorded,) = await store.read_log()
    microseconds = round(recorded.recorded_at.timestamp() * 1_000_000)
    text = (
        f'1 1 {event.id} {microseconds} 7 6 5 12 11\norder-7placeda:1 b{{"total":30}}{{"by":"é"}}'
    )
    leaf = hashlib.sha256(text.encode()).digest()
    report = await verify_chain(store_url)
    assert report.hash == hashlib.sha256(bytes(32) + leaf).digest()


@pytest.mark.parametrize(
    ("statement", "first", "last", "reason"),
    [
        ("UPDATE eventstore.events SET data = '2' WHERE position = 3", 2, 4, "not what was"),
        ("UPDATE eventstore.events SET metadata = '{ }' WHERE position = 1", 1, 1, "not what was"),
        ("UPDATE eventstore.events SET type = 'y' WHERE position = 5", 5, 6, "not what was"),
        (
            "UPDATE eventstore.events SET recorded_at = now() WHERE position = 9",
            9,
            9,
            "not what was",
        ),
        (
            "UPDATE eventstore.events SET event_id = gen_random_uuid() WHERE position = 8",
            8,
            8,
            "not what was",
        ),
        ("UPDATE eventstore.events SET tags = '{t:1}' WHERE position = 7", 7, 7, "not what was"),
        ("DELETE FROM eventstore.event_tags WHERE tag = 'ü'", 7, 7, "one of its tags"),
        ("UPDATE eventstore.streams SET name = 'z-1' WHERE name = 'b-1'", 5, 5, "another stream"),
        ("DELETE FROM eventstore.streams WHERE name = 'a-1'", 1, 1, "another stream"),
        ("DELETE FROM eventstore.events WHERE position BETWEEN 3 AND 5", 3, 5, "no such event"),
        ("DELETE FROM eventstore.events WHERE position = 9", 9, 9, "no event is there"),
        ("DELETE FROM eventstore.commits WHERE last_position = 4", 2, 6, "lacks a link"),
        ("DELETE FROM eventstore.commits WHERE last_position = 9", 9, 9, "ends before"),
        ("UPDATE eventstore.commits SET hash = sha256(hash) WHERE events = 3", 2, 4, "the hash"),
        ("UPDATE eventstore.commits SET events = 2 WHERE last_position = 7", 7, 7, "lacks a link"),
    ],
)
async def test_what_was_tampered_with_is_named(
    store: EventStore,
    tamper: asyncpg.Connection[asyncpg.Record],
    store_url: str,
    statement: str,
    first: int,
    last: int,
    reason: str,
) -> None:
    await fill(store)
    assert await tamper.execute(statement) not in {"UPDATE 0", "DELETE 0"}
    fault = (await verify_chain(store_url)).fault
    assert fault is not None
    assert (fault.first, fault.last) == (first, last)
    assert reason in fault.reason


async def test_a_head_that_was_kept(
    store: EventStore, tamper: asyncpg.Connection[asyncpg.Record], store_url: str
) -> None:
    await fill(store)
    whole = await verify_chain(store_url)
    kept = Link(position=whole.position, events=0, hash=whole.hash)
    await store.append(A, events(2), expected=ANY)
    for head in (kept, Link(position=Position(0), events=0, hash=GENESIS)):
        assert (await verify_chain(store_url, expected=head)).fault is None

    # Another log, with a chain of its own that is right.
    other = Link(position=whole.position, events=0, hash=GENESIS)
    fault = (await verify_chain(store_url, expected=other)).fault
    assert fault is not None
    assert (fault.first, fault.last) == (1, 9)
    assert "not the one that was signed" in fault.reason

    # An older copy.
    await tamper.execute("DELETE FROM eventstore.events WHERE position > 8")
    await tamper.execute("DELETE FROM eventstore.commits WHERE last_position > 8")
    fault = (await verify_chain(store_url, expected=kept)).fault
    assert fault is not None
    assert (fault.first, fault.last) == (9, 9)
    assert "ends before the head" in fault.reason


async def test_it_is_verified_beside_appends(store: EventStore, store_url: str) -> None:
    async def append(number: int) -> None:
        for _ in range(40):
            await store.append(stream_name(f"s-{number}"), events(30), expected=ANY)

    appending = asyncio.gather(*(append(number) for number in range(4)))
    reports = [await verify_chain(store_url)]
    while not appending.done():
        reports.append(await verify_chain(store_url))
    await appending
    reports.append(await verify_chain(store_url))
    assert [report.fault for report in reports] == [None] * len(reports)
    assert reports[-1].events == 4 * 40 * 30


async def test_a_log_without_the_schema(postgres_url: str) -> None:
    with pytest.raises(SchemaMismatch):
        await verify_chain(postgres_url)
