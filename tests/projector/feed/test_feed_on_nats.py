"""The feed on real servers: the stream is the changes, the bucket is the read model."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import nats
import nats.errors
import nats.js.errors
import pytest

from eventstore.errors import StreamDiverged
from eventstore.jetstream import connect
from eventstore.relay import relay
from eventstore.relay.jetstream_stream import inspect
from projector.feed import postgres_feed
from projector.feed.change import FeedName, decode, unescape_key
from projector.feed.jetstream_feed import FeedPublisher, delete
from projector.feed.jetstream_feed import carrying as carrying_stream
from projector.feed.postgres_feed import PostgresChanges
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from tests.support.feeding import Churn, documents, fold, opened
from tests.support.recorded import log
from tests.support.relaying import running, until
from tests.support.seeded import seeded

pytestmark = pytest.mark.stack

FEED = FeedName("churn", 1)


def carrying(model: PostgresReadModel, table: DocumentTable, nats_url: str) -> Any:
    @contextlib.asynccontextmanager
    async def open_session() -> AsyncIterator[relay.Session]:
        async with FeedPublisher.open(nats_url, FEED, name="test feed") as stream:
            changes = PostgresChanges(model, FEED, await postgres_feed.state(model, table))
            yield relay.Session(log=changes, stream=stream, alarms=stream.alarms)

    return running(relay.run(open_session, random=seeded(1)))


async def streamed(nats_url: str) -> dict[str, Any]:
    """What the whole stream folds to, with every number and predecessor checked."""
    client = await nats.connect(nats_url)
    try:
        api = client.jetstream()
        last = (await api.stream_info(FEED.stream)).state.last_seq
        messages = [await api.get_msg(FEED.stream, n) for n in range(1, last + 1)]
        return fold(
            decode(FEED, str(m.subject), dict(m.headers or {}), m.data or b"") for m in messages
        )
    finally:
        await client.close()


async def bucket(nats_url: str) -> dict[str, Any]:
    """What any client of NATS reads from the bucket."""
    client = await nats.connect(nats_url)
    try:
        values = await client.jetstream().key_value(FEED.bucket)
        try:
            keys = await values.keys()
        except nats.js.errors.NoKeysError:
            return {}
        entries = [await values.get(key) for key in keys]
        return {unescape_key(e.key): msgspec.json.decode(e.value or b"") for e in entries}
    finally:
        await client.close()


async def agrees(model: PostgresReadModel, table: DocumentTable, nats_url: str) -> None:
    wanted = await documents(model, table)

    async def reached() -> bool:
        try:
            return await streamed(nats_url) == wanted == await bucket(nats_url)
        except (nats.js.errors.NotFoundError, nats.errors.Error):
            return False

    await until(reached)


async def test_stream_and_bucket_are_the_read_model_and_what_is_lost_is_made_again(
    postgres_url: str, nats_url: str
) -> None:
    table, events = DocumentTable(Churn()), log(60)
    async with opened(postgres_url, table) as model:
        checkpoint = await model.commit(events[:20], await model.checkpoint())
        await postgres_feed.begin(model, table, identity=UUID(int=1))
        async with carrying(model, table, nats_url):
            await agrees(model, table, nats_url)
            for start in range(20, 50, 3):
                checkpoint = await model.commit(events[start : start + 3], checkpoint)
            await agrees(model, table, nats_url)
            async with connect(nats_url, name="test") as link:
                await delete(link, FEED)
                await delete(link, FEED)  # what is gone already is no error
            await model.commit(events[50:], checkpoint)
            await agrees(model, table, nats_url)
            # What was cut off leaves the sequence as it was, and no trace in the bucket.
            last = (await postgres_feed.state(model, table)).last_number
            assert await postgres_feed.trim(model, table, to=last) > 0
            async with connect(nats_url, name="test") as link:
                await delete(link, FEED)
            await agrees(model, table, nats_url)
            async with connect(nats_url, name="test") as link:
                found = await inspect(link, carrying_stream(FEED))
            assert found is not None
            assert found.state.last_sequence == last


async def test_changes_lost_from_the_middle_are_made_again(
    postgres_url: str, nats_url: str
) -> None:
    table = DocumentTable(Churn())
    client = await nats.connect(nats_url)
    api = client.jetstream()
    lax = carrying_stream(FEED)  # one of ours lets nobody delete a message
    await api.add_stream(name=lax.name, subjects=[lax.subjects])
    async with opened(postgres_url, table) as model:
        await model.commit(log(40), await model.checkpoint())
        await postgres_feed.begin(model, table, identity=UUID(int=1))
        async with carrying(model, table, nats_url):
            await agrees(model, table, nats_url)
            await api.delete_msg(FEED.stream, 2)

            async def healed() -> bool:
                async with connect(nats_url, name="test") as link:
                    found = await inspect(link, carrying_stream(FEED))
                feed = await postgres_feed.state(model, table)
                return (
                    found is not None
                    and not found.state.missing
                    and found.state.last_sequence == feed.last_number
                )

            await until(healed)
        assert await streamed(nats_url) == await documents(model, table)
    await client.close()


async def test_another_feed_of_the_same_name_is_not_mixed_in(
    postgres_url: str, nats_url: str
) -> None:
    table = DocumentTable(Churn())
    async with opened(postgres_url, table) as model:
        await model.commit(log(40), await model.checkpoint())
        await postgres_feed.begin(model, table, identity=UUID(int=1))
        async with carrying(model, table, nats_url):
            await agrees(model, table, nats_url)
        await postgres_feed.end(model, table)
        await postgres_feed.begin(model, table, identity=UUID(int=2))
        with pytest.raises(StreamDiverged):
            async with carrying(model, table, nats_url) as carried:
                await carried
