"""What is retired is gone for good, is said to be gone, and leaves the log whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pyarrow.parquet
import pytest

from eventstore import ANY, Event, EventStore, InvalidRequest, Position, connect, stream_name
from eventstore.errors import EventNotReadable, InvalidStreamName, RemovalRefused
from eventstore.event_types import EventTypes
from eventstore.postgres.archive import archive
from eventstore.postgres.chain import verify_chain
from eventstore.postgres.retention import Policy, PostgresRetention
from eventstore.query import Query
from tests.support.stores import whole_log

pytestmark = pytest.mark.stack

VISIT, KEPT, ORDER = stream_name("visit-1"), stream_name("visit-2"), stream_name("order-1")
LATER = dt.datetime.now(dt.UTC) + dt.timedelta(days=40)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[EventStore]:
    async with connect(store_url) as store:
        for number in range(4):
            for stream in (VISIT, KEPT, ORDER):
                event = Event(
                    type="seen",
                    data={"secret": f"{stream} {number}"},
                    metadata={"by": "é"},
                    tags=("t",),
                )
                await store.append(stream, [event], expected=ANY)
        yield store


@pytest.fixture
async def retention(store: EventStore, store_url: str) -> AsyncIterator[PostgresRetention]:
    assert await store.head() == 12
    async with PostgresRetention.connect(store_url) as retention:
        await retention.set(Policy(kind="category", name="visit", days=30))
        await retention.set(Policy(kind="stream", name=KEPT, days=365))
        yield retention


async def test_payloads_go_and_the_log_stays(
    store: EventStore, retention: PostgresRetention, store_url: str
) -> None:
    before = await whole_log(store)
    assert before[-1].recorded_at <= await retention.now()
    whole = await verify_chain(store_url)
    assert [one.retired for one in await retention.run(dt.datetime.now(dt.UTC))] == [0, 0]
    assert [one.retired for one in await retention.run(LATER, dry=True)] == [0, 4]
    assert await whole_log(store) == before
    assert [one.retired for one in await retention.run(LATER)] == [0, 4]
    assert [one.retired for one in await retention.run(LATER)] == [0, 0]

    after = await whole_log(store)
    for was, now in zip(before, after, strict=True):
        assert now.retired == (was.stream == VISIT)
        if now.retired:
            assert (now.data, list(now.metadata)) == (None, ["retired"])
            assert dt.datetime.fromisoformat(now.metadata["retired"]).tzinfo is not None
            kept = ("id", "type", "stream", "version", "position", "recorded_at", "tags")
            assert [getattr(now, name) for name in kept] == [getattr(was, name) for name in kept]
        else:
            assert now == was
    assert len(await store.read_log(query=Query.of(tags=("t",)))) == 12
    report = await verify_chain(store_url)
    assert (report.hash, report.retired, report.fault) == (whole.hash, 4, None)
    sql = await asyncpg.connect(store_url)
    text = await sql.fetchval("SELECT string_agg(e::text, '') FROM eventstore.events AS e")
    assert "order-1 2" in text
    assert "visit-1 2" not in text
    await sql.close()


async def test_retired_events_are_archived_as_such(
    store: EventStore, retention: PostgresRetention, store_url: str, tmp_path: Path
) -> None:
    await retention.run(LATER)
    retired = await whole_log(store)
    (done,) = await archive(store_url, tmp_path, until=Position(9))
    assert await whole_log(store) == retired
    report = await verify_chain(store_url)
    assert (report.archived, report.retired, report.fault) == (9, 4, None)
    assert "visit-1 2" not in str(pyarrow.parquet.read_table(done.file)["data"].to_pylist())


async def test_a_retired_event_that_speaks_again_is_found(
    retention: PostgresRetention, store_url: str
) -> None:
    await retention.run(LATER)
    sql = await asyncpg.connect(store_url)
    await sql.execute(
        "SET session_replication_role = replica;"
        "UPDATE eventstore.events SET data = '1' WHERE position = 4"
    )
    await sql.close()
    fault = (await verify_chain(store_url)).fault
    assert fault is not None
    assert (fault.first, fault.reason) == (4, "it was retired, and says something again")


async def test_policies_are_listed_changed_and_removed(retention: PostgresRetention) -> None:
    await retention.set(Policy(kind="category", name="visit", days=7))
    policies = [(one.kind, one.name, one.days) for one in await retention.policies()]
    assert policies == [("stream", KEPT, 365), ("category", "visit", 7)]
    assert await retention.unset("stream", KEPT)
    assert not await retention.unset("stream", KEPT)
    assert [one.retired for one in await retention.run(LATER)] == [8]


async def test_bad_policies_are_refused(retention: PostgresRetention) -> None:
    with pytest.raises(InvalidRequest, match="no category"):
        await retention.set(Policy(kind="category", name="visit-1", days=7))
    with pytest.raises(InvalidRequest, match="-1 days"):
        await retention.set(Policy(kind="category", name="visit", days=-1))
    with pytest.raises(InvalidStreamName):
        await retention.set(Policy(kind="stream", name="visit", days=7))


@pytest.mark.usefixtures("retention")
async def test_who_may_not_retire_is_told(store_url: str) -> None:
    sql = await asyncpg.connect(store_url)
    await sql.execute(
        "ALTER DATABASE " + store_url.rpartition("/")[2] + " SET role = eventstore_reader"
    )
    await sql.close()
    async with PostgresRetention.connect(store_url) as reader:
        with pytest.raises(RemovalRefused, match="eventstore_archivist"):
            await reader.run(LATER)


async def test_a_retired_event_has_no_struct(
    store: EventStore, retention: PostgresRetention
) -> None:
    types = EventTypes()

    @types.event("seen")
    class Seen(msgspec.Struct):
        secret: str

    await retention.run(LATER)
    retired, kept = await store.read_log(limit=2)
    assert types.body_of(kept).secret == "visit-2 0"
    with pytest.raises(EventNotReadable, match="retention has dropped what it said"):
        types.body_of(retired)
