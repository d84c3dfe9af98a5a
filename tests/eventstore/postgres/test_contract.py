"""PostgreSQL keeps the same contract as the memory store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventstore.postgres.store import PostgresEventStore
from eventstore.store import EventStore
from tests.contract.event_store import EventStoreContract


@pytest.mark.stack
class TestPostgresEventStore(EventStoreContract):
    @pytest.fixture
    async def store(self, store_url: str) -> AsyncIterator[EventStore]:
        async with PostgresEventStore.connect(store_url, pool_size=16) as store:
            yield store
