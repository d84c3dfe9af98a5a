"""What a caller learns when the server is killed, frozen, slow, or out of reach."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from eventstore import (
    ABSENT,
    ANY,
    Appended,
    Event,
    EventStore,
    EventStoreError,
    ExpectedVersion,
    OutcomeUnknown,
    ReadFailed,
    StoreUnavailable,
    StreamName,
    connect,
    stream_name,
)
from eventstore.encoding import encode_event
from eventstore.postgres.appender import Appender
from eventstore.postgres.store import PostgresEventStore
from eventstore.validation import EncodedWrite
from tests.support.stores import cable_to, events, ids, outcome, whole_log
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

ORDER = stream_name("order-1")


@asynccontextmanager
async def log_held(url: str) -> AsyncIterator[None]:
    """Another session holds the lock of the log, as a slow append would, and then rolls back."""
    sql = await asyncpg.connect(url)
    try:
        await sql.execute("BEGIN")
        await sql.fetch(
            "SELECT eventstore.append("
            "'held-1', 0, null, ARRAY[gen_random_uuid()], '{x}', '{1}', '{1}')"
        )
        yield
        await sql.execute("ROLLBACK")
    finally:
        await sql.close()


async def append_ended(url: str) -> None:
    """Wait until the server carries out no append of a store of ours in this database."""
    sql = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(10):
            while await sql.fetchval(  # noqa: ASYNC110 - another process has no Event of ours
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                "AND application_name = 'eventstore append' AND datname = current_database()"
            ):
                await asyncio.sleep(0.01)
    finally:
        await sql.close()


def write(stream: StreamName, amount: int, expected: ExpectedVersion) -> EncodedWrite:
    encoded = [encode_event(event) for event in events(amount)]
    return EncodedWrite(stream=stream, events=encoded, expected=expected)


async def test_a_lost_answer_leaves_the_outcome_open_until_it_is_repeated(store_url: str) -> None:
    batch = write(ORDER, 2, ABSENT)
    async with (
        cable_to(store_url) as (cable, url),
        Appender.open(url, committed=lambda _: None) as appender,
    ):
        await appender.append([write(stream_name("warm-up"), 1, ABSENT)])
        cable.cut_before_next_answer()
        with pytest.raises(OutcomeUnknown, match="Repeat it with the same event ids") as caught:
            await appender.append([batch])
        assert not caught.value.definite
        (repeated,) = await appender.append([batch])
    # It was stored the first time: only the answer was lost.
    assert (repeated.version, repeated.repeated) == (2, True)


async def test_an_append_is_one_round_trip(store_url: str) -> None:
    async with (
        cable_to(store_url) as (cable, url),
        Appender.open(url, committed=lambda _: None) as appender,
    ):
        await appender.append([write(ORDER, 1, ABSENT)])
        before = cable.answers
        for _ in range(5):
            await appender.append([write(ORDER, 2, ANY)])
        assert cable.answers == before + 5


async def test_a_lost_answer_to_a_read(store_url: str) -> None:
    async with cable_to(store_url) as (cable, url), connect(url, pool_size=1) as store:
        assert await store.head() == 0
        cable.cut_before_next_answer()
        with pytest.raises(ReadFailed, match="it can be repeated") as caught:
            await store.head()
        assert caught.value.definite
        assert await store.head() == 0


async def test_killed_during_appends(
    killable_postgres: PostgresServer, killable_store_url: str
) -> None:
    async with connect(killable_store_url, pool_size=8) as store:
        killed = asyncio.Event()
        writers = [
            asyncio.create_task(append_until_killed(store, number, killed)) for number in range(8)
        ]
        await asyncio.sleep(0.2)
        await killable_postgres.kill()
        killed.set()
        tried = [attempt for attempts in await asyncio.gather(*writers) for attempt in attempts]
        unknown = [batch for batch, result in tried if isinstance(result, OutcomeUnknown)]
        assert unknown, "the kill hit no append on its way"
        await killable_postgres.restart()

        # The same store goes on: the pool has replaced what was broken.
        stored = set(ids(await whole_log(store)))
        for batch, result in tried:
            if isinstance(result, Appended):
                assert set(ids(batch)) <= stored, "an acknowledged append was lost"
            elif result.definite:
                assert not set(ids(batch)) & stored, "an append that failed for certain is there"
        for batch in unknown:
            resolved = await store.append(ORDER, batch, expected=ANY)
            assert resolved.repeated == (batch[0].id in stored)
        log = await whole_log(store)
        assert [event.position for event in log] == list(range(1, len(log) + 1))
        assert len(set(ids(log))) == len(log)


async def append_until_killed(
    store: EventStore, number: int, killed: asyncio.Event
) -> list[tuple[list[Event], Appended | EventStoreError]]:
    attempts: list[tuple[list[Event], Appended | EventStoreError]] = []
    while not killed.is_set():
        batch = events(1 + number % 3)
        attempts.append((batch, await outcome(store.append(ORDER, batch, expected=ANY))))
    return attempts


async def test_a_dead_server_is_told_before_anything_is_sent(
    killable_postgres: PostgresServer, killable_store_url: str
) -> None:
    async with connect(killable_store_url) as store:
        await killable_postgres.kill()
        await asyncio.sleep(0.05)
        for operation in (
            lambda: store.append(ORDER, events(1), expected=ANY),
            store.head,
        ):
            with pytest.raises(StoreUnavailable) as caught:
                await operation()
            assert caught.value.definite
        await killable_postgres.restart()
        assert await store.head() == 0


async def test_a_frozen_server(killable_postgres: PostgresServer, killable_store_url: str) -> None:
    async with connect(killable_store_url, pool_size=3, timeout_seconds=0.5) as store:
        await asyncio.gather(*(store.head() for _ in range(3)))
        await store.append(stream_name("warm-up"), events(1), expected=ABSENT)
        batch = events(1)
        await killable_postgres.pause()
        with pytest.raises(OutcomeUnknown, match="within the time limit"):
            await store.append(ORDER, batch, expected=ABSENT)
        with pytest.raises(ReadFailed, match="within the time limit"):
            await store.head()
        with pytest.raises(StoreUnavailable, match="within the time limit"):
            async with connect(killable_store_url, timeout_seconds=0.3):
                pass
        await killable_postgres.resume()
        resolved = await store.append(ORDER, batch, expected=ANY)
        assert resolved.version == 1


async def test_waiting_longer_than_the_limit_for_the_log(store_url: str) -> None:
    batch = events(1)
    async with connect(store_url, pool_size=1, timeout_seconds=0.5) as store:
        async with log_held(store_url):
            with pytest.raises(OutcomeUnknown):
                await store.append(ORDER, batch, expected=ABSENT)
            await append_ended(store_url)  # the server gives up by a clock of its own
        assert not (await store.append(ORDER, batch, expected=ABSENT)).repeated


async def test_a_busy_pool_is_told_before_anything_is_sent(store_url: str) -> None:
    async with PostgresEventStore.connect(store_url, pool_size=1, timeout_seconds=0.2) as store:
        async with store._pool.connection():
            with pytest.raises(StoreUnavailable, match="within the time limit") as caught:
                await store.head()
            assert caught.value.definite
            assert (await store.append(ORDER, events(1), expected=ANY)).position == 1
        assert await store.head() == 1


async def test_an_append_that_was_cancelled_after_it_was_sent_is_stored_once_if_repeated(
    store_url: str,
) -> None:
    batch = events(1)
    async with connect(store_url, pool_size=1) as store:
        async with log_held(store_url):
            append = asyncio.ensure_future(store.append(ORDER, batch, expected=ABSENT))
            await asyncio.sleep(0.3)
            append.cancel()
            with pytest.raises(asyncio.CancelledError):
                await append
        # Whether it went on is not known; that it is in the log once is.
        assert (await store.append(ORDER, batch, expected=ABSENT)).position == 1
        assert (await store.append(ORDER, batch, expected=ABSENT)).repeated
        assert await store.head() == 1


async def test_a_session_that_was_terminated_is_replaced(
    store_url: str, postgres_server: PostgresServer
) -> None:
    async with connect(store_url, pool_size=4) as store:
        await asyncio.gather(*(store.head() for _ in range(4)))
        async with postgres_server.connection() as sql:
            await sql.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                urlsplit(store_url).path.lstrip("/"),
            )
        await asyncio.sleep(0.05)
        assert await asyncio.gather(*(store.head() for _ in range(4))) == [0] * 4


async def test_a_standby_is_refused(
    killable_postgres: PostgresServer, killable_store_url: str
) -> None:
    await killable_postgres.stop()
    (killable_postgres.data / "standby.signal").touch()
    await killable_postgres.start()
    with pytest.raises(StoreUnavailable, match=r"is a standby, .*name the primary"):
        async with connect(killable_store_url):
            pass


async def test_the_password_is_never_told(store_url: str) -> None:
    secret = "hunter2-and-more"
    parts = urlsplit(store_url)
    wrong = f"postgresql://{parts.username}:{secret}@{parts.hostname}:{parts.port}{parts.path}"
    refused = f"postgresql://{parts.username}:{secret}@127.0.0.1:1/none"
    for url in (wrong, refused, wrong + "?sslmode=nonsense"):
        with pytest.raises(EventStoreError) as caught:
            async with connect(url):
                pass
        assert secret not in "".join(traceback.format_exception(caught.value))
        assert caught.value.definite
