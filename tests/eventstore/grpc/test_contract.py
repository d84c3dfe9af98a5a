"""A store that is served over gRPC keeps the whole contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventstore.grpc.client import GrpcEventStore
from eventstore.grpc.server import serve
from eventstore.memory import MemoryEventStore
from tests.contract.event_store import EventStoreContract


class TestGrpcEventStore(EventStoreContract):
    @pytest.fixture
    async def store(self) -> AsyncIterator[GrpcEventStore]:
        async with (
            serve(MemoryEventStore()) as port,
            GrpcEventStore.connect(f"grpc://127.0.0.1:{port}") as store,
        ):
            yield store
