"""Consumers and groups when an operator begins an epoch, on real servers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.consumer.checkpoints import FileCheckpoint
from eventstore.consumer.epochs import EpochStore, entered
from eventstore.consumer.jetstream_checkpoint import BUCKET, KeyValueCheckpoint
from eventstore.consumer.member import GroupMember, Share
from eventstore.consumer.postgres_epochs import PostgresEpochs
from eventstore.epoch import Epoch
from eventstore.errors import CheckpointUnavailable, ConfigError, EpochBegan
from eventstore.grpc.client import GrpcEventStore
from eventstore.grpc.server import serve
from eventstore.jetstream import connect
from eventstore.postgres.epochs import record_epoch_at
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay.jetstream_stream import replace
from eventstore.store import EventStore, Subscription
from eventstore.stream import Position
from tests.support import relaying as support
from tests.support.consuming import consumer, received
from tests.support.group_member import group
from verification.cluster.postgres import PostgresServer

Open = Callable[[], contextlib.AbstractAsyncContextManager[EpochStore]]


def epoch(number: int, *, after: int) -> Epoch:
    return Epoch(number=number, after=Position(after))


async def begin(nats_url: str, began: Epoch) -> None:
    """What `eventstore relay heal --new-epoch` does to the stream."""
    async with connect(nats_url, name="test") as link:
        await replace(link, reason="the log went back", epoch=began)


@given(st.none() | st.integers(1, 9), st.integers(1, 9), st.integers(0, 9), st.integers(0, 9))
def test_an_epoch_is_entered_unless_it_left_behind_what_was_handled(
    known: int | None, number: int, after: int, position: int
) -> None:
    if known is not None and number > known and position > after:
        with pytest.raises(EpochBegan, match=f"set its checkpoint to {after}"):
            entered(known, epoch(number, after=after), Position(position))
    else:
        assert entered(known, epoch(number, after=after), Position(position)) == max(
            known or 0, number
        )


def test_who_was_away_for_two_epochs_meets_the_one_that_went_further_back() -> None:
    """It has handled what the first of them left behind, though the second left nothing of it."""
    latest = Epoch(number=20, after=Position(150), earlier=((10, Position(100)),))
    with pytest.raises(EpochBegan, match="set its checkpoint to 100"):
        entered(1, latest, Position(120))
    assert entered(10, latest, Position(120)) == 20
    assert entered(1, latest, Position(100)) == 20


@pytest.fixture(params=["file", "bucket", "postgres", "group"])
def open_epochs(
    request: pytest.FixtureRequest, tmp_path: Path, nats_url: str, postgres_url: str
) -> Open:
    @contextlib.asynccontextmanager
    async def in_a_file() -> AsyncIterator[EpochStore]:
        yield FileCheckpoint(tmp_path / "billing")

    @contextlib.asynccontextmanager
    async def in_postgres() -> AsyncIterator[EpochStore]:
        yield PostgresEpochs(postgres_url, "billing")

    places: Mapping[str, Open] = {
        "file": in_a_file,
        "bucket": lambda: KeyValueCheckpoint.open(nats_url, "billing"),
        "postgres": in_postgres,
        "group": lambda: group(postgres_url, "one"),
    }
    return places[request.param]


@pytest.mark.stack
async def test_the_epoch_is_kept_from_start_to_start(open_epochs: Open) -> None:
    async with open_epochs() as epochs:
        await epochs.enter(epoch(4, after=3), Position(6))  # it never saw one: this is its own
    async with open_epochs() as epochs:
        await epochs.enter(epoch(4, after=3), Position(6))
        with pytest.raises(EpochBegan, match="at position 6, but in epoch 5"):
            await epochs.enter(epoch(5, after=3), Position(6))
        await epochs.enter(epoch(5, after=6), Position(6))
        await epochs.enter(Epoch(), Position(9))  # lost with all of JetStream
    async with open_epochs() as epochs:
        await epochs.enter(epoch(5, after=3), Position(9))
        with pytest.raises(EpochBegan, match="other events after position 2"):
            await epochs.enter(epoch(9, after=2), Position(9))


@pytest.mark.stack
async def test_what_is_no_epoch_is_refused(tmp_path: Path, nats_url: str) -> None:
    (tmp_path / "billing.epoch").write_text("no", encoding="ascii")
    with pytest.raises(ConfigError, match="holds no epoch"):
        await FileCheckpoint(tmp_path / "billing").enter(Epoch(), Position(0))
    async with KeyValueCheckpoint.open(nats_url, "billing") as checkpoint:
        async with connect(nats_url, name="test") as link:
            bucket = await link.api.key_value(BUCKET)
            await bucket.put("billing.epoch", b"no")
        with pytest.raises(ConfigError, match="holds no epoch"):
            await checkpoint.enter(Epoch(), Position(0))


@pytest.mark.stack
async def test_without_a_database_the_epoch_is_not_known(
    killable_postgres: PostgresServer, killable_store_url: str
) -> None:
    await killable_postgres.kill()
    with pytest.raises(CheckpointUnavailable, match="keeps its epoch") as unknown:
        await PostgresEpochs(killable_store_url, "billing").enter(Epoch(), Position(0))
    assert not unknown.value.definite


@pytest.mark.stack
async def test_a_running_consumer_stops_and_one_that_is_not_so_far_goes_on(
    store_url: str, nats_url: str
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        support.relaying(store_url, nats_url),
        consumer(nats_url, store) as far,
        consumer(nats_url, store) as late,
    ):
        await received(late, await support.append(store, 3))
        await received(far, await support.append(store, 2))
        await begin(nats_url, epoch(7, after=4))
        for _ in range(2):
            with pytest.raises(EpochBegan, match="at position 5, but in epoch 7"):
                await received(far, Position(6))
        # A new process knows the log by what it is now, and there is nothing it might have seen.
        async with consumer(nats_url, store) as new:
            head = await support.append(store, 1)
            assert len(await received(new, head)) == head
        assert [e.position for e in await received(late, head)] == [4, 5, 6]


@pytest.mark.stack
async def test_a_consumer_that_starts_later_stops_too(
    store_url: str, nats_url: str, tmp_path: Path
) -> None:
    checkpoint = FileCheckpoint(tmp_path / "billing")
    async with (
        PostgresEventStore.connect(store_url) as store,
        support.relaying(store_url, nats_url),
    ):
        head = await support.append(store, 5)
        async with consumer(nats_url, store, epochs=checkpoint) as subscription:
            await support.relayed(nats_url, head)
            await received(subscription, head)
        await begin(nats_url, epoch(7, after=3))
        await support.append(store, 1)
        async with consumer(nats_url, store, after=head, epochs=checkpoint) as subscription:
            with pytest.raises(EpochBegan, match="after position 3"):
                await anext(subscription)
        # What the error says to do.
        at = Position(3)
        async with consumer(nats_url, store, after=at, epochs=checkpoint) as subscription:
            assert [e.position for e in await received(subscription, Position(6))] == [4, 5, 6]


@pytest.mark.stack
async def test_a_group_stops_for_its_furthest_partition(store_url: str, nats_url: str) -> None:
    """A member that begins at the least checkpoint cannot see by its position what was handled."""
    handled: list[int] = []

    async def handle(share: Share) -> None:
        handled.extend(event.position for event in share.events)

    async with (
        PostgresEventStore.connect(store_url) as store,
        support.relaying(store_url, nats_url),
        group(store_url, "one") as joined,
    ):
        leases = (await joined.renew()).leases
        await joined.enter(Epoch(), Position(0))
        assert await joined.advance({3: (leases[3], Position(5))}) == {3}
        await support.relayed(nats_url, await support.append(store, 6))
        await begin(nats_url, epoch(7, after=4))

        def follow(after: Position) -> Subscription:
            assert after == 0
            return consumer(nats_url, store, after=after, epochs=joined)

        with pytest.raises(EpochBegan, match="at position 5"):
            await GroupMember(joined, follow, handle).run()
    assert handled == []


@contextlib.asynccontextmanager
async def reaching(url: str, *, over_grpc: bool) -> AsyncIterator[EventStore]:
    """A store, as it is or through a server of its contract."""
    async with PostgresEventStore.connect(url) as store:
        if not over_grpc:
            yield store
            return
        async with (
            serve(store) as port,
            GrpcEventStore.connect(f"grpc://127.0.0.1:{port}") as client,
        ):
            yield client


@pytest.mark.parametrize("over_grpc", [False, True], ids=["PostgreSQL", "gRPC"])
async def test_who_reads_the_log_while_nats_is_away_sees_its_epoch(
    store_url: str, tmp_path: Path, *, over_grpc: bool
) -> None:
    """The log went back to 3 and grew past where the consumer is: nothing else would tell."""
    nowhere = "nats://127.0.0.1:1"
    async with reaching(store_url, over_grpc=over_grpc) as store:
        await support.append(store, 9)
        epochs = FileCheckpoint(tmp_path / "billing")
        await epochs.enter(Epoch(), Position(5))
        async with consumer(nowhere, store, after=Position(5), epochs=epochs) as subscription:
            assert len((await anext(subscription)).events) == 4
        await record_epoch_at(store_url, "EVENTS", epoch(20, after=3))
        for handled in (5, 9):
            async with consumer(
                nowhere, store, after=Position(handled), epochs=epochs
            ) as subscription:
                with pytest.raises(EpochBegan, match="set its checkpoint to 3"):
                    await anext(subscription)
        async with consumer(nowhere, store, after=Position(3), epochs=epochs) as subscription:
            assert len((await anext(subscription)).events) == 6
        # It is in that epoch now.
        async with consumer(nowhere, store, after=Position(5), epochs=epochs) as subscription:
            assert len((await anext(subscription)).events) == 4
