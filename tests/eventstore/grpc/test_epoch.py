"""The epoch of the log, told over gRPC."""

from __future__ import annotations

import grpc
import pytest

from eventstore import wire
from eventstore.epoch import Epoch, KnowsEpoch
from eventstore.grpc.client import GrpcEventStore
from eventstore.grpc.server import SERVICE, serve
from eventstore.measured import MeasuredEventStore
from eventstore.memory import MemoryEventStore
from eventstore.metrics import StoreMetrics
from eventstore.postgres.epochs import record_epoch_at
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position

THIRD = Epoch(number=90, after=Position(4), earlier=((50, Position(7)),))


@pytest.mark.stack
async def test_a_server_tells_the_epochs_that_began(store_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        measured = MeasuredEventStore(store, StoreMetrics())
        async with (
            serve(measured) as port,
            GrpcEventStore.connect(f"grpc://127.0.0.1:{port}") as client,
        ):
            assert isinstance(client, KnowsEpoch)
            assert await client.epoch() == Epoch()
            await record_epoch_at(store_url, wire.STREAM, THIRD)
            assert await client.epoch() == await measured.epoch() == THIRD


async def test_a_store_that_does_not_know_is_in_the_first_one() -> None:
    async with (
        serve(MemoryEventStore()) as port,
        GrpcEventStore.connect(f"grpc://127.0.0.1:{port}") as client,
    ):
        assert await client.epoch() == Epoch()


async def head(_: bytes, __: object) -> bytes:
    return b""


async def test_a_server_from_before_this_call_is_asked_in_vain() -> None:
    server = grpc.aio.server()
    known = {"Head": grpc.unary_unary_rpc_method_handler(head)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, known),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with GrpcEventStore.connect(f"grpc://127.0.0.1:{port}") as client:
            assert await client.epoch() == Epoch()
    finally:
        await server.stop(None)
