"""How calls end: what the server says, what a broken connection leaves open, what is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from eventstore import (
    ABSENT,
    ANY,
    Appended,
    ConfigError,
    Event,
    EventStoreError,
    ExpectedVersion,
    OutcomeUnknown,
    Position,
    ReadFailed,
    StoreUnavailable,
    StreamName,
    errors,
    stream_name,
)
from eventstore.grpc import eventstore_pb2 as pb
from eventstore.grpc.client import GrpcEventStore
from eventstore.grpc.failures import DETAILS_KEY, Asked, code_of, error_of, failure_from, failure_to
from eventstore.grpc.server import SERVICE, serve
from eventstore.memory import MemoryEventStore
from eventstore.query import Query
from eventstore.store import PAGE_BYTES, Boundary, LogPage, Write
from tests.support.stores import cable_to, events, ids

ORDER = stream_name("order-1")
START = Position(0)


def channel_to(port: int) -> Any:
    """A bare channel, as a client in another language has; Any, since it sends and takes bytes."""
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}")


@asynccontextmanager
async def served(store: Any, **options: Any) -> AsyncIterator[tuple[GrpcEventStore, Any]]:
    async with (
        serve(store, **options) as port,
        GrpcEventStore.connect(f"grpc://127.0.0.1:{port}", timeout_seconds=2.0) as client,
        channel_to(port) as channel,
    ):
        yield client, channel


async def failure_of(channel: Any, method: str, request: Any) -> tuple[grpc.StatusCode, pb.Failure]:
    call = channel.unary_unary(f"/{SERVICE}/{method}")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(request.SerializeToString())
    metadata: Any = raised.value.trailing_metadata()
    failure = failure_from(dict(metadata)[DETAILS_KEY])
    assert failure is not None
    return raised.value.code(), failure


ASKED = Asked(
    writes=[Write(stream=ORDER, events=events(1), expected=ABSENT)],
    boundary=Boundary(Query.everything(), Position(3)),
    position=Position(9),
    seconds=0.5,
)


@pytest.mark.parametrize(
    "error",
    [
        errors.WrongExpectedVersion(ORDER, ABSENT, 4),  # type: ignore[arg-type]
        errors.BoundaryCrossed(ORDER, Position(3), Position(5)),
        errors.EventIdReused(ORDER, events(1)[0].id),
        errors.QueueFull(ORDER, 100),
        errors.AppendRefused(ORDER, "42501", "permission denied"),
        errors.OutcomeUnknown(ORDER, "it died"),
        errors.PositionNotReached(Position(9), Position(7), 0.5),
        errors.PositionGap(3, 5),
        errors.LogWentBack(ASKED.position, Position(3)),
        errors.InvalidStreamName("order", "it lacks a hyphen"),
        errors.InvalidEvent("a rule is broken"),
        errors.InvalidRequest("a rule is broken"),
        errors.ReadFailed("no answer"),
        errors.ArchiveMissing("no file"),
        errors.ArchiveDamaged("another file"),
        errors.StoreUnavailable("no connection"),
        errors.ConfigError("no token"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_on_the_other_side(error: EventStoreError) -> None:
    again = error_of(failure_to(error), ASKED)
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_an_error_that_is_not_known_here_keeps_its_effect() -> None:
    ours = failure_to(errors.SchemaMismatch("0001", "0002"))
    assert isinstance(error_of(ours, ASKED), StoreUnavailable)
    vague = pb.Failure(error="FromTheFuture", definite=False, message="who knows")
    assert isinstance(error_of(vague, ASKED), OutcomeUnknown)
    assert isinstance(error_of(vague, Asked()), StoreUnavailable)
    assert failure_from(b"\xff") is None
    assert failure_from(pb.Status(code=2).SerializeToString()) is None


def test_every_error_of_a_store_has_a_status() -> None:
    assert code_of(errors.InvalidEvent("x")) is grpc.StatusCode.INVALID_ARGUMENT
    damaged = errors.EventDamaged.at(7, "no JSON")
    assert code_of(damaged) is grpc.StatusCode.DATA_LOSS
    assert isinstance(error_of(failure_to(damaged), ASKED), errors.EventDamaged)
    assert code_of(errors.MigrationFailed("x")) is grpc.StatusCode.INTERNAL


async def test_malformed_requests() -> None:
    good = pb.Event(id=bytes(16), type="x")
    cases = [
        (pb.Write(stream="order-1", events=[good]), "InvalidRequest", "does not say what"),
        (
            pb.Write(stream="order-1", events=[pb.Event(id=b"7", type="x")]),
            "InvalidRequest",
            "has 1 bytes",
        ),
        (
            pb.Write(stream="order-1", events=[pb.Event(id=bytes(16), type="x", data=b"{")]),
            "InvalidEvent",
            "its data is no JSON",
        ),
        (
            pb.Write(stream="order", expected=pb.Expected(version=0), events=[good]),
            "InvalidStreamName",
            "hyphen",
        ),
    ]
    store = MemoryEventStore()
    async with served(store) as (_, channel):
        for write, error, words in cases:
            code, failure = await failure_of(channel, "Append", pb.AppendRequest(writes=[write]))
            assert code is grpc.StatusCode.INVALID_ARGUMENT
            assert (failure.error, failure.definite) == (error, True)
            assert words in failure.message
        _, failure = await failure_of(channel, "Append", pb.AppendRequest())
        assert "at least one write" in failure.message
    assert await store.head() == 0


@pytest.mark.parametrize(
    "request_",
    [
        pb.ReadLogRequest(limit=0),
        pb.ReadLogRequest(limit=10_001),
        pb.ReadLogRequest(limit=1, backwards=True, until=3),
        pb.ReadLogRequest(limit=1, query=pb.Query()),
    ],
    ids=str,
)
async def test_malformed_reads(request_: pb.ReadLogRequest) -> None:
    async with served(MemoryEventStore()) as (_, channel):
        call = channel.unary_stream(f"/{SERVICE}/ReadLog")(request_.SerializeToString())
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call.read()
        assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_data_and_metadata_may_be_left_out() -> None:
    store = MemoryEventStore()
    async with served(store) as (_, channel):
        write = pb.Write(
            stream="order-1",
            events=[pb.Event(id=bytes(16), type="x")],
            expected=pb.Expected(any=pb.Expected.Any()),
        )
        call = channel.unary_unary(f"/{SERVICE}/Append")
        await call(pb.AppendRequest(writes=[write]).SerializeToString())
    (read,) = await store.read_log()
    assert (read.data, read.metadata, read.tags) == (None, {}, ())


async def test_a_bug_keeps_its_words_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(MemoryEventStore):
        async def head(self) -> Position:
            raise ZeroDivisionError("secret")

    async with (
        serve(Broken()) as port,
        channel_to(port) as channel,
    ):
        code, failure = await failure_of(channel, "Head", pb.HeadRequest())
    assert code is grpc.StatusCode.INTERNAL
    assert not failure.definite
    assert "secret" not in failure.message
    assert "secret" in caplog.text


async def test_nobody_listens() -> None:
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1") as unavailable:
        async with GrpcEventStore.connect("grpc://127.0.0.1:1", timeout_seconds=0.3):
            pass
    assert unavailable.value.definite


@pytest.mark.parametrize(
    "url", ["postgresql://h/d", "grpc://", "grpc://h:1/x", "grpc://token@h:1", "h:1"]
)
async def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ConfigError):
        async with GrpcEventStore.connect(url):
            pass


async def test_an_address_that_is_taken() -> None:
    async with serve(MemoryEventStore()) as port:
        with pytest.raises(ConfigError, match=str(port)):
            async with serve(MemoryEventStore(), port=port):
                pass


class Slow(MemoryEventStore):
    """A store whose appends wait to be let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def append(
        self,
        stream: StreamName,
        events: Sequence[Event],
        *,
        expected: ExpectedVersion,
        boundary: Boundary | None = None,
    ) -> Appended:
        self.begun.set()
        await self.go_on.wait()
        return await super().append(stream, events, expected=expected, boundary=boundary)


