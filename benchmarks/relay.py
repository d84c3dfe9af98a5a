"""How fast the log reaches JetStream and its consumers, beside nats-py and the limit.

One PostgreSQL with fsync on and one nats-server, both ours, on a real disk; events of 256 bytes;
figures in events a second, the best of a few rounds. The relay is the whole of it: it reads the log
from Postgres, publishes, and is done when the stream's last sequence is the log's head. The peer
awaits each publish, which is what an outbox does; the limit sends frames that were made beforehand
over a bare socket, in atomic batches or windows, and so neither reads nor encodes.

relay-durable has a server that flushes before it acknowledges (``sync_interval: always``),
relay-default one as it comes. `consume` is a projector's delivery and `subscribe` a service's
subscription, decoded events, beside nats-py's ``fetch(1000)`` loop, which decodes nothing, and a
bare socket, which only counts.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import nats
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

from benchmarks import raw_nats
from benchmarks.document import Row, main
from benchmarks.logs import fill, server
from eventstore import Position, RecordedEvent, connect, wire, wire_bytes
from eventstore.consumer import subscribe
from eventstore.postgres.outgoing import PostgresOutgoingLog
from eventstore.relay import relay
from eventstore.relay.jetstream import JetStreamPublisher
from eventstore.relay.ports import StreamState
from eventstore.wire_bytes import WireBytes
from projector.jetstream import JetStreamDelivery
from projector.projections.stream_totals import StreamTotals
from verification.cluster.nats import NatsServer

UNIT: Final = "events/s"
PEER: Final = "nats-py"
PAGE: Final = 1000


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int
    events: int
    peer_seconds: float


FULL: Final = Scale(rounds=3, events=200_000, peer_seconds=3.0)
QUICK: Final = Scale(rounds=1, events=30_000, peer_seconds=1.0)


@asynccontextmanager
async def nats_server(sync_interval: str) -> AsyncIterator[str]:
    """A nats-server of our own; ``always`` flushes before it acknowledges."""
    with tempfile.TemporaryDirectory(prefix="trueorder-bench-") as folder:
        async with NatsServer(Path(folder) / "nats", sync_interval=sync_interval) as started:
            yield started.url


async def read_all(url: str) -> list[RecordedEvent]:
    """The whole log."""
    events: list[RecordedEvent] = []
    async with connect(url) as store:
        while page := await store.read_log(after=Position(len(events)), limit=10_000):
            events += page
    return events


class _Timed(JetStreamPublisher):
    """Notes when it was first asked where the stream is, and when it had published all."""

    until = 0
    _began = 0.0
    seconds: asyncio.Future[float]

    async def inspect(self) -> StreamState | None:
        self._began = self._began or time.perf_counter()
        return await super().inspect()

    async def publish(self, messages: Sequence[WireBytes]) -> None:
        await super().publish(messages)
        if messages[-1].position == self.until:
            self.seconds.set_result(time.perf_counter() - self._began)


async def relay_rate(store_url: str, nats_url: str, events: int) -> float:
    """Run the relay from an empty stream until it has caught up; it is connected already."""
    async with (
        PostgresOutgoingLog.connect(store_url) as log,
        _Timed.open(nats_url, name="benchmark") as stream,
    ):
        stream.until = events
        stream.seconds = asyncio.get_running_loop().create_future()

        @asynccontextmanager
        async def open_session() -> AsyncIterator[relay.Session]:
            yield relay.Session(log=log, stream=stream, alarms=stream.alarms)

        work = asyncio.ensure_future(relay.run(open_session, random=random.Random(1)))
        try:
            either: list[asyncio.Future[Any]] = [work, stream.seconds]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            return events / await stream.seconds
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def awaited_publish_rate(nats_url: str, log: list[RecordedEvent], seconds: float) -> float:
    """What a user writes: publish, await the acknowledgement, go on."""
    client = await nats.connect(nats_url)
    try:
        stream = client.jetstream()
        await stream.add_stream(_stream())
        messages = [wire.encode(event) for event in log[:20_000]]
        began, done = time.perf_counter(), 0
        for message in messages:
            await stream.publish(message.subject, message.body, headers=message.headers)
            done += 1
            if time.perf_counter() - began >= seconds:
                break
        return done / (time.perf_counter() - began)
    finally:
        await client.close()


def _stream() -> StreamConfig:
    return StreamConfig(
        name=wire.STREAM, subjects=[wire.SUBJECTS], allow_atomic=True, duplicate_window=1.0
    )


async def limit_publish_rate(
    nats_url: str, log: list[RecordedEvent], *, in_windows: bool = False
) -> float:
    """Frames made beforehand, over a bare socket."""
    client = await nats.connect(nats_url)
    try:
        await client.jetstream().add_stream(_stream())
    finally:
        await client.close()
    messages = [wire_bytes.encode(event) for event in log]
    publish = raw_nats.window_rate if in_windows else raw_nats.publish_rate
    return await asyncio.to_thread(publish, nats_url, messages)


async def measure_relay(
    name: str, sync_interval: str, store_url: str, log: list[RecordedEvent], scale: Scale
) -> Row:
    """One row; every round has a fresh server for each contender."""
    ours, peers, limits = [], [], []
    in_windows = sync_interval != "always"  # whichever is faster
    for _ in range(scale.rounds):
        async with nats_server(sync_interval) as url:
            ours.append(await relay_rate(store_url, url, len(log)))
        async with nats_server(sync_interval) as url:
            peers.append(await awaited_publish_rate(url, log, scale.peer_seconds))
        async with nats_server(sync_interval) as url:
            limits.append(await limit_publish_rate(url, log, in_windows=in_windows))
    return Row(
        name=name,
        unit=UNIT,
        ours=max(ours),
        peer=max(peers),
        peer_name=f"{PEER} awaited publish",
        limit=max(limits),
        limit_name="raw windows" if in_windows else "raw atomic batches",
        ratio_to_peer=max(ours) / max(peers),
        ratio_to_limit=max(ours) / max(limits),
        note=f"sync_interval {sync_interval}, {len(log):,} events",
    )


async def our_consume_rate(nats_url: str, events: int) -> float:
    """A projector's delivery, without a projection."""
    opened = JetStreamDelivery.open(nats_url, StreamTotals(), name="benchmark")
    async with opened as delivery:
        await delivery.subscribe(Position(0))
        began, got = time.perf_counter(), 0
        while got < events:
            got += len(await delivery.fetch(PAGE))
        return events / (time.perf_counter() - began)


