from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import (
    CheckpointConflict,
    ConfigError,
    ProjectionFailed,
    ReadModelUnavailable,
)
from projector.memory import MemoryReadModel
from projector.postgres import PostgresReadModel
from projector.projections.stream_totals import StreamTotals, applied_events, fold, read_totals
from tests.support.projecting import assert_each_was_applied_once
from tests.support.recorded import log
from verification.cluster.postgres import PostgresServer


def at(position: int, *, projection: str = "stream-totals", generation: int = 1) -> Checkpoint:
    return Checkpoint(projection=projection, generation=generation, position=Position(position))


class Second(StreamTotals):
    generation = 2


class Failing(StreamTotals):
    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        await super().apply(connection, events)
        raise LookupError("no such thing")


class Dying(StreamTotals):
    """Ends its own connection, as an administrator or a crash would."""

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        await super().apply(connection, events)
        await connection.execute(sa.text("select pg_terminate_backend(pg_backend_pid())"))


class Impossible(StreamTotals):
    name = "impossible"
    tables = sa.MetaData()


sa.Table("impossible", Impossible.tables, sa.Column("n", sa.Integer, server_default="no number"))


@pytest.mark.stack
async def test_tables_that_cannot_be_made_are_no_fault_of_the_server(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, Impossible()) as model:
        with pytest.raises(ConfigError, match=r"'impossible' cannot be made: .*no number"):
            await model.prepare()


@pytest.mark.stack
async def test_changes_and_checkpoint_are_stored_together(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, StreamTotals()) as model:
        assert await model.checkpoint() == at(0), "before it is prepared"
        await model.prepare()
        assert await model.checkpoint() == at(0)
        assert await model.commit(log(7), at(0)) == at(7)
        assert await model.commit(log(9)[7:], at(7)) == at(9)
        assert await model.checkpoint() == at(9)
    await assert_each_was_applied_once(postgres_url, log(9))


@pytest.mark.stack
@pytest.mark.parametrize("claimed", [0, 2, 4, 7])
async def test_a_checkpoint_elsewhere_stores_nothing(postgres_url: str, claimed: int) -> None:
    async with PostgresReadModel.open(postgres_url, StreamTotals()) as model:
        await model.prepare()
        await model.commit(log(3), at(0))
        with pytest.raises(CheckpointConflict, match="another projector"):
            await model.commit(log(claimed + 2)[claimed:], at(claimed))
        assert await model.checkpoint() == at(3)
    await assert_each_was_applied_once(postgres_url, log(3))


@pytest.mark.stack
async def test_of_two_that_commit_the_same_at_once_one_does(postgres_url: str) -> None:
    async with (
        PostgresReadModel.open(postgres_url, StreamTotals()) as one,
        PostgresReadModel.open(postgres_url, StreamTotals()) as other,
    ):
        await asyncio.gather(one.prepare(), other.prepare())
        for position in range(10):
            events = log(position + 1)[position:]
            results = await asyncio.gather(
                *(model.commit(events, at(position)) for model in (one, other)),
                return_exceptions=True,
            )
            assert sorted(type(result).__name__ for result in results) == [
                "Checkpoint",
                "CheckpointConflict",
            ]
    await assert_each_was_applied_once(postgres_url, log(10))


@pytest.mark.stack
async def test_a_projection_that_raises_stores_nothing(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, Failing()) as model:
        await model.prepare()
        with pytest.raises(ProjectionFailed, match=r"positions 1 to 3: LookupError: no such"):
            await model.commit(log(3), at(0))
        assert await model.checkpoint() == at(0)
    await assert_each_was_applied_once(postgres_url, [])


class Leaving(StreamTotals):
    """Raises what usually ends a process or a task, for every event."""

    def __init__(self, raised: BaseException) -> None:
        self._raised = raised

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        await super().apply(connection, events)
        raise self._raised


