"""What reads select: by category, type and tags, forwards and backwards, as the log was."""

from __future__ import annotations

from typing import Any

import pytest

from eventstore import (
    ANY,
    READ_LIMIT_MAX,
    Event,
    InvalidRequest,
    Position,
    Query,
    QueryItem,
    RecordedEvent,
    StreamVersion,
    stream_name,
)
from eventstore.store import EventStore
from tests.support.seeded import seeded
from tests.support.stores import events, ids

AT = StreamVersion
FIRST = stream_name("order-1")
SECOND = stream_name("order-2")

QUERIES = {
    "everything": Query.everything(),
    "a category": Query.of(categories=("order",)),
    "a category that begins like another": Query.of(categories=("orders",)),
    "two categories": Query.of(categories=("order", "customer")),
    "a type": Query.of(types=("paid",)),
    "two types": Query.of(types=("paid", "sent")),
    "a tag": Query.of(tags=("t:1",)),
    "all of three tags": Query.of(tags=("t:1", "t:2", "é")),
    "a category and a tag": Query.of(categories=("customer",), tags=("t:2",)),
    "a type and two tags": Query.of(types=("sent",), tags=("t:3", "t:1")),
    "all three": Query.of(categories=("order", "orders"), types=("paid",), tags=("é",)),
    "either of two": Query((QueryItem(types=("sent",)), QueryItem(tags=("t:3",)))),
    "overlapping": Query((QueryItem(tags=("t:1",)), QueryItem(tags=("t:1", "t:2")))),
    "nothing there is": Query.of(tags=("t",)),
    "everything, and more": Query((QueryItem(), QueryItem(tags=("t:1",)))),
}


def asked_for(query: Query, event: RecordedEvent) -> bool:
    """The meaning of a query, said once more and differently."""
    return any(
        (item.categories == () or event.stream.split("-")[0] in item.categories)
        and (item.types == () or event.type in item.types)
        and set(item.tags) <= set(event.tags)
        for item in query.items
    )


async def fill(store: EventStore) -> list[RecordedEvent]:
    """Append 120 events of all kinds; returns the log."""
    chooser = seeded(7)
    while await store.head() < 120:
        stream = stream_name(
            f"{chooser.choice(['order', 'orders', 'customer'])}-{1 + chooser.randrange(3)}"
        )
        batch = [
            Event(
                type=chooser.choice(["placed", "paid", "sent"]),
                tags=tuple(chooser.sample(["t:1", "t:2", "t:3", "é"], chooser.randint(0, 4))),
            )
            for _ in range(chooser.randint(1, 4))
        ]
        await store.append(stream, batch, expected=ANY)
    return await store.read_log()


