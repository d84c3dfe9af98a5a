"""The full-text index takes every event that the store takes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.event import RecordedEvent
from projector.errors import ProjectionFailed
from projector.parking import Cause
from projector.postgres import PostgresReadModel
from projector.projections.event_search import EventSearch, search
from projector.projections.stream_totals import StreamTotals
from tests.support.recorded import recorded

pytestmark = pytest.mark.stack

LARGEST = 983_040
"""Bytes of an event's data that the store takes."""


@pytest.mark.parametrize(
    "words",
    [
        " ".join(f"{number:x}" for number in range(1_000_003, 1_000_003 + 110_000 * 7919, 7919)),
        " ".join(map(chr, range(0x20000, 0x2A6DF))) * 4,  # of four bytes each
        "x" * (LARGEST - 2),
    ],
    ids=["many words", "long characters", "one word"],
)
async def test_the_largest_events_are_indexed(postgres_url: str, words: str) -> None:
    data = f"needle {words}"
    data = data.encode()[: LARGEST - 2].decode(errors="ignore")
    async with PostgresReadModel.open(postgres_url, EventSearch()) as model:
        await model.prepare()
        event = msgspec.structs.replace(recorded(1), data=data)
        await model.commit([event], await model.checkpoint())
        async with model.transaction() as connection:
            assert await search(connection, "needle Counted") == [1]


class Indiscreet(StreamTotals):
    """Fails with what an event says among a statement's parameters."""

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        await connection.execute(
            sa.text("SELECT 1 / (length(:said) - length(:said))"), events[0].data
        )


async def test_an_error_does_not_say_what_the_event_said(postgres_url: str) -> None:
    event = msgspec.structs.replace(recorded(1), data={"said": "a secret"})
    async with PostgresReadModel.open(postgres_url, Indiscreet()) as model:
        await model.prepare()
        with pytest.raises(ProjectionFailed, match="division by zero") as failed:
            await model.commit([event], await model.checkpoint())
    kept = Cause.of(failed.value)
    assert "secret" not in f"{failed.value} {kept.error} {kept.traceback}"