@pytest.mark.stack
@pytest.mark.parametrize(
    "raised", [SystemExit(0), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr
)
async def test_a_projection_that_would_end_the_process_has_failed(
    postgres_url: str, raised: BaseException
) -> None:
    async with PostgresReadModel.open(postgres_url, Leaving(raised)) as model:
        await model.prepare()
        with pytest.raises(ProjectionFailed, match=f"positions 1 to 3: {type(raised).__name__}"):
            await model.commit(log(3), at(0))
        assert await model.checkpoint() == at(0)
    await assert_each_was_applied_once(postgres_url, [])


@pytest.mark.stack
async def test_who_cancels_a_commit_is_obeyed(postgres_url: str) -> None:
    class Waiting(StreamTotals):
        async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
            await super().apply(connection, events)
            began.set()
            await asyncio.Event().wait()

    began = asyncio.Event()
    async with PostgresReadModel.open(postgres_url, Waiting()) as model:
        await model.prepare()
        commit = asyncio.create_task(model.commit(log(3), at(0)))
        await began.wait()
        commit.cancel()
        with pytest.raises(asyncio.CancelledError):
            await commit
        assert await model.checkpoint() == at(0)


@pytest.mark.stack
async def test_a_connection_that_dies_in_a_projection_is_not_its_failure(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, Dying()) as model:
        await model.prepare()
        with pytest.raises(ReadModelUnavailable, match="no answer from the read model"):
            await model.commit(log(3), at(0))
        assert await model.checkpoint() == at(0), "the pool makes another connection"
    await assert_each_was_applied_once(postgres_url, [])


@pytest.mark.stack
async def test_generations_have_checkpoints_of_their_own(postgres_url: str) -> None:
    async with (
        PostgresReadModel.open(postgres_url, StreamTotals()) as first,
        PostgresReadModel.open(postgres_url, Second()) as second,
    ):
        await first.prepare()
        await second.prepare()
        await first.commit(log(3), at(0))
        assert await second.checkpoint() == at(0, generation=2)


@pytest.mark.stack
async def test_a_server_that_is_gone_is_said_without_the_password(
    killable_postgres: PostgresServer,
) -> None:
    password = killable_postgres.url.partition("//postgres:")[2].partition("@")[0]
    async with PostgresReadModel.open(
        killable_postgres.url, StreamTotals(), timeout_seconds=1
    ) as model:
        await model.prepare()
        await killable_postgres.pause()
        with pytest.raises(ReadModelUnavailable) as paused:
            await model.commit(log(3), at(0))
        await killable_postgres.resume()
        await killable_postgres.kill()
        with pytest.raises(ReadModelUnavailable) as killed:
            await model.commit(log(3), at(0))
        await killable_postgres.start()
        assert await model.checkpoint() in (at(0), at(3)), "what timed out may be stored"
    for error in (paused, killed):
        assert password
        assert password not in str(error.value)
        assert "127.0.0.1" in str(error.value)


@pytest.mark.stack
async def test_applying_twice_shows(postgres_url: str) -> None:
    async with PostgresReadModel.open(postgres_url, StreamTotals()) as model:
        await model.prepare()
        async with model.transaction() as connection:
            await model.apply(connection, log(3))
            await model.apply(connection, log(3)[2:])
            rows = await connection.execute(
                sa.select(applied_events.c.position).order_by(applied_events.c.serial)
            )
            assert list(rows.scalars()) == [1, 2, 3, 3]
            assert await read_totals(connection) == fold([*log(3), *log(3)[2:]])
            assert await read_totals(connection) != fold(log(3))


async def test_the_read_model_in_memory_keeps_the_same_contract() -> None:
    model = MemoryReadModel("stream-totals")
    assert await model.commit(log(3), at(0)) == at(3)
    with pytest.raises(CheckpointConflict):
        await model.commit(log(3), at(0))
    assert await model.checkpoint() == at(3)
    assert model.applied == log(3)


async def test_a_failure_in_memory_stores_nothing() -> None:
    def fail(_: Sequence[RecordedEvent]) -> None:
        raise LookupError("no such thing")

    model = MemoryReadModel("stream-totals", apply=fail)
    with pytest.raises(ProjectionFailed, match="no such thing"):
        await model.commit(log(3), at(0))
    assert model.applied == []
    assert await model.checkpoint() == at(0)