async def test_an_append_without_an_answer_has_an_unknown_outcome_and_is_stored_once() -> None:
    store, batch = Slow(), events(2)
    async with (
        serve(store) as port,
        cable_to(f"grpc://127.0.0.1:{port}/") as (cable, url),
        GrpcEventStore.connect(url, timeout_seconds=5.0) as client,
    ):
        append = asyncio.ensure_future(client.append(ORDER, batch, expected=ANY))
        await store.begun.wait()
        cable.cut_before_next_answer()
        store.go_on.set()
        with pytest.raises(OutcomeUnknown) as broken:
            await append
        assert not broken.value.definite
        again = await client.append(ORDER, batch, expected=ANY)
        assert (again.position, again.repeated) == (2, True)
        assert (await client.outcome(ids(batch))).appended == (again,)
    assert await store.head() == 2


async def test_time_runs_out() -> None:
    store = Slow()
    async with serve(store) as port:
        url = f"grpc://127.0.0.1:{port}"
        async with GrpcEventStore.connect(url, timeout_seconds=0.2) as client:
            with pytest.raises(OutcomeUnknown, match="DEADLINE_EXCEEDED") as late:
                await client.append(ORDER, events(1), expected=ANY)
            assert not late.value.definite


async def test_calls_above_the_limit_are_refused_at_once() -> None:
    store = Slow()
    async with served(store, calls_max=1) as (client, _):
        first = asyncio.ensure_future(client.append(ORDER, events(1), expected=ANY))
        await store.begun.wait()
        with pytest.raises(StoreUnavailable, match="1 calls are open") as full:
            await client.append(ORDER, events(1), expected=ANY)
        assert full.value.definite
        store.go_on.set()
        assert (await first).position == 1
        assert await client.head() == 1