async def our_subscription_rate(nats_url: str, events: int) -> float:
    """A service's subscription to everything: decoded, compared, with positions to keep."""
    async with subscribe(nats_url, store=None, name="benchmark", page_size=PAGE) as subscription:
        began = time.perf_counter()
        async for delivery in subscription:
            if delivery.position >= events:
                break
        return events / (time.perf_counter() - began)


async def fetch_rate(nats_url: str, events: int) -> float:
    """What a user of nats-py writes."""
    client = await nats.connect(nats_url)
    try:
        consumer = ConsumerConfig(ack_policy=AckPolicy.NONE)
        pulled = await client.jetstream().pull_subscribe(
            wire.SUBJECTS, durable="peer", stream=wire.STREAM, config=consumer
        )
        began, got = time.perf_counter(), 0
        while got < events:
            got += len(await pulled.fetch(PAGE))
        return events / (time.perf_counter() - began)
    finally:
        await client.close()


async def limit_consume_rate(nats_url: str, events: int) -> float:
    """A bare socket that counts."""
    client = await nats.connect(nats_url)
    try:
        await client.jetstream().add_consumer(
            wire.STREAM, ConsumerConfig(durable_name="limit", ack_policy=AckPolicy.NONE)
        )
        rate = await asyncio.to_thread(
            raw_nats.consume_rate, nats_url, wire.STREAM, "limit", events
        )
        await client.jetstream().delete_consumer(wire.STREAM, "limit")
    finally:
        await client.close()
    return rate


async def measure_consume(log: list[RecordedEvent], scale: Scale) -> list[Row]:
    """The consumers, taking turns on one stream."""
    ours, subscribed, peers, limits = [], [], [], []
    async with nats_server("2m") as url:
        await limit_publish_rate(url, log)
        for number in range(scale.rounds):
            ours.append(await our_consume_rate(url, len(log)))
            subscribed.append(await our_subscription_rate(url, len(log)))
            limits.append(await limit_consume_rate(url, len(log)))
            if number == 0 or scale.rounds > 1:
                peers.append(await fetch_rate(url, len(log)))
                await _forget_peer(url)
    return [
        Row(
            name=name,
            unit=UNIT,
            ours=max(rates),
            peer=max(peers),
            peer_name=f"{PEER} fetch({PAGE})",
            limit=max(limits),
            limit_name="a counting socket",
            ratio_to_peer=max(rates) / max(peers),
            ratio_to_limit=max(rates) / max(limits),
            note="ours decodes every event, the others none",
        )
        for name, rates in (("consume", ours), ("subscribe", subscribed))
    ]


async def _forget_peer(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        await client.jetstream().delete_consumer(wire.STREAM, "peer")
    finally:
        await client.close()


def measure(quick: bool) -> Iterator[Row]:  # noqa: FBT001 - the shape that `main` calls
    """Measure every row on one log."""
    scale = QUICK if quick else FULL
    with asyncio.Runner() as runner:
        postgres = server()
        _, url = runner.run(postgres.__aenter__())
        try:
            log = runner.run(_filled(url, scale.events))
            yield runner.run(measure_relay("relay-durable", "always", url, log, scale))
            yield runner.run(measure_relay("relay-default", "2m", url, log, scale))
            yield from runner.run(measure_consume(log, scale))
        finally:
            runner.run(postgres.__aexit__(None, None, None))


async def _filled(url: str, events: int) -> list[RecordedEvent]:
    async with connect(url) as store:
        await fill(store, events, run_name="relay")
    return await read_all(url)


if __name__ == "__main__":
    main(__doc__ or "", measure)
