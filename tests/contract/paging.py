"""Pages of the log: bounded in bytes, they say themselves where they end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from eventstore import ANY, Event, InvalidRequest, LogPage, Position, Query, stream_name
from eventstore.store import EventStore
from eventstore.validation import PAGE_BYTES_MIN
from tests.support.seeded import seeded
from tests.support.stores import whole_log

ORDER = stream_name("order-1")
ODD = Query.of(types=("odd",))
SIZES = (9, 700_000, 10, 800_000, 900_000, 980_000, 980_000, 950_000, 9, 9, 900_000, 900_000, 9)


def text_of(number: int, size: int) -> str:
    """Text of so many bytes; PostgreSQL can compress every other."""
    return "é" * (size // 2) if number % 2 else seeded(number).randbytes(size // 2).hex()


async def pages(store: EventStore, until: Position | None, **where: Any) -> list[LogPage]:
    """Read on from page to page for as long as there is one."""
    read: list[LogPage] = []
    after, more = Position(0), True
    while more:
        page = await store.read_log_page(after=after, until=until, **where)
        assert [event.position for event in page.events] == sorted(
            event.position for event in page.events if after < event.position <= page.position
        )
        assert page.position > after or not page.more, "it goes on"
        after, more = page.position, page.more
        read.append(page)
    return read


def size_of(page: LogPage) -> int:
    return sum(
        len(msgspec.json.encode(event.data)) + len(msgspec.json.encode(event.metadata))
        for event in page.events
    )


class PagingContract:
    @pytest.mark.parametrize("query", [None, ODD], ids=["all", "some"])
    @pytest.mark.parametrize("until", [None, 0, 7, 10], ids=str)
    @pytest.mark.parametrize("limit", [1, 3, 5, 10, 100])
    async def test_the_pages_are_the_log(
        self, store: EventStore, limit: int, until: int | None, query: Query | None
    ) -> None:
        batch = [Event(type="odd" if n % 2 else "even") for n in range(1, 11)]
        await store.append(ORDER, batch, expected=ANY)
        end = None if until is None else Position(until)
        read = await pages(store, end, limit=limit, query=query)
        assert [event for page in read for event in page.events] == await store.read_log(
            query=query, until=end
        )
        assert all(len(page.events) <= limit for page in read)
        if end is not None:
            assert read[-1].position == end
        assert all(len(page.events) == limit for page in read if page.more), "small events fit"

    @pytest.mark.parametrize("query", [None, Query.of(types=("Big",))], ids=["all", "some"])
    async def test_a_page_has_so_many_bytes(self, store: EventStore, query: Query | None) -> None:
        for number, size in enumerate(SIZES):
            one = Event(type="Big", data=text_of(number, size))
            await store.append(ORDER, [one], expected=ANY)
        head = await store.head()
        for until in (None, head):
            read = await pages(store, until, limit=1000, query=query, bytes_max=PAGE_BYTES_MIN)
            assert [event for page in read for event in page.events] == await whole_log(store)
            assert read[-1].position == head
            assert all(size_of(page) <= PAGE_BYTES_MIN for page in read)
            assert 2 <= len(read) <= 3, "those that fit come together"

    async def test_a_page_behind_the_end_is_empty(self, store: EventStore) -> None:
        await store.append(ORDER, [Event(type="odd")], expected=ANY)
        for query in (None, ODD):
            for until in (None, Position(1)):
                page = await store.read_log_page(after=Position(1), until=until, query=query)
                assert page == LogPage(events=[], position=Position(1), more=False)

    @pytest.mark.parametrize(
        "wrong", [{"bytes_max": PAGE_BYTES_MIN - 1}, {"limit": 0}, {"after": -1}, {"until": -1}]
    )
    async def test_what_cannot_be_read(self, store: EventStore, wrong: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest):
            await store.read_log_page(**wrong)