class QueryingContract:
    async def test_tags_are_kept_as_they_are(self, store: EventStore) -> None:
        longest = ("é" * 127 + "x", "z", "a", *(f"t{n}" for n in range(13)))
        batch = [Event(type="x", tags=longest), Event(type="x", tags=['"', "\\", "{a,b}", "'"])]  # type: ignore[arg-type]
        await store.append(FIRST, batch, expected=ANY)
        assert [e.tags for e in await store.read_log()] == [longest, ('"', "\\", "{a,b}", "'")]
        (first, _) = await store.read_stream(FIRST)
        assert first.tags == longest

    async def test_queries_select(self, store: EventStore) -> None:
        log = await fill(store)
        for name, query in QUERIES.items():
            wanted = [event for event in log if asked_for(query, event)]
            assert await store.read_log(query=query) == wanted, name
            assert await store.read_log_backwards(query=query) == wanted[::-1], name

    async def test_queries_page(self, store: EventStore) -> None:
        log = await fill(store)
        for name, query in QUERIES.items():
            wanted = [event for event in log if asked_for(query, event) and event.position > 20]
            read = await store.read_log(after=Position(20), limit=5, query=query)
            assert read == wanted[:5], name
            wanted = [event for event in log if asked_for(query, event) and event.position < 80]
            read = await store.read_log_backwards(before=Position(80), limit=5, query=query)
            assert read == wanted[::-1][:5], name

    async def test_the_log_as_it_was(self, store: EventStore) -> None:
        log = await fill(store)
        query = QUERIES["either of two"]
        for until in (0, 1, 60, len(log), len(log) + 1, 2**63 - 1):
            was = [event for event in log if event.position <= until]
            assert await store.read_log(until=Position(until)) == was
            assert await store.read_log(until=Position(until), query=query) == [
                event for event in was if asked_for(query, event)
            ]
            for stream in (FIRST, SECOND):
                of_stream = [event for event in was if event.stream == stream]
                assert await store.read_stream(stream, until=Position(until)) == of_stream
                assert (
                    await store.read_stream_backwards(stream, until=Position(until))
                    == of_stream[::-1]
                )

    async def test_backwards(self, store: EventStore) -> None:
        assert await store.read_log_backwards() == []
        assert await store.read_stream_backwards(FIRST) == []
        for stream in (FIRST, SECOND, FIRST):
            await store.append(stream, events(3), expected=ANY)
        log = await store.read_log()
        assert await store.read_log_backwards() == log[::-1]
        assert await store.read_log_backwards(limit=2) == log[:-3:-1]
        assert await store.read_log_backwards(before=Position(4), limit=2) == [log[2], log[1]]
        for nothing in (0, 1):
            assert await store.read_log_backwards(before=Position(nothing)) == []
            assert await store.read_stream_backwards(FIRST, before=AT(nothing)) == []
        of_stream = await store.read_stream(FIRST)
        assert await store.read_stream_backwards(FIRST) == of_stream[::-1]
        assert ids(await store.read_stream_backwards(FIRST, before=AT(5), limit=2)) == ids(
            [of_stream[3], of_stream[2]]
        )

    @pytest.mark.parametrize("bound", [-1, 2**63, True, 1.0], ids=repr)
    async def test_bounds_that_are_none(self, store: EventStore, bound: Any) -> None:
        for read in (
            store.read_log(until=bound),
            store.read_stream(FIRST, until=bound),
            store.read_log_backwards(before=bound),
            store.read_stream_backwards(FIRST, before=bound),
            store.read_stream_backwards(FIRST, until=bound),
        ):
            with pytest.raises(InvalidRequest):
                await read
        for limit in (0, READ_LIMIT_MAX + 1):
            with pytest.raises(InvalidRequest):
                await store.read_log_backwards(limit=limit)
            with pytest.raises(InvalidRequest):
                await store.read_stream_backwards(FIRST, limit=limit)

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            (Query(()), "it has 0 items"),
            (Query((QueryItem(),) * 17), "it has 17 items"),
            (Query.of(tags=("a b",)), "its tag 'a b' is none"),
            (Query.of(tags=("",)), "its tag '' is none"),
            (Query.of(types=tuple(map(str, range(65)))), "its types are not a tuple of up to 64"),
            (Query.of(categories=("a\0",)), "is no printable text"),
            (Query.of(categories=("a", "")), "one of its categories is empty"),
            (Query.of(types=("",)), "one of its types is empty"),
            (Query.of(categories=("order-1",)), "'order-1' is no category"),
            (Query.of(types="paid"), "its types are not a tuple"),  # type: ignore[arg-type]
            (Query((QueryItem(), "x")), "item 2 of 2: it is a str"),  # type: ignore[arg-type]
            ("paid", "it is a str"),
        ],
    )
    async def test_queries_that_are_none(self, store: EventStore, query: Any, words: str) -> None:
        with pytest.raises(InvalidRequest, match=words):
            await store.read_log(query=query)
        with pytest.raises(InvalidRequest, match=words):
            await store.read_log_backwards(query=query)

    @pytest.mark.parametrize(
        ("tags", "words"),
        [
            (("a b",), "contains white space"),
            (("a\u00a0b",), "contains white space"),
            (("",), "is empty"),
            (("é" * 128,), "256 bytes"),
            ((7,), "it is a int"),
            (tuple(map(str, range(17))), "17 tags"),
            (("a", "b", "a"), "occurs twice"),
            ("abc", "not a tuple"),
        ],
    )
    async def test_tags_that_are_none(self, store: EventStore, tags: Any, words: str) -> None:
        with pytest.raises(InvalidRequest, match=words):
            await store.append(FIRST, [Event(type="x", tags=tags)], expected=ANY)
        assert await store.head() == 0
