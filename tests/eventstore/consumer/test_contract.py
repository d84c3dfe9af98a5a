"""A subscription over NATS keeps what any subscription promises, but for where its pages end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from eventstore.consumer import Selection
from eventstore.postgres.store import PostgresEventStore
from eventstore.query import Query
from eventstore.store import EventStore, Subscription
from eventstore.stream import Position
from tests.contract.subscribing import SubscribingContract
from tests.support import relaying as support
from tests.support.consuming import consumer

pytestmark = pytest.mark.stack


class OverNats:
    """A store that is followed over NATS."""

    def __init__(self, store: EventStore, nats_url: str) -> None:
        self._store = store
        self._nats_url = nats_url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def subscribe(
        self, *, after: Position = Position(0), query: Query | None = None, page_size: int = 1000
    ) -> Subscription:
        (item,) = (query or Query.everything()).items
        selection = Selection(categories=item.categories, types=item.types, tags=item.tags)
        return consumer(
            self._nats_url, self._store, after=after, selection=selection, page_size=page_size
        )


class TestSubscription:
    @pytest.fixture
    async def store(self, store_url: str, nats_url: str) -> AsyncIterator[OverNats]:
        async with (
            PostgresEventStore.connect(store_url) as store,
            support.relaying(store_url, nats_url),
        ):
            yield OverNats(store, nats_url)

    test_it_goes_live = SubscribingContract.test_it_goes_live_without_gap_or_repetition
    test_giving_up_loses_nothing = SubscribingContract.test_giving_up_on_a_delivery_loses_nothing
    test_it_ends_when_it_is_closed = SubscribingContract.test_it_ends_when_it_is_closed
    test_a_slow_reader_gets_everything = SubscribingContract.test_a_slow_reader_gets_everything