class Counting(MemoryEventStore):
    """A store that counts how many events it read."""

    read = 0

    async def read_log_page(
        self,
        *,
        after: Position = START,
        limit: int = 1000,
        query: Query | None = None,
        until: Position | None = None,
        bytes_max: int = PAGE_BYTES,
    ) -> LogPage:
        page = await super().read_log_page(
            after=after, limit=limit, query=query, until=until, bytes_max=bytes_max
        )
        self.read += len(page.events)
        return page


async def test_a_slow_subscriber_is_not_read_for() -> None:
    store, amount = Counting(), 300
    for _ in range(amount):
        await store.append(ORDER, [Event(type="x", data="x" * 200_000)], expected=ANY)
    async with served(store) as (client, _):
        subscription = client.subscribe(page_size=1)
        first = await anext(subscription)
        before = -1
        while store.read != before:  # until flow control has stopped it
            before = store.read
            await asyncio.sleep(0.2)
        assert store.read < amount / 2
        seen = [event.position for event in first.events]
        while not (delivery := await anext(subscription)).caught_up:
            seen += [event.position for event in delivery.events]
        assert [*seen, *(event.position for event in delivery.events)] == [*range(1, amount + 1)]
        await subscription.aclose()


async def test_a_subscription_goes_on_after_its_connection_broke() -> None:
    store = MemoryEventStore()
    await store.append(ORDER, events(3), expected=ANY)
    async with (
        serve(store) as port,
        cable_to(f"grpc://127.0.0.1:{port}/") as (cable, url),
        GrpcEventStore.connect(url, timeout_seconds=5.0) as client,
    ):
        subscription = client.subscribe()
        seen = [event.position for event in (await anext(subscription)).events]
        cable.cut_before_next_answer()
        await store.append(ORDER, events(2), expected=ANY)
        while len(seen) < 5:
            try:
                seen += [event.position for event in (await anext(subscription)).events]
            except (ReadFailed, StoreUnavailable):
                continue
        assert seen == [1, 2, 3, 4, 5]


async def test_a_large_read_is_one_read() -> None:
    store = MemoryEventStore()
    for _ in range(7):
        await store.append(ORDER, [Event(type="x", data="x" * 900_000)], expected=ANY)
    for _ in range(2):
        await store.append(ORDER, events(400), expected=ANY)
    async with served(store) as (client, _):
        log = await store.read_log()
        assert await client.read_log() == log
        assert await client.read_stream(ORDER, limit=600) == log[:600]
        assert await client.read_log_backwards(limit=700) == log[::-1][:700]
        assert await client.read_stream_backwards(ORDER) == log[::-1]
