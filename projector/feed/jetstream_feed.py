"""A change feed on JetStream: its stream of changes, and the key-value bucket of current values.

The bucket is a stream that the server itself fills from the stream of changes (a *source*, with the
subjects rewritten), keeping the last message of each key. So it needs no process of ours, it cannot
fall out of step, and any NATS client reads and watches it as it would any bucket (ADR-8).

After a loss of the stream of changes, which the relay then fills anew, the server takes up to half
a minute to find it again, and may show older values meanwhile; each says by ``Trueorder-Change``
which it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Self

import nats.js.errors
from nats.js.api import (
    DiscardPolicy,
    StorageType,
    StreamConfig,
    StreamSource,
    SubjectTransform,
)

from eventstore import jetstream
from eventstore.errors import ConfigError
from eventstore.jetstream import Connection, answered
from eventstore.relay.jetstream import JetStreamPublisher
from eventstore.relay.jetstream_stream import CarryingStream
from eventstore.relay.ports import StreamState
from eventstore.wire_bytes import WireBytes
from projector.feed.change import NUMBER, FeedName

__all__ = ["FeedPublisher", "carrying", "delete"]


def carrying(feed: FeedName) -> CarryingStream:
    """Describe a feed's stream for the relay."""
    return CarryingStream(
        name=feed.stream,
        description=f"Changes of the read model {feed}; the stream sequence is their number.",
        subjects=f"{feed.prefix}>",
        number_header=NUMBER,
    )


class FeedPublisher:
    """Publishes a feed, and keeps its bucket; see `eventstore.relay.ports.StreamPublisher`."""

    def __init__(
        self, publisher: JetStreamPublisher, link: Connection, feed: FeedName, replicas: int
    ) -> None:
        self.alarms = (*publisher.alarms, link.lost)
        self._publisher = publisher
        self._link = link
        self._feed = feed
        self._replicas = replicas

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, feed: FeedName, *, name: str, replicas: int = 1, ack_seconds: float = 5.0
    ) -> AsyncIterator[Self]:
        """Connect to NATS at ``url``; see `JetStreamPublisher.open`.

        Raises:
            StreamUnavailable: there is no connection.
        """
        async with (
            JetStreamPublisher.open(
                url, name=name, stream=carrying(feed), replicas=replicas, ack_seconds=ack_seconds
            ) as publisher,
            jetstream.connect(url, name=f"{name} (bucket)", timeout_seconds=ack_seconds) as link,
        ):
            yield cls(publisher, link, feed, replicas)

    async def inspect(self) -> StreamState | None:
        """Say where the stream of changes is; make the bucket if it is gone."""
        state = await self._publisher.inspect()
        if state is not None:
            await _make_bucket(self._link, self._feed, self._replicas)
        return state

    async def create(self) -> None:
        """Create the stream of changes; the bucket follows with the next look."""
        await self._publisher.create()

    async def replace(self, reason: str) -> None:
        """Delete the stream of changes and create it anew; see `StreamPublisher.replace`."""
        await self._publisher.replace(reason)

    async def publish(self, messages: Sequence[WireBytes]) -> None:
        """Publish changes; see `StreamPublisher.publish`."""
        await self._publisher.publish(messages)


async def _make_bucket(link: Connection, feed: FeedName, replicas: int) -> None:
    name = f"KV_{feed.bucket}"
    with answered(f"make the bucket {feed.bucket}"):
        try:
            await link.api.stream_info(name)
        except nats.js.errors.NotFoundError:
            pass
        else:
            return
        try:
            await link.api.add_stream(_bucket_config(name, feed, replicas))
        except nats.js.errors.BadRequestError as error:
            raise ConfigError(
                f"NATS refuses to make the bucket {feed.bucket}: {error.description}."
            ) from error


def _bucket_config(name: str, feed: FeedName, replicas: int) -> StreamConfig:
    # A key is one token; what stands for a change that was cut off has two, and is left out.
    renamed = SubjectTransform(src=f"{feed.prefix}*", dest=f"$KV.{feed.bucket}.{{{{wildcard(1)}}}}")
    return StreamConfig(
        name=name,
        description=f"Current values of the read model {feed}.",
        sources=[StreamSource(name=feed.stream, subject_transforms=[renamed])],
        max_msgs_per_subject=1,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        allow_direct=True,
        # What NATS' own clients set for a bucket.
        allow_rollup_hdrs=True,
        deny_delete=True,
        num_replicas=replicas,
    )


async def delete(link: Connection, feed: FeedName) -> bool:
    """Delete a feed's bucket and stream; say whether either was there.

    Raises:
        StreamUnavailable: no answer came.
    """
    deleted = False
    for name in (f"KV_{feed.bucket}", feed.stream):
        with answered(f"delete the stream {name}"), suppress(nats.js.errors.NotFoundError):
            await link.api.delete_stream(name)
            deleted = True
    return deleted
